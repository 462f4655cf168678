"""Writing down what became of a leg: its state, the ledger, and where the case stands by its legs (P3.3).

A provider's final word counts once. What contradicts it later is recorded and changes nothing, but for a reversal,
and for money that moved after all, or is about to under a number that had failed: the ledger follows the provider,
and no other number of that leg is sent any more.
"""

from __future__ import annotations

from typing import Final

from activities import ledger
from activities.astray import before, look_for_trouble
from activities.casefile import ANY_WAY, FINANCE, OPEN, CaseFile
from activities.ports import Unit
from activities.reserving import release_leg, release_others, stranded_legs
from activities.rows import LegRow
from activities.types import CHARGEBACK_LOST, OutcomeKind, PaymentOutcome, RecordPayment, StepResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import CaseStatus, ErrorCode, LegState, WaitsFor
from domain.chargebacks import ChargebackState
from domain.rails import BY_HAND, Ways

_STILL_OPEN: Final = {
    OutcomeKind.PENDING: LegState.PENDING,
    OutcomeKind.UNKNOWN: LegState.CONFIRMING,
    OutcomeKind.CONFLICT: LegState.CONFIRMING,
    OutcomeKind.NOT_FOUND: LegState.CONFIRMING,
    OutcomeKind.RETRY_SAME: LegState.RESERVED,
    OutcomeKind.NEEDS_MERCHANT: LegState.BLOCKED,
}
_DISPUTED_AS: Final = {
    ChargebackState.OPEN: ErrorCode.CHARGEBACK_OPEN.value,
    ChargebackState.LOST: CHARGEBACK_LOST,
}
_MAY_BE_UNDER_WAY: Final = (LegState.SUBMITTING, LegState.CONFIRMING, LegState.PENDING)
_BY_THE_LEGS: Final = frozenset(
    {
        CaseStatus.PAYING,
        CaseStatus.PAYMENT_FAILED,
        CaseStatus.REFUNDED,
        CaseStatus.PARTLY_REFUNDED,
    }
)
"""Statuses that follow from the legs; any other was a person's word and stays."""


async def record_payment(unit: Unit, step: RecordPayment, ways: Ways = ANY_WAY) -> StepResult:
    """Raises AftersalesError: case_unknown, step_conflict (no such leg was ever reserved)."""
    file = await CaseFile.open(unit, step, ways)
    row = find_leg(file.legs, step.leg, step.attempt)
    was, stood = before(file), _present_states(file)
    changed = await _record(file, row, step.outcome)
    file.note(
        "payment" if changed else "payment_news_ignored",
        before=row.leg.state.value,
        after=find_leg(file.legs, step.leg, step.attempt).leg.state.value,
        reason=step.outcome.code,
        facts={"provider_number": row.leg.provider_number, **step.outcome.model_dump(mode="json")},
    )
    alarm = False
    if changed:
        if _present_states(file) != stood:
            _follow_the_legs(file)
        if step.outcome.kind is OutcomeKind.NEEDS_MERCHANT and file.row.status is CaseStatus.PAYING:
            file.move(CaseStatus.PAYING, WaitsFor.FINANCE, assignee=FINANCE)
        alarm = await look_for_trouble(file, was, step.leg, step.outcome)
    result = await file.close()
    return result.model_copy(update={"alarm": alarm})


def find_leg(legs: list[LegRow], leg: int, attempt: int) -> LegRow:
    """Raises AftersalesError(step_conflict)."""
    for row in legs:
        if (row.leg.leg, row.leg.attempt) == (leg, attempt):
            return row
    raise AftersalesError(
        ErrorCode.STEP_CONFLICT,
        f"Leg {leg}, attempt {attempt}, was never reserved; the case's history and its database do not "
        "belong together.",
    )


async def _record(file: CaseFile, row: LegRow, outcome: PaymentOutcome) -> bool:
    """Whether the outcome was news."""
    state = row.leg.state
    match outcome.kind:
        case OutcomeKind.SUCCEEDED if state is not LegState.SUCCEEDED and state is not LegState.REVERSED:
            await _succeed(file, row, outcome)
        case OutcomeKind.REVERSED if state is LegState.SUCCEEDED:
            await file.unit.post(ledger.paid_back(row, file.now))
            if _paid_otherwise(file, row):
                await file.unit.post(ledger.overpayment_returned(row, file.now))
            await _give_back(file, row, LegState.REVERSED, outcome)
        case OutcomeKind.REVERSED if state in OPEN:
            await _give_back(file, row, LegState.REVERSED, outcome)
        case OutcomeKind.REJECTED | OutcomeKind.NEEDS_PAYEE if state in OPEN:
            await _give_back(file, row, LegState.FAILED, outcome)
        case OutcomeKind.PENDING if state is LegState.FAILED:
            await _stay_open(file, row, outcome)
            await release_others(file, row)
        case kind if state in OPEN and kind in _STILL_OPEN:
            await _stay_open(file, row, outcome)
        case _:
            return False
    return True


