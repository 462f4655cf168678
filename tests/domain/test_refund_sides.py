"""What comes with the goods or is kept from them: shipping, deductions, approvals in part (rules 3 and 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import AmountKind, BreakDown, Money
from domain.allocation import DraftLine, DraftShipping, FrozenOrder, OrderDraft, TaxMode
from domain.breakdown import NOTHING_TAKEN, NoteCode, taken_by
from domain.errors import AmountRefused, CurrencyMixed
from domain.freezing import freeze
from domain.refunds import Deduction, RefundAsked, break_down
from tests.domain.orders_for_test import everything, given_back, in_turn, lines_said, one_line, orders, units_of


def less(asked: RefundAsked, *deductions: Deduction) -> RefundAsked:
    return asked.model_copy(update={"deductions": deductions})


# --- shipping --------------------------------------------------------------------------------------------


def shipped(price_minor: int, tax_mode: TaxMode, tax_bp: int) -> FrozenOrder:
    return freeze(
        OrderDraft(
            currency="EUR",
            tax_mode=TaxMode.NONE,
            lines=(DraftLine(line_id="1", quantity=1, unit_price_minor=100),),
            shipping=DraftShipping(price_minor=price_minor, tax_mode=tax_mode, tax_bp=tax_bp),
        )
    )


def test_shipping_is_not_given_back_unless_it_is_asked_for() -> None:
    order = one_line(1, 1000, shipping_minor=500)
    kinds = {line.kind for line in break_down(order, NOTHING_TAKEN, units_of("1", 1)).lines}
    assert AmountKind.SHIPPING not in kinds


def test_shipping_is_given_back_at_most_once() -> None:
    order = one_line(1, 1000, shipping_minor=500)
    first, second = in_turn(order, RefundAsked(whole_shipping=True), everything(order))
    assert (first.total.minor, second.total.minor) == (500, 1000)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (TaxMode.EXCLUSIVE, [("shipping", 0, 1000, ""), ("tax", 0, 150, "")]),
        (TaxMode.INCLUSIVE, [("shipping", 0, 1000, "")]),
    ],
)
def test_tax_on_shipping_is_a_line_of_its_own_only_where_it_came_on_top(
    mode: TaxMode, said: list[tuple[str, int, int, str]]
) -> None:
    refund = break_down(shipped(1000, mode, 1500), NOTHING_TAKEN, RefundAsked(whole_shipping=True))
    assert lines_said(refund) == said


@given(parts=st.lists(st.integers(1, 400), max_size=6))
def test_shipping_in_parts_gives_back_exactly_what_it_cost(parts: list[int]) -> None:
    order, done = shipped(2500, TaxMode.EXCLUSIVE, 1900), list[BreakDown]()
    for part in parts:
        done.append(break_down(order, taken_by(done), RefundAsked(shipping_minor=part)))
    done.append(break_down(order, taken_by(done), RefundAsked(whole_shipping=True)))
    assert sum(refund.total.minor for refund in done) == 2975


def test_an_order_shipped_for_free_has_no_shipping_to_give_back() -> None:
    order = one_line(1, 1000)
    assert given_back(order, RefundAsked(whole_shipping=True)) == 0
    with pytest.raises(AmountRefused) as refusal:
        break_down(order, NOTHING_TAKEN, RefundAsked(shipping_minor=1))
    assert refusal.value.largest_minor == 0


# --- deductions and parts --------------------------------------------------------------------------------


def fee(minor: int, note: NoteCode = NoteCode.RESTOCKING_FEE) -> Deduction:
    return Deduction(note=note, amount_minor=minor)


def test_deductions_are_lines_of_their_own() -> None:
    asked = less(units_of("1", 1), fee(100), fee(250, NoteCode.RETURN_SHIPPING))
    refund = break_down(one_line(1, 1000), NOTHING_TAKEN, asked)
    assert lines_said(refund)[1:] == [
        ("deduction", 0, -100, "restocking_fee"),
        ("deduction", 0, -250, "return_shipping"),
    ]
    assert refund.total.minor == 650


@given(order=orders(), fees=st.lists(st.integers(0, 10_000), max_size=4))
def test_no_deduction_makes_a_refund_negative(order: FrozenOrder, fees: list[int]) -> None:
    asked = less(everything(order), *map(fee, fees))
    assert given_back(order, asked) == max(order.paid.minor - sum(fees), 0)


def test_what_was_deducted_once_is_not_given_back_by_the_next_refund() -> None:
    order = one_line(2, 1000)
    refunds = in_turn(order, less(units_of("1", 1), fee(300)), units_of("1", 1))
    assert [refund.total.minor for refund in refunds] == [700, 1000]


def test_an_approval_in_part_names_the_part_that_is_kept() -> None:
    part = units_of("1", 1).model_copy(update={"amount": Money(minor=600, currency="EUR")})
    refund = break_down(one_line(1, 1000), NOTHING_TAKEN, part)
    assert lines_said(refund)[-1] == ("deduction", 0, -400, NoteCode.APPROVED_IN_PART)
    assert refund.total.minor == 600


def test_an_amount_that_is_the_whole_deducts_nothing() -> None:
    whole = units_of("1", 1).model_copy(update={"amount": Money(minor=1000, currency="EUR")})
    assert len(break_down(one_line(1, 1000), NOTHING_TAKEN, whole).lines) == 1


@pytest.mark.parametrize("minor", [0, -5, 901])
def test_a_part_beyond_the_whole_is_refused_with_the_whole(minor: int) -> None:
    asked = less(units_of("1", 1), fee(100)).model_copy(update={"amount": Money(minor=minor, currency="EUR")})
    with pytest.raises(AmountRefused) as refusal:
        break_down(one_line(1, 1000), NOTHING_TAKEN, asked)
    assert refusal.value.largest_minor == 900


def test_a_part_in_another_currency_is_refused() -> None:
    asked = units_of("1", 1).model_copy(update={"amount": Money(minor=1, currency="USD")})
    with pytest.raises(CurrencyMixed):
        break_down(one_line(1, 1000), NOTHING_TAKEN, asked)
