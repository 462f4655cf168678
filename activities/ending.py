"""Ends that no message brings: a wait that ran out, and the closing of a case."""

from __future__ import annotations

from activities.casefile import FINANCE, CaseFile
from activities.ports import Unit
from activities.reserving import release_all
from activities.sentences import sentence
from activities.types import Elapse, StepResult
from aftersales.contract.values import CaseStatus, WaitsFor

EXPIRED = "expired"
CLOSED = "closed"
_WAITS_FOR_THE_CUSTOMER = frozenset({CaseStatus.NEEDS_EVIDENCE, CaseStatus.AWAITING_CUSTOMER})


async def end(unit: Unit, step: Elapse) -> StepResult:
    """Expire a case that still waits for its customer, give finance a payment for which the customer named no
    destination, or close a case for good; else it stays as it is.

    Raises AftersalesError(case_unknown), ValueError for any other end.
    """
    file = await CaseFile.open(unit, step)
    match step.what:
        case "expired":
            await _expire(file)
        case "no_destination":
            await _give_the_payment_to_finance(file)
        case "closed":
            file.change(closed_at=step.now, due_at=None)
            file.note(CLOSED, after=file.row.status.value)
        case _:
            raise ValueError(f"a wait ends as expired, no_destination or closed, not as {step.what!r}")
    return await file.close()


async def _give_the_payment_to_finance(file: CaseFile) -> None:
    """The money stays owed; finance finds another way to the customer."""
    row = file.row
    if row.status is CaseStatus.PAYMENT_FAILED and row.waits_for is WaitsFor.CUSTOMER:
        file.note("no_destination", before=row.waits_for.value, after=WaitsFor.FINANCE.value)
        file.change(waits_for=WaitsFor.FINANCE, assignee=FINANCE, due_at=None)


async def _expire(file: CaseFile) -> None:
    if file.row.status in _WAITS_FOR_THE_CUSTOMER:
        await release_all(file, EXPIRED)
        file.move(CaseStatus.EXPIRED, reason_code=EXPIRED, explanation=sentence(EXPIRED, file.language))
