"""What a refund gives back, line by line, from its order's frozen shares (P3.1; money, rules 3 to 6)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from aftersales.contract.values import AmountKind, AmountLine, BreakDown, Frozen, Money, OpaqueId
from domain.allocation import FrozenOrder, FrozenShipping, NotNegative, cut, worth_of
from domain.breakdown import NoteCode, Portion, Taken, amount_of
from domain.errors import NothingAsked, QuantityRefused
from domain.portions import free_portion, portion_of, units_portion
from domain.promotions import PromotionChoice, promotion_lines
from domain.tenders import refuse_over
from domain.units import Alike, alike, free_units

Asked = Annotated[int, Field(strict=True)]  # refused by rule 9 and not by shape: the answer names the largest


class UnitsAsked(Frozen):
    """So many units of a line: the first of those that are free."""

    line_id: OpaqueId
    quantity: Asked


class AmountAsked(Frozen):
    """A free amount inside a line, net of tax on top unless `with_tax`; no unit comes back (rule 4)."""

    line_id: OpaqueId
    amount_minor: Asked
    with_tax: bool = False


class Deduction(Frozen):
    """What is kept from the refund, and why (rule 5)."""

    note: NoteCode
    amount_minor: NotNegative
    line_id: OpaqueId | None = None


class RefundAsked(Frozen):
    """What a refund is asked for.

    `whole_shipping` gives back what is left of shipping; `shipping_minor`, which outranks it, an amount of it, net
    of tax on top. Whether shipping comes back at all is for policy to say. `amount` is what the whole refund is to
    come to when that is less than its parts: approved in part, or asked for less.
    """

    units: tuple[UnitsAsked, ...] = Field(default=(), max_length=1000)
    amounts: tuple[AmountAsked, ...] = Field(default=(), max_length=1000)
    whole_shipping: bool = False
    shipping_minor: Asked | None = None
    deductions: tuple[Deduction, ...] = Field(default=(), max_length=100)
    promotion: PromotionChoice = PromotionChoice.KEEP
    amount: Money | None = None


def break_down(order: FrozenOrder, taken: Taken, asked: RefundAsked) -> BreakDown:
    """The lines and the total of a refund; the total may be zero once deductions have eaten it.

    `taken` is what other refunds of the order were paid or hold. Raises `NothingAsked`, `LineUnknown`,
    `QuantityRefused`, `AmountRefused`, `CurrencyMixed`.
    """
    lines: list[AmountLine] = []
    for units in asked.units:
        lines += _unit_lines(order, taken.plus(lines), units)
    for amount in asked.amounts:
        lines += _amount_lines(order, taken.plus(lines), amount)
    goods_minor = amount_of(lines)
    lines += _shipping_lines(order, taken, asked)
    if not (lines or asked.whole_shipping):
        raise NothingAsked
    if asked.units:  # an amount alone takes nothing out of the basket and breaks no threshold
        before = taken.granted
        lines += promotion_lines(order, before, before.plus(lines), asked.promotion, at_most_minor=goods_minor)
    for deduction in asked.deductions:
        lines.append(_deduction_line(deduction, at_most_minor=amount_of(lines)))
    if asked.amount is not None:
        lines += _in_part(Money(minor=amount_of(lines), currency=order.currency), asked.amount)
    return BreakDown(lines=tuple(lines), total=Money(minor=amount_of(lines), currency=order.currency))


def refundable_quantity(
    announced: int, received_good: int, received_damaged: int = 0, *, damaged_counts: bool = False
) -> int:
    """How many units inspection lets through: what came back, never merely what was announced (P3.5).

    Units that came back damaged count only where the policy says so, usually with a deduction.
    """
    received = received_good + (received_damaged if damaged_counts else 0)
    return min(announced, received)


def _unit_lines(order: FrozenOrder, taken: Taken, asked: UnitsAsked) -> list[AmountLine]:
    """The frozen shares as they are, and lines of their own for what earlier amounts change about them."""
    line = order.line(asked.line_id)
    free = free_units(line, taken)
    quantity = sum(run.count for run in free)
    if not 0 < asked.quantity <= quantity:
        raise QuantityRefused(line.line_id, asked.quantity, quantity)
    units = cut(free, 0, asked.quantity)
    share = portion_of(worth_of(units))
    given = units_portion(
        share,
        units_left=portion_of(worth_of(free)),
        money_left=portion_of(line.worth()).less(taken.of_line(line.line_id)),
        closes=asked.quantity == quantity,
    )
    changed = given.less(share)
    return [
        *(stated for each in alike(units) for stated in _lines_alike(line.line_id, each)),
        *_line(AmountKind.GOODS, line.line_id, changed.net_minor, NoteCode.EARLIER_REFUNDS),
        *_line(AmountKind.TAX, line.line_id, changed.tax_minor, NoteCode.EARLIER_REFUNDS),
    ]


def _lines_alike(line_id: str, same: Alike) -> list[AmountLine]:
    goods = AmountLine(kind=AmountKind.GOODS, line_id=line_id, quantity=same.units, amount_minor=same.goods_minor)
    return [
        goods,
        *_line(AmountKind.DISCOUNT, line_id, -same.discount_minor),
        *_line(AmountKind.TAX, line_id, same.tax_minor),
    ]


def _amount_lines(order: FrozenOrder, taken: Taken, asked: AmountAsked) -> list[AmountLine]:
    line_id = asked.line_id
    paid = portion_of(order.line(line_id).worth())
    left = paid.less(taken.of_line(line_id))
    given = free_portion(paid, left, asked.amount_minor, with_tax=asked.with_tax, currency=order.currency)
    return [
        *_line(AmountKind.GOODS, line_id, given.net_minor, NoteCode.FREE_AMOUNT),
        *_line(AmountKind.TAX, line_id, given.tax_minor, NoteCode.FREE_AMOUNT),
    ]


def _shipping_lines(order: FrozenOrder, taken: Taken, asked: RefundAsked) -> list[AmountLine]:
    paid = _shipping_portion(order.shipping)
    given = paid.less(taken.of_shipping())
    if asked.shipping_minor is not None:
        given = free_portion(paid, given, asked.shipping_minor, with_tax=False, currency=order.currency)
    elif not asked.whole_shipping:
        return []
    return [
        *_line(AmountKind.SHIPPING, None, given.net_minor),
        *_line(AmountKind.TAX, None, given.tax_minor),
    ]


def _shipping_portion(shipping: FrozenShipping | None) -> Portion:
    return Portion(shipping.net_minor, shipping.tax_on_top_minor) if shipping else Portion(0, 0)


def _deduction_line(deduction: Deduction, at_most_minor: int) -> AmountLine:
    return AmountLine(
        kind=AmountKind.DEDUCTION,
        line_id=deduction.line_id,
        amount_minor=-min(deduction.amount_minor, at_most_minor),
        note=deduction.note,
    )


def _in_part(whole: Money, amount: Money) -> list[AmountLine]:
    refuse_over(amount, whole)
    return _line(AmountKind.DEDUCTION, None, amount.minor - whole.minor, NoteCode.APPROVED_IN_PART)


def _line(kind: AmountKind, line_id: str | None, amount_minor: int, note: str = "") -> list[AmountLine]:
    """One line, or none where there is nothing to say."""
    if amount_minor == 0:
        return []
    return [AmountLine(kind=kind, line_id=line_id, amount_minor=amount_minor, note=note)]
