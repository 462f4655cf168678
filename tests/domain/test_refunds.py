"""What refunds give back, one by one and in any sequence (P3.1; design: money, rules 3 to 5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import BreakDown, Money
from domain.allocation import FrozenOrder
from domain.breakdown import NOTHING_TAKEN, NoteCode, Taken, amount_of, taken_by
from domain.errors import AmountRefused, LineUnknown, NothingAsked, QuantityRefused
from domain.refunds import (
    AmountAsked,
    RefundAsked,
    UnitsAsked,
    break_down,
    refundable_quantity,
)
from tests.domain.orders_for_test import (
    everything,
    given_back,
    in_turn,
    lines_said,
    one_line,
    orders,
    taken_after,
    units_of,
)


def amount_of_line(minor: int, *, with_tax: bool = False, line_id: str = "1") -> RefundAsked:
    return RefundAsked(amounts=(AmountAsked(line_id=line_id, amount_minor=minor, with_tax=with_tax),))


# --- whole units -----------------------------------------------------------------------------------------


def test_a_refund_is_explained_line_by_line() -> None:
    order = one_line(4, 1000, tax_bp=1000, order_discount_minor=399, shipping_minor=500)
    asked = RefundAsked(units=(UnitsAsked(line_id="1", quantity=2),), whole_shipping=True)
    refund = break_down(order, NOTHING_TAKEN, asked)
    assert lines_said(refund) == [
        ("goods", 2, 2000, ""),
        ("discount", 0, -200, ""),
        ("tax", 0, 180, ""),
        ("shipping", 0, 500, ""),
    ]
    assert refund.total == Money(minor=2480, currency="EUR")


def test_units_are_taken_in_their_order() -> None:
    order = one_line(3, 1000, order_discount_minor=100)
    refunds = in_turn(order, units_of("1", 1), units_of("1", 2))
    assert [refund.total.minor for refund in refunds] == [966, 1934]


@given(order=orders())
def test_everything_gives_back_what_was_paid(order: FrozenOrder) -> None:
    assert given_back(order, everything(order)) == order.paid.minor


@given(order=orders(), choices=st.data())
def test_any_sequence_of_units_gives_back_exactly_what_was_paid(order: FrozenOrder, choices: st.DataObject) -> None:
    asks = [units_of(line.line_id, 1) for line in order.lines for _ in range(line.quantity)]
    asks.append(RefundAsked(whole_shipping=True))
    refunds = in_turn(order, *choices.draw(st.permutations(asks)))
    assert sum(refund.total.minor for refund in refunds) == order.paid.minor


@given(order=orders(), choices=st.data())
def test_refunding_one_line_never_changes_what_another_gives_back(order: FrozenOrder, choices: st.DataObject) -> None:
    line = choices.draw(st.sampled_from(order.lines))
    whole = units_of(line.line_id, line.quantity)
    others = [units_of(other.line_id, other.quantity) for other in order.lines if other is not line]
    assert in_turn(order, *others, whole)[-1].total == break_down(order, NOTHING_TAKEN, whole).total


@given(order=orders())
def test_lines_together_give_back_what_they_give_one_by_one(order: FrozenOrder) -> None:
    one_by_one = in_turn(order, *(units_of(line.line_id, line.quantity) for line in order.lines))
    together = RefundAsked(units=everything(order).units)
    assert given_back(order, together) == sum(refund.total.minor for refund in one_by_one)


@pytest.mark.parametrize("quantity", [-1, 0, 3])
def test_a_quantity_beyond_what_is_free_is_refused_with_the_largest(quantity: int) -> None:
    order = one_line(3, 1000)
    with pytest.raises(QuantityRefused) as refusal:
        break_down(order, taken_after(order, units_of("1", 1)), units_of("1", quantity))
    assert refusal.value.largest == 2


def test_one_line_named_twice_is_counted_twice() -> None:
    order = one_line(3, 1000)
    twice = (UnitsAsked(line_id="1", quantity=2), UnitsAsked(line_id="1", quantity=1))
    assert given_back(order, RefundAsked(units=twice)) == 3000
    with pytest.raises(QuantityRefused):
        break_down(order, NOTHING_TAKEN, RefundAsked(units=(twice[0], twice[0])))


def test_what_was_not_bought_is_not_refunded() -> None:
    with pytest.raises(LineUnknown):
        break_down(one_line(1, 100), NOTHING_TAKEN, units_of("2", 1))


def test_a_refund_of_nothing_is_refused() -> None:
    with pytest.raises(NothingAsked):
        break_down(one_line(1, 100), NOTHING_TAKEN, RefundAsked())


@given(order=orders(), choices=st.data())
def test_with_cases_withdrawn_in_between_no_line_gives_back_more_than_was_paid(
    order: FrozenOrder, choices: st.DataObject
) -> None:
    asks = [units_of(line.line_id, 1) for line in order.lines for _ in range(line.quantity)]
    held = in_turn(order, *asks)
    kept = [refund for refund in held if choices.draw(st.booleans())]
    rest = [
        units_of(line.line_id, line.quantity - taken_by(kept).units(line.line_id))
        for line in order.lines
        if line.quantity > taken_by(kept).units(line.line_id)
    ]
    for ask in rest:
        kept.append(break_down(order, taken_by(kept), ask))
    goods_paid = sum(line.worth().net_minor + line.worth().tax_minor for line in order.lines)
    assert sum(refund.total.minor for refund in kept) == goods_paid


@pytest.mark.parametrize(
    ("good", "damaged", "damaged_counts", "quantity"),
    [(2, 0, False, 2), (2, 1, False, 2), (2, 1, True, 3), (4, 0, False, 3), (3, 3, True, 3), (0, 0, True, 0)],
)
def test_inspection_and_not_the_announcement_decides_the_quantity(
    good: int, damaged: int, damaged_counts: bool, quantity: int
) -> None:
    assert refundable_quantity(3, good, damaged, damaged_counts=damaged_counts) == quantity


# --- free amounts ----------------------------------------------------------------------------------------


@given(order=orders(), choices=st.data())
def test_any_mix_of_amounts_and_units_gives_back_exactly_what_a_line_cost(
    order: FrozenOrder, choices: st.DataObject
) -> None:
    line = choices.draw(st.sampled_from(order.lines))
    done: list[BreakDown] = []
    for _ in range(line.quantity):
        left = line.worth().net_minor - taken_by(done).of_line(line.line_id).net_minor
        if left and choices.draw(st.booleans()):
            ask = amount_of_line(choices.draw(st.integers(1, left)), line_id=line.line_id)
            done.append(break_down(order, taken_by(done), ask))
        done.append(break_down(order, taken_by(done), units_of(line.line_id, 1)))
        assert done[-1].total.minor >= 0
    assert sum(refund.total.minor for refund in done) == line.worth().net_minor + line.worth().tax_minor


@given(order=orders(), with_tax=st.booleans(), choices=st.data())
def test_amounts_never_take_more_tax_than_is_left_and_the_last_takes_it_all(
    order: FrozenOrder, with_tax: bool, choices: st.DataObject
) -> None:
    line = order.lines[0]
    paid, done = line.worth(), list[BreakDown]()
    while True:
        taken = taken_by(done).of_line(line.line_id)
        assert 0 <= taken.tax_minor <= paid.tax_minor
        left = paid.net_minor - taken.net_minor + (paid.tax_minor - taken.tax_minor if with_tax else 0)
        if left == 0:
            break
        ask = left if len(done) > 3 else choices.draw(st.integers(1, left))
        refund = break_down(order, taken_by(done), amount_of_line(ask, with_tax=with_tax))
        assert not with_tax or refund.total.minor == ask
        done.append(refund)
    if done:
        assert taken_by(done).of_line(line.line_id) == (paid.net_minor, paid.tax_minor)


def test_an_amount_with_tax_is_what_the_customer_gets() -> None:
    refund = break_down(one_line(1, 1000, tax_bp=2500), NOTHING_TAKEN, amount_of_line(100, with_tax=True))
    assert lines_said(refund) == [("goods", 0, 80, "free_amount"), ("tax", 0, 20, "free_amount")]


@pytest.mark.parametrize(("with_tax", "largest"), [(False, 900), (True, 1125)])
@pytest.mark.parametrize("minor", [0, -1, 1126])
def test_an_amount_out_of_bounds_is_refused_with_the_largest_of_its_kind(
    minor: int, with_tax: bool, largest: int
) -> None:
    order = one_line(1, 1000, tax_bp=2500)
    [earlier] = in_turn(order, amount_of_line(100))
    with pytest.raises(AmountRefused) as refusal:
        break_down(order, taken_by([earlier]), amount_of_line(minor, with_tax=with_tax))
    assert (refusal.value.asked_minor, refusal.value.largest_minor) == (minor, largest)


def test_tax_that_was_rounded_up_too_often_runs_out() -> None:
    order = one_line(1, 4, tax_bp=5_000)
    refunds = in_turn(order, *[amount_of_line(1)] * 4)
    assert [refund.total.minor for refund in refunds] == [2, 2, 1, 1]


def test_amounts_with_tax_that_was_rounded_down_too_often_end_in_tax_alone() -> None:
    order = one_line(1, 4, tax_bp=5_000)
    *_, fifth, sixth = in_turn(order, *[amount_of_line(1, with_tax=True)] * 6)
    assert lines_said(fifth) == lines_said(sixth) == [("tax", 0, 1, "free_amount")]


def test_two_amounts_in_one_refund_count_together() -> None:
    order = one_line(1, 1000)
    twice = RefundAsked(amounts=(AmountAsked(line_id="1", amount_minor=600),) * 2)
    with pytest.raises(AmountRefused) as refusal:
        break_down(order, NOTHING_TAKEN, twice)
    assert refusal.value.largest_minor == 400


def test_an_earlier_amount_counts_against_the_units_left_in_proportion() -> None:
    order = one_line(2, 1000)
    _, first, second = in_turn(order, amount_of_line(500), units_of("1", 1), units_of("1", 1))
    assert lines_said(first) == [("goods", 1, 1000, ""), ("goods", 0, -250, NoteCode.EARLIER_REFUNDS)]
    assert (first.total.minor, second.total.minor) == (750, 750)


@given(order=orders())
def test_a_stored_break_down_is_read_back_and_takes_the_same(order: FrozenOrder) -> None:
    refund = break_down(order, NOTHING_TAKEN, everything(order))
    stored = BreakDown.model_validate_json(refund.model_dump_json())
    assert taken_by([stored]) == Taken(lines=refund.lines)
    assert amount_of(stored.lines) == stored.total.minor
