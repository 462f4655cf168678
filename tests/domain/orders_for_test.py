"""Orders that the tests of the rules share: a few named ones, and any order at all."""

from __future__ import annotations

from hypothesis import strategies as st

from aftersales.contract.values import BreakDown
from domain.allocation import DraftLine, DraftShipping, FrozenOrder, OrderDraft, TaxMode, ThresholdPromotion
from domain.breakdown import NOTHING_TAKEN, Taken, taken_by
from domain.freezing import freeze
from domain.refunds import RefundAsked, UnitsAsked, break_down

MODES = st.sampled_from(TaxMode)


def everything(order: FrozenOrder) -> RefundAsked:
    """A request for all units of all lines and for shipping."""
    units = tuple(UnitsAsked(line_id=line.line_id, quantity=line.quantity) for line in order.lines)
    return RefundAsked(units=units, whole_shipping=True)


def units_of(line_id: str, quantity: int) -> RefundAsked:
    return RefundAsked(units=(UnitsAsked(line_id=line_id, quantity=quantity),))


def given_back(order: FrozenOrder, asked: RefundAsked, taken: Taken = NOTHING_TAKEN) -> int:
    """The total of one refund, in minor units."""
    return break_down(order, taken, asked).total.minor


def in_turn(order: FrozenOrder, *asked: RefundAsked) -> list[BreakDown]:
    """One refund after the other, each knowing those before."""
    done: list[BreakDown] = []
    for each in asked:
        done.append(break_down(order, taken_by(done), each))
    return done


def taken_after(order: FrozenOrder, *asked: RefundAsked) -> Taken:
    """What those refunds, one after the other, take together."""
    return taken_by(in_turn(order, *asked))


def lines_said(refund: BreakDown) -> list[tuple[str, int, int, str]]:
    return [(line.kind.value, line.quantity, line.amount_minor, str(line.note)) for line in refund.lines]


def one_line(
    quantity: int, unit_price_minor: int, *, tax_bp: int = 0, order_discount_minor: int = 0, shipping_minor: int = 0
) -> FrozenOrder:
    return freeze(
        OrderDraft(
            currency="EUR",
            tax_mode=TaxMode.EXCLUSIVE if tax_bp else TaxMode.NONE,
            lines=(DraftLine(line_id="1", quantity=quantity, unit_price_minor=unit_price_minor, tax_bp=tax_bp),),
            order_discount_minor=order_discount_minor,
            shipping=DraftShipping(price_minor=shipping_minor) if shipping_minor else None,
        )
    )


def thirty_off_three_hundred(tax_bp: int = 0) -> FrozenOrder:
    """Three articles of 100, 100 and 120 yuan, and 30 off from 300 on."""
    prices = {"a": 10_000, "b": 10_000, "c": 12_000}
    return freeze(
        OrderDraft(
            currency="CNY",
            tax_mode=TaxMode.EXCLUSIVE if tax_bp else TaxMode.NONE,
            lines=tuple(
                DraftLine(line_id=line_id, quantity=1, unit_price_minor=price, tax_bp=tax_bp)
                for line_id, price in prices.items()
            ),
            promotion=ThresholdPromotion(threshold_minor=30_000, discount_minor=3_000),
        )
    )


@st.composite
def drafts(draw: st.DrawFn) -> OrderDraft:
    """Any consistent order: every kind of discount, every tax mode, free articles included."""
    mode = draw(MODES)
    lines = tuple(draw(_lines(str(number), mode)) for number in range(1, draw(st.integers(1, 4)) + 1))
    open_minor = sum(line.quantity * line.unit_price_minor - line.discount_minor for line in lines)
    promotion_minor = draw(st.integers(0, open_minor))
    return OrderDraft(
        currency="EUR",
        tax_mode=mode,
        lines=lines,
        promotion=ThresholdPromotion(threshold_minor=draw(st.integers(0, 40_000)), discount_minor=promotion_minor),
        **draw(_order_discounts(open_minor - promotion_minor)),
        shipping=draw(st.none() | _shippings()),
    )


@st.composite
def _lines(draw: st.DrawFn, line_id: str, mode: TaxMode) -> DraftLine:
    quantity, price = draw(st.integers(1, 6)), draw(st.integers(0, 5_000))
    tax_bp = 0 if mode is TaxMode.NONE else draw(st.integers(0, 3_000))
    discount_minor = draw(st.integers(0, quantity * price))
    return DraftLine(
        line_id=line_id,
        quantity=quantity,
        unit_price_minor=price,
        discount_minor=discount_minor,
        tax_bp=tax_bp,
    )


def _order_discounts(open_minor: int) -> st.SearchStrategy[dict[str, int]]:
    amounts = st.integers(0, open_minor).map(lambda minor: {"order_discount_minor": minor})
    percentages = st.integers(0, 10_000).map(lambda bp: {"order_discount_bp": bp})
    return amounts | percentages


def _shippings() -> st.SearchStrategy[DraftShipping]:
    taxed = st.builds(
        DraftShipping,
        price_minor=st.integers(0, 3_000),
        tax_mode=st.sampled_from([TaxMode.EXCLUSIVE, TaxMode.INCLUSIVE]),
        tax_bp=st.integers(0, 3_000),
    )
    return taxed | st.builds(DraftShipping, price_minor=st.integers(0, 3_000))


def orders() -> st.SearchStrategy[FrozenOrder]:
    return drafts().map(freeze)
