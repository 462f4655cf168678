"""Reserving money for a case and letting it go again; the check and the reservation are one transaction (rule 7)."""

from __future__ import annotations

from typing import NamedTuple

from activities import ledger
from activities.amounts import Grant, TenderPlan, amounts_of, holds_shipping, items_of, shares_of
from activities.casefile import GONE, OPEN, CaseFile
from activities.rows import HandPaymentState, LegRow, Order
from activities.types import Leg
from aftersales.contract.values import CaseStatus, LegState, Money, Movement, WaitsFor
from domain.errors import AmountRefused
from domain.promotions import PromotionChoice
from domain.rails import BY_HAND
from domain.tenders import TenderOrder

OTHER_NUMBER = "moves_under_another_number"


async def hold(file: CaseFile, order: Order, grant: Grant) -> None:
    """Keep the units from other cases and write the proposed amounts down; no money yet.

    Raises the refusals of `amounts_of` before anything is written.
    """
    amounts = amounts_of(order, grant, promotion_choice(file))
    await file.unit.hold_units(file.row.number, order.order_id, grant.items, holds_shipping(amounts))
    file.change(break_down=amounts, amount=amounts.total)


async def reserve(file: CaseFile, order: Order, grant: Grant) -> None:
    """Hold the units, and reserve and number each payment's share; then the case is paying.

    Raises the refusals of `amounts_of` before anything is written.
    """
    total = amounts_of(order, grant, promotion_choice(file)).total
    shares = shares_of(order, total, TenderPlan(file.ways.rails, file.now, tender_order(file)))
    await hold(file, order, grant)
    first = 1 + max((row.leg.leg for row in file.legs), default=0)
    for number, (tender, amount) in enumerate(shares, start=first):
        row = LegRow(
            number=file.row.number,
            order_id=order.order_id,
            tender_id=tender.tender_id,
            reference=tender.reference,
            captured_minor=tender.captured_minor,
            leg=_leg(file, number, attempt=1, provider=file.ways.refunder(tender.provider), amount=amount),
        )
        await _reserve_leg(file, row)


def as_asked(file: CaseFile) -> Grant:
    """What the application asks for, on the terms that the policy set at its assessment: shipping and fee (P3.1)."""
    application, verdict = file.row.start.application, file.row.verdict
    fee_bp = verdict.restocking_fee_bp if verdict else 0
    return Grant(application.items, application.amount, shipping=holds_shipping(file.row.break_down), fee_bp=fee_bp)


def promotion_choice(file: CaseFile) -> PromotionChoice:
    """What the policy said at the assessment of a promotion that the refund breaks; a reviewer's grant follows it."""
    verdict = file.row.verdict
    return PromotionChoice(verdict.promotion) if verdict and verdict.promotion else PromotionChoice.KEEP


def tender_order(file: CaseFile) -> TenderOrder:
    """What the policy said of the order in which payments are given back (rule 8)."""
    verdict = file.row.verdict
    return TenderOrder(verdict.tender_order) if verdict and verdict.tender_order else TenderOrder.STORED_VALUE_FIRST


class Way(NamedTuple):
    """Where a new attempt goes: `payee` is the destination's token, `destination` how it is shown."""

    provider: str
    movement: Movement
    payee: str = ""
    destination: str = ""


async def reserve_again(file: CaseFile, order: Order, failed: list[LegRow], way: Way | None = None) -> None:
    """A new attempt, with a number of its own, of each of these legs, which failed for good; the old way or another.

    Raises AmountRefused if a payment has no longer that much left.
    """
    _refuse_over_captured(order, failed)
    for row in failed:
        old = row.leg
        taken = way or Way(file.ways.refunder(old.provider), old.movement, row.payee, old.destination)
        leg = _leg(file, old.leg, attempt=old.attempt + 1, provider=taken.provider, amount=old.amount)
        leg = leg.model_copy(update={"movement": taken.movement, "destination": taken.destination})
        again = {"leg": leg, "key_try": 1, "sent_at": None, "released": False, "payee": taken.payee}
        await _reserve_leg(file, row.model_copy(update=again))


def failed_legs(file: CaseFile) -> list[LegRow]:
    """Legs whose money is not with the customer and will not come by the number that it was tried by."""
    return [row for row in file.present_legs() if row.leg.state in GONE]


