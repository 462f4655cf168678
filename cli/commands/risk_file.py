"""Disputes from a file: a JSON object a line (`docs/risk.md`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from aftersales.contract.values import Money, OpaqueId
from cli.commands.errors import CommandError
from domain.chargebacks import Chargeback, ChargebackState

Id = Annotated[str, Field(pattern=r"^[!-~]{1,255}$")]


class DisputeStatement(BaseModel):
    """One line. `as_of`: when the provider said so; a later line of the same dispute outranks it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    dispute_id: Id
    payment_reference: Id
    order_id: OpaqueId | None = None
    state: ChargebackState
    amount: Money | None = None
    opened_at: AwareDatetime
    as_of: AwareDatetime

    def chargeback(self) -> Chargeback:
        """What it states, in our words."""
        closed_at = None if self.state is ChargebackState.OPEN else self.as_of
        return Chargeback(**dict(self) | {"order_id": self.order_id or "", "closed_at": closed_at})


def disputes_of(file: Path) -> tuple[Chargeback, ...]:
    """Raises CommandError, which names the line; for a file that holds none, too."""
    lines = file.read_bytes().splitlines()
    stated = tuple(_dispute(number, line) for number, line in enumerate(lines, start=1) if line.strip())
    if not stated:
        raise CommandError(f"{file} holds no dispute, so nothing was recorded; each is a JSON object on a line.")
    return stated


def _dispute(number: int, line: bytes) -> Chargeback:
    try:
        return DisputeStatement.model_validate_json(line).chargeback()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the line"
        raise CommandError(f"Line {number}: {place}: {first['msg']}. Nothing was recorded; mend it.") from error
