"""Freezing an order: every discount and tax is split over the units once (design: money, rule 2).

A line's tax is its net amount times the rate, rounded half up, and then split like a discount; so the
shares of a line add up to the tax the customer saw on it.
"""

from __future__ import annotations

from collections.abc import Callable

from domain.allocation import (
    WHOLE_BP,
    DraftLine,
    DraftShipping,
    FrozenLine,
    FrozenOrder,
    FrozenShipping,
    OrderDraft,
    Run,
    TaxMode,
)
from domain.currencies import exponent_of
from domain.errors import OrderInconsistent
from domain.money import LARGEST_MINOR, divide_half_up
from domain.remainders import Weights, allocate_runs

LineRuns = list[list[Run]]  # for each line of the order its runs
PutShare = Callable[[Run, int, int], Run]  # run, count, share of one unit


def freeze(draft: OrderDraft) -> FrozenOrder:
    """The stored form of an order. Raises `OrderInconsistent`, `CurrencyUnknown`.

    Refused: two lines with one id, discounts above the price, tax in an untaxed order, included tax above the
    price, an order worth more than `LARGEST_MINOR`, a stated total that does not come out.
    """
    exponent_of(draft.currency)
    _refuse_contradictions(draft)
    lines = [_with_own_discount(line, draft.tax_mode) for line in draft.lines]
    if draft.promotion is not None:
        lines = _discounted(lines, draft.promotion.discount_minor, _put_promotion)
    lines = _discounted(lines, _order_discount(draft, lines), _put_discount)
    frozen = FrozenOrder(
        currency=draft.currency,
        lines=tuple(_taxed(line, draft.tax_mode, runs) for line, runs in zip(draft.lines, lines, strict=True)),
        shipping=_frozen_shipping(draft.shipping),
        promotion=draft.promotion,
    )
    _refuse_other_total(draft, frozen)
    return frozen


def _refuse_contradictions(draft: OrderDraft) -> None:
    if len({line.line_id for line in draft.lines}) != len(draft.lines):
        raise OrderInconsistent("two lines have the same id")
    if draft.order_discount_minor and draft.order_discount_bp:
        raise OrderInconsistent("the order has both a discount amount and a discount percentage")
    if sum(line.quantity * line.unit_price_minor for line in draft.lines) > LARGEST_MINOR:
        raise OrderInconsistent(f"its goods are worth more than {LARGEST_MINOR} minor units")


def _refuse_other_total(draft: OrderDraft, frozen: FrozenOrder) -> None:
    if draft.paid_minor is not None and draft.paid_minor != frozen.paid.minor:
        raise OrderInconsistent(f"{draft.paid_minor} was stated as paid, but the lines add up to {frozen.paid.minor}")


def _with_own_discount(line: DraftLine, tax_mode: TaxMode) -> list[Run]:
    included = tax_mode is TaxMode.INCLUSIVE
    bought = Run(count=line.quantity, goods_minor=line.unit_price_minor, tax_included=included)
    return _discounted([[bought]], line.discount_minor, _put_discount)[0]


def _order_discount(draft: OrderDraft, lines: LineRuns) -> int:
    net_minor = sum(_net(runs) for runs in lines)
    return draft.order_discount_minor + divide_half_up(net_minor * draft.order_discount_bp, WHOLE_BP)


def _discounted(lines: LineRuns, discount_minor: int, put: PutShare) -> LineRuns:
    """A discount split over the units of all lines by what they cost so far."""
    if discount_minor > sum(_net(runs) for runs in lines):
        raise OrderInconsistent("its discounts exceed its price")
    return _spread(lines, discount_minor, put)


def _spread(lines: LineRuns, total_minor: int, put: PutShare) -> LineRuns:
    weights = [Weights(run.count, run.net_minor) for runs in lines for run in runs]
    split = iter(allocate_runs(total_minor, weights))
    return [[put(run, *shares) for run in runs for shares in next(split)] for runs in lines]


def _put_discount(run: Run, count: int, share_minor: int) -> Run:
    return run.model_copy(update={"count": count, "discount_minor": run.discount_minor + share_minor})


def _put_promotion(run: Run, count: int, share_minor: int) -> Run:
    return _put_discount(run, count, share_minor).model_copy(update={"promotion_minor": share_minor})


def _put_tax(run: Run, count: int, share_minor: int) -> Run:
    return run.model_copy(update={"count": count, "tax_minor": share_minor})


def _taxed(line: DraftLine, mode: TaxMode, runs: list[Run]) -> FrozenLine:
    tax_minor = _tax(_net(runs), mode, line)
    return FrozenLine(line_id=line.line_id, runs=tuple(_spread([runs], tax_minor, _put_tax)[0]))


def _tax(net_minor: int, mode: TaxMode, stated: DraftLine | DraftShipping) -> int:
    """The tax on or inside `net_minor`, rounded half up, unless the shop states it."""
    if mode is TaxMode.NONE:
        if stated.tax_bp or stated.tax_minor:
            raise OrderInconsistent("it states a tax where none applies")
        return 0
    if stated.tax_minor is None:
        base_bp = WHOLE_BP + (stated.tax_bp if mode is TaxMode.INCLUSIVE else 0)
        return divide_half_up(net_minor * stated.tax_bp, base_bp)
    if mode is TaxMode.INCLUSIVE and stated.tax_minor > net_minor:
        raise OrderInconsistent("the tax inside a price exceeds the price")
    return stated.tax_minor


def _frozen_shipping(shipping: DraftShipping | None) -> FrozenShipping | None:
    if shipping is None:
        return None
    return FrozenShipping(
        net_minor=shipping.price_minor,
        tax_minor=_tax(shipping.price_minor, shipping.tax_mode, shipping),
        tax_included=shipping.tax_mode is TaxMode.INCLUSIVE,
    )


def _net(runs: list[Run]) -> int:
    return sum(run.count * run.net_minor for run in runs)