async def give_up(file: CaseFile) -> None:
    """What has failed is settled by a person's word: no other destination is asked for it any more."""
    for row in stranded_legs(file):
        await file.change_leg(row, {"elsewhere": False})


def stranded_legs(file: CaseFile) -> list[LegRow]:
    """Failed legs that another destination would help."""
    return [row for row in failed_legs(file) if row.leg.elsewhere]


async def release_leg(
    file: CaseFile, row: LegRow, state: LegState, failure_code: str, *, elsewhere: bool = False
) -> None:
    """Give a leg's reservation back: certainly not executed, or undone by the provider."""
    gone = {"state": state, "failure_code": failure_code, "elsewhere": elsewhere, "expected_by": None}
    await file.change_leg(row, gone, released=True)
    owed_again = row.released and row.leg.state is LegState.SUCCEEDED
    await file.unit.post((ledger.released_again if owed_again else ledger.released)(row, file.now))


async def release_all(file: CaseFile, why: str) -> None:
    """Units and every reservation; only for a case of which `nothing_moves`."""
    for row in [row for row in file.legs if row.leg.state in OPEN]:
        await release_leg(file, row, LegState.FAILED, why)
    await file.unit.release_units(file.row.number)


async def hold_again(file: CaseFile) -> bool:
    """Keep the units that the case was granted and had let go of, or leave them all if others have some of them."""
    amounts, order_id = file.row.break_down, file.row.start.application.order_id
    order = await file.unit.order(order_id, besides=file.row.number)
    if amounts is None or order is None:
        return False
    items, shipping = items_of(amounts), holds_shipping(amounts)
    free = {line.line_id: line.quantity - line.taken_units for line in order.lines}
    if any(item.quantity > free.get(item.line_id, 0) for item in items) or (shipping and order.shipping_taken):
        return False
    await file.unit.hold_units(file.row.number, order_id, items, shipping)
    return True


async def release_others(file: CaseFile, row: LegRow) -> None:
    """The leg is paid, or may be, under this number: no other may be sent that was not sent yet, nor paid by hand if
    nobody has said so far that they did."""
    for other in [each for each in file.legs if each.leg.leg == row.leg.leg and each.leg.state in OPEN]:
        if other.leg.attempt == row.leg.attempt:
            continue
        if _stands_still(other) or await _is_to_be_paid_by_hand(file, other):
            await release_leg(file, other, LegState.FAILED, OTHER_NUMBER)


def nothing_moves(legs: list[LegRow]) -> bool:
    """Whether no leg was executed or could still be: a request without an answer may be under way."""
    return all(_stands_still(row) for row in legs)


def _stands_still(row: LegRow) -> bool:
    never_sent = row.leg.state is LegState.RESERVED and row.sent_at is None
    return never_sent or row.leg.state is LegState.BLOCKED or row.leg.state in GONE


async def _is_to_be_paid_by_hand(file: CaseFile, row: LegRow) -> bool:
    if row.leg.provider != BY_HAND:
        return False
    payment = await file.unit.hand_payment(row.leg.provider_number)
    return payment is not None and payment.state is HandPaymentState.TO_PAY


async def _reserve_leg(file: CaseFile, row: LegRow) -> None:
    await file.add_leg(row)
    await file.unit.post(ledger.approved(row, file.now))


def _leg(file: CaseFile, number: int, *, attempt: int, provider: str, amount: Money) -> Leg:
    return Leg(
        leg=number,
        attempt=attempt,
        provider=provider,
        provider_number=f"{file.row.number}-{number}-{attempt}",
        amount=amount,
    )


def _refuse_over_captured(order: Order, again: list[LegRow]) -> None:
    for tender in order.tenders:
        asked = sum(row.leg.amount.minor for row in again if row.tender_id == tender.tender_id)
        left = max(tender.captured_minor - tender.taken_minor, 0)
        if asked > left:
            raise AmountRefused(asked, left, order.currency)


def start_paying(file: CaseFile, *, reason_code: str, explanation: str = "") -> None:
    file.move(CaseStatus.PAYING, WaitsFor.PROVIDER, reason_code=reason_code, explanation=explanation)
