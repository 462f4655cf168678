"""What an order gives back for what is asked, from its frozen shares and within what is left of it (P3.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from activities.rows import Order
from activities.rows import Tender as PaidTender
from aftersales.contract.messages import Item
from aftersales.contract.values import AmountKind, BreakDown, Money
from domain.allocation import FrozenOrder
from domain.breakdown import NoteCode, taken_by
from domain.errors import PromotionOutweighs
from domain.promotions import PromotionChoice
from domain.rails import GIFT_CARD, STORE_CREDIT, Rail
from domain.refunds import Deduction, RefundAsked, UnitsAsked, break_down
from domain.tenders import Tender, TenderKind, TenderOrder, TenderShare, plan_tenders, refuse_over

WHOLE_BP = 10_000
"""All of something, in hundredths of a per cent."""

_STORED_VALUE = {STORE_CREDIT: TenderKind.STORE_CREDIT, GIFT_CARD: TenderKind.GIFT_CARD}


class Grant(NamedTuple):
    """What is to be given: units, or less than their worth by `amount`, which then leaves shipping out.

    `fee_bp`: what is kept of the goods as a restocking fee, in hundredths of a per cent (rule 5); never of an
    amount that was asked for or approved as such.
    """

    items: tuple[Item, ...]
    amount: Money | None = None
    shipping: bool = False
    fee_bp: int = 0


class TenderPlan(NamedTuple):
    """How the payments of an order are chosen from: by the policy's order, with what each provider still takes."""

    rails: Mapping[str, Rail]
    now: datetime
    order: TenderOrder = TenderOrder.STORED_VALUE_FIRST

    def closes(self, order: Order, tender: PaidTender, amount: Money) -> bool:
        """Whether the payment cannot be given back by the way it came."""
        rail = self.rails.get(tender.provider)
        return rail is not None and bool(
            rail.closed_to(amount, bought_at=order.bought_at, now=self.now, parts=tender.parts)
        )


def amounts_of(order: Order, grant: Grant, promotion: PromotionChoice = PromotionChoice.KEEP) -> BreakDown:
    """Line by line what the grant comes to, `promotion` being what the policy says of one that it breaks.

    Raises AmountRefused, with the largest amount there is, for zero and for more than the units are worth or the
    order's payments have left (rules 7 and 9); PromotionOutweighs; CurrencyMixed, LineUnknown, QuantityRefused.
    """
    frozen = FrozenOrder(
        currency=order.currency,
        lines=tuple(line.frozen for line in order.lines),
        shipping=order.shipping,
        promotion=order.promotion,
    )
    units = tuple(UnitsAsked(line_id=item.line_id, quantity=item.quantity) for item in grant.items)
    shipping = grant.shipping and grant.amount is None and not order.shipping_taken
    asked = RefundAsked(units=units, promotion=promotion, whole_shipping=shipping)
    asked = asked.model_copy(update={"deductions": _restocking_fee(frozen, order, asked, grant)})
    whole = break_down(frozen, order.taken, asked)
    if whole.total.minor == 0 and clawed_back_minor(whole):
        raise PromotionOutweighs(clawed_back_minor(whole), order.currency)
    left_minor = sum(tender.left_minor for tender in _tenders(order))
    largest = Money(minor=min(whole.total.minor, left_minor), currency=order.currency)
    refuse_over(grant.amount or whole.total, largest)
    if grant.amount is None:
        return whole
    return break_down(frozen, order.taken, asked.model_copy(update={"amount": grant.amount}))


def _restocking_fee(frozen: FrozenOrder, order: Order, asked: RefundAsked, grant: Grant) -> tuple[Deduction, ...]:
    """Of what the goods alone give back, tax and discount included, rounded down in the buyer's favour."""
    if not grant.fee_bp or grant.amount is not None:
        return ()
    goods = break_down(frozen, order.taken, asked.model_copy(update={"whole_shipping": False}))
    fee_minor = max(goods.total.minor, 0) * grant.fee_bp // WHOLE_BP
    return (Deduction(note=NoteCode.RESTOCKING_FEE, amount_minor=fee_minor),) if fee_minor else ()


def clawed_back_minor(amounts: BreakDown | None) -> int:
    """What the refund takes back of a promotion that it breaks, in minor units; never below zero."""
    return max(taken_by([amounts]).clawed_back_minor, 0) if amounts else 0


def holds_shipping(amounts: BreakDown | None) -> bool:
    """Whether shipping is paid back with it."""
    return amounts is not None and any(line.kind is AmountKind.SHIPPING for line in amounts.lines)


def items_of(amounts: BreakDown) -> tuple[Item, ...]:
    """The units that a break-down gives back; those of one line may stand in several of its lines."""
    units: Counter[str] = Counter()
    for line in amounts.lines:
        if line.line_id and line.quantity:
            units[line.line_id] += line.quantity
    return tuple(Item(line_id=line_id, quantity=quantity) for line_id, quantity in units.items())


def shares_of(order: Order, total: Money, plan: TenderPlan) -> tuple[tuple[PaidTender, Money], ...]:
    """Which payments give back how much: by rule stored value first, each within what it has left (rule 8).

    Raises AmountRefused.
    """
    paid = {tender.tender_id: tender for tender in order.tenders}
    closed = frozenset(tender.tender_id for tender in order.tenders if plan.closes(order, tender, total))
    shares: tuple[TenderShare, ...] = plan_tenders(total, _tenders(order, closed), plan.order)
    return tuple((paid[share.tender_id], share.amount) for share in shares)


def _tenders(order: Order, closed: frozenset[str] = frozenset()) -> list[Tender]:
    return [
        Tender(
            tender_id=tender.tender_id,
            kind=_STORED_VALUE.get(tender.provider, TenderKind.CHARGED),
            captured_minor=tender.captured_minor,
            taken_minor=tender.taken_minor,
            closed=tender.tender_id in closed,
        )
        for tender in order.tenders
    ]
