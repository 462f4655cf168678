"""Which units of a line are still free after refunds, and given-up refunds, took some (design: money, rule 2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import AmountKind, AmountLine
from domain.allocation import FrozenLine, FrozenOrder, Run, cut, worth_of
from domain.breakdown import NOTHING_TAKEN, Taken, taken_by
from domain.refunds import break_down
from domain.units import alike, free_units
from tests.domain.orders_for_test import in_turn, lines_said, one_line, orders, units_of

THREE_FOR_TEN = (Run(count=1, goods_minor=400, discount_minor=66), Run(count=2, goods_minor=400, discount_minor=67))


def three_for_ten() -> FrozenOrder:
    return FrozenOrder(currency="EUR", lines=(FrozenLine(line_id="1", runs=THREE_FOR_TEN),))


def test_a_unit_that_was_given_up_is_free_with_its_own_cent() -> None:
    order = three_for_ten()
    _withdrawn, kept = in_turn(order, units_of("1", 1), units_of("1", 1))
    again = break_down(order, taken_by([kept]), units_of("1", 1))
    assert lines_said(again) == [("goods", 1, 400, ""), ("discount", 0, -66, "")]
    last = break_down(order, taken_by([kept, again]), units_of("1", 1))
    assert lines_said(last) == [("goods", 1, 400, ""), ("discount", 0, -67, "")]


def test_units_of_other_shares_are_stated_apart() -> None:
    assert lines_said(break_down(three_for_ten(), NOTHING_TAKEN, units_of("1", 3))) == [
        ("goods", 1, 400, ""),
        ("discount", 0, -66, ""),
        ("goods", 2, 800, ""),
        ("discount", 0, -134, ""),
    ]


def test_neighbours_that_differ_in_nothing_stated_are_stated_together() -> None:
    promoted = Run(count=2, goods_minor=500, discount_minor=100, promotion_minor=40)
    plain = promoted.model_copy(update={"count": 1, "promotion_minor": 0})
    assert [same.units for same in alike([promoted, plain])] == [3]


def test_units_that_name_no_shares_of_the_line_count_as_the_first_that_are_free() -> None:
    order = three_for_ten()
    told_otherwise = AmountLine(kind=AmountKind.GOODS, line_id="1", quantity=2, amount_minor=667)
    [second] = in_turn(order, units_of("1", 1))
    free = free_units(order.line("1"), Taken(lines=(told_otherwise, *second.lines)))
    assert free == ()
    assert free_units(order.line("1"), Taken(lines=(told_otherwise,))) == cut(THREE_FOR_TEN, 2, 1)


def test_what_is_held_for_a_proposal_is_not_free() -> None:
    order = one_line(2, 1000)
    [held] = in_turn(order, units_of("1", 1))
    assert sum(run.count for run in free_units(order.line("1"), taken_by([], proposed=[held]))) == 1


@pytest.mark.parametrize(("first", "count", "units"), [(0, 0, 0), (0, 2, 2), (2, 5, 1), (3, 1, 0)])
def test_a_cut_takes_as_many_units_as_there_are(first: int, count: int, units: int) -> None:
    assert sum(run.count for run in cut(THREE_FOR_TEN, first, count)) == units


@given(order=orders(), choices=st.data())
def test_free_and_taken_units_are_together_worth_the_line_whoever_gave_up(
    order: FrozenOrder, choices: st.DataObject
) -> None:
    line = choices.draw(st.sampled_from(order.lines))
    held = in_turn(order, *[units_of(line.line_id, 1)] * line.quantity)
    kept = taken_by([refund for refund in held if choices.draw(st.booleans())])
    free, taken = worth_of(free_units(line, kept)), kept.of_line(line.line_id)
    assert (free.net_minor + taken.net_minor, free.tax_minor + taken.tax_minor) == (
        line.worth().net_minor,
        line.worth().tax_minor,
    )
