"""When one leg's money went out, or may be going out, under two numbers (design: reliability, I1)."""

from __future__ import annotations

import pytest

from aftersales.contract.values import LegState
from domain.doubles import moving_twice, paid_twice

S, P, F, R = LegState.SUCCEEDED, LegState.PENDING, LegState.FAILED, LegState.RESERVED


def test_two_legs_that_are_paid_once_each_are_nothing_unusual() -> None:
    attempts = [(1, S), (2, S)]
    assert paid_twice(attempts) == moving_twice(attempts) == frozenset()


def test_a_leg_that_succeeded_under_two_numbers_is_paid_twice() -> None:
    assert paid_twice([(1, S), (1, S), (2, S)]) == {1}


@pytest.mark.parametrize("state", [P, LegState.CONFIRMING, LegState.SUBMITTING])
def test_a_second_number_that_may_still_move_is_moving_and_not_yet_paid(state: LegState) -> None:
    attempts = [(2, state), (2, S)]
    assert moving_twice(attempts) == {2}
    assert paid_twice(attempts) == frozenset()


@pytest.mark.parametrize("state", [F, R, LegState.REVERSED, LegState.BLOCKED])
def test_a_second_number_whose_money_stands_still_is_no_trouble(state: LegState) -> None:
    assert moving_twice([(1, state), (1, S)]) == frozenset()
