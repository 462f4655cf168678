"""Speaking to a case and hearing what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer
from aftersales.contract.values import ErrorCode
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.screen import say, words

if TYPE_CHECKING:
    from activities.rows import CaseRow


def tell(number: str, answer: Answer, next_step: str = "") -> None:
    """What a case answered, and what follows from its yes. Raises CommandError for a refusal, which it has recorded."""
    if not answer.accepted:
        code = f" ({answer.code.value})" if answer.code else ""
        raise CommandError(f"Case {number} refused{code}: {answer.sentence}")
    said = ("Accepted.", next_step, f"Case {number} is now {words(answer.status.value)}.", answer.sentence)
    say(" ".join(part for part in said if part))


async def stored_case(deployment: Deployment, number: str) -> CaseRow:
    """The case as the database has it. Raises AftersalesError(case_unknown)."""
    from storage.reading import Reading  # noqa: PLC0415 - loaded only where the case must be read first

    async with deployment.database() as engine:
        record = await Reading(engine).case(number)
    if record is None:
        raise AftersalesError(
            ErrorCode.CASE_UNKNOWN,
            f"There is no case {number} in the database. Check the number; a case that was just accepted is there "
            "as soon as a worker runs.",
        )
    return record.case
