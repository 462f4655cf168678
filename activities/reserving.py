"""Reserving money for a case and letting it go again; the check and the reservation are one transaction (rule 7)."""

from __future__ import annotations

from activities import ledger
from activities.amounts import Grant, amounts_of, holds_shipping, items_of, shares_of
from activities.casefile import GONE, OPEN, CaseFile
from activities.ports import LegRow, Order
from activities.types import Leg
from aftersales.contract.values import CaseStatus, LegState, Money, WaitsFor
from domain.errors import AmountRefused
from domain.promotions import PromotionChoice

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
    shares = shares_of(order, amounts_of(order, grant, promotion_choice(file)).total)
    await hold(file, order, grant)
    first = 1 + max((row.leg.leg for row in file.legs), default=0)
    for number, (tender, amount) in enumerate(shares, start=first):
        row = LegRow(
            number=file.row.number,
            order_id=order.order_id,
            tender_id=tender.tender_id,
            reference=tender.reference,
            leg=_leg(file, number, attempt=1, provider=tender.provider, amount=amount),
        )
        await _reserve_leg(file, row)


def promotion_choice(file: CaseFile) -> PromotionChoice:
    """What the policy said at the assessment of a promotion that the refund breaks; a reviewer's grant follows it."""
    verdict = file.row.verdict
    return PromotionChoice(verdict.promotion) if verdict and verdict.promotion else PromotionChoice.KEEP


async def reserve_again(file: CaseFile, order: Order) -> None:
    """A new attempt, with a number of its own, of each leg that failed for good.

    Raises AmountRefused if a payment has no longer that much left.
    """
    failed = [row for row in file.present_legs() if row.leg.state in GONE]
    _refuse_over_captured(order, failed)
    for row in failed:
        old = row.leg
        leg = _leg(file, old.leg, attempt=old.attempt + 1, provider=old.provider, amount=old.amount)
        await _reserve_leg(file, row.model_copy(update={"leg": leg, "key_try": 1, "sent_at": None, "released": False}))


async def release_leg(file: CaseFile, row: LegRow, state: LegState, failure_code: str) -> None:
    """Give a leg's reservation back: certainly not executed, or undone by the provider."""
    await file.change_leg(row, released=True, state=state, failure_code=failure_code)
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
    """The leg is paid, or may be, under this number: no other may be sent that was not sent yet."""
    for other in [each for each in file.legs if each.leg.leg == row.leg.leg and each.leg.state in OPEN]:
        if other.leg.attempt != row.leg.attempt and _stands_still(other):
            await release_leg(file, other, LegState.FAILED, OTHER_NUMBER)


def nothing_moves(legs: list[LegRow]) -> bool:
    """Whether no leg was executed or could still be: a request without an answer may be under way."""
    return all(_stands_still(row) for row in legs)


def _stands_still(row: LegRow) -> bool:
    never_sent = row.leg.state is LegState.RESERVED and row.sent_at is None
    return never_sent or row.leg.state is LegState.BLOCKED or row.leg.state in GONE


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