async def _give_back(file: CaseFile, row: LegRow, state: LegState, outcome: PaymentOutcome) -> None:
    """Release the leg. Beside a chargeback no other destination would do, so the customer is asked for none (P6.1)."""
    code, elsewhere = outcome.code, outcome.elsewhere or outcome.kind is OutcomeKind.NEEDS_PAYEE
    dispute = await file.unit.chargeback(row.order_id) if elsewhere else None
    if dispute is not None:
        code, elsewhere = _DISPUTED_AS[dispute], False
    await release_leg(file, row, state, code, elsewhere=elsewhere)


async def _succeed(file: CaseFile, row: LegRow, outcome: PaymentOutcome) -> None:
    if row.released:
        await file.unit.post(ledger.owed_again(row, file.now))
    await file.unit.post(ledger.paid(row, file.now))
    if _paid_otherwise(file, row):
        await file.unit.post(ledger.overpaid(row, file.now))
    paid = {"state": LegState.SUCCEEDED, "failure_code": "", "elsewhere": False}
    await file.change_leg(row, paid | _traced(file, row, outcome))
    await release_others(file, row)


def _traced(file: CaseFile, row: LegRow, outcome: PaymentOutcome) -> dict[str, object]:
    """Where the money is, as far as the provider says or usually keeps (P3.3)."""
    leg = row.leg
    return {
        "provider_reference": outcome.provider_reference or leg.provider_reference,
        "trace": outcome.trace or leg.trace,
        "destination": leg.destination or outcome.destination,
        "expected_by": leg.expected_by or file.ways.expected_by(leg.provider, leg.movement, file.now),
    }


def _paid_otherwise(file: CaseFile, row: LegRow) -> bool:
    """Whether another number of the same leg has paid."""
    others = [each.leg for each in file.legs if each.leg.attempt != row.leg.attempt]
    return any(leg.leg == row.leg.leg and leg.state is LegState.SUCCEEDED for leg in others)


async def _stay_open(file: CaseFile, row: LegRow, outcome: PaymentOutcome) -> None:
    state = _STILL_OPEN[outcome.kind]
    if state is LegState.BLOCKED and row.leg.state in _MAY_BE_UNDER_WAY:
        state = LegState.CONFIRMING  # the merchant's trouble keeps us from asking; it undoes nothing
    traced = _traced(file, row, outcome)
    if state is not LegState.PENDING or row.leg.provider == BY_HAND:
        traced["expected_by"] = row.leg.expected_by  # nobody has taken it on yet
    await file.change_leg(row, {"state": state, "failure_code": outcome.code} | traced)


def _present_states(file: CaseFile) -> list[tuple[int, LegState]]:
    return [(row.leg.attempt, row.leg.state) for row in file.present_legs()]


def _follow_the_legs(file: CaseFile) -> None:
    states = {row.leg.state for row in file.present_legs()}
    if file.row.status is CaseStatus.REJECTED:
        _follow_what_was_given_up(file, states)
    elif file.row.status not in _BY_THE_LEGS:
        return
    elif LegState.BLOCKED in states or _being_paid_by_hand(file):
        file.move(CaseStatus.PAYING, WaitsFor.FINANCE, assignee=FINANCE)
    elif states & OPEN:
        file.move(CaseStatus.PAYING, WaitsFor.PROVIDER)
    elif states == {LegState.SUCCEEDED}:
        file.move(CaseStatus.REFUNDED)
    elif stranded_legs(file):
        due_in_s = file.row.timings.payout_window_s
        file.move(CaseStatus.PAYMENT_FAILED, WaitsFor.CUSTOMER, due_in_s=due_in_s)
    else:
        file.move(CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE, assignee=FINANCE)


def _being_paid_by_hand(file: CaseFile) -> bool:
    return any(row.leg.provider == BY_HAND and row.leg.state is LegState.PENDING for row in file.present_legs())


def _follow_what_was_given_up(file: CaseFile, states: set[LegState]) -> None:
    """A payment that was given up and moved after all: the case tells what the customer has."""
    if states == {LegState.SUCCEEDED}:
        file.move(CaseStatus.REFUNDED)
    elif LegState.SUCCEEDED in states:
        file.move(CaseStatus.PARTLY_REFUNDED)
