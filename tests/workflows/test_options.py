"""How long the workflow waits between tries, and what each try may take (design: temporal, billable actions)."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice, pairwise

import pytest

from workflows import options


def test_a_provider_out_of_reach_is_tried_fast_then_slowly_and_never_given_up() -> None:
    pauses = list(islice(options.provider_pauses(), 100))
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=2), timedelta(minutes=30))
    tries_in_an_hour = next(n for n in range(100) if sum(pauses[:n], timedelta()) > timedelta(hours=1))
    assert tries_in_an_hour <= 10, "each try is a billable action"


@pytest.mark.parametrize("first", [timedelta(seconds=1), timedelta(minutes=36), timedelta(hours=1)])
def test_the_merchant_is_waited_for_by_the_poll_then_some_hours_then_daily(first: timedelta) -> None:
    pauses = list(islice(options.merchant_pauses(first), 10))
    assert pauses == [first, first * 4, *[first * 24] * 8]


@pytest.mark.parametrize("first", [timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)])
def test_an_accepted_payment_is_looked_at_ever_less_but_at_least_daily(first: timedelta) -> None:
    pauses = list(islice(options.poll_pauses(first), 40))
    assert pauses[0] == first
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(days=1)
    assert all(later <= earlier * 3 for earlier, later in pairwise(pauses))


def test_a_call_that_may_move_money_is_never_repeated_by_the_engine() -> None:
    assert options.PROVIDER_CALL_RETRY.maximum_attempts == 1
    assert options.PROVIDER_HEARTBEAT_TIMEOUT < options.PROVIDER_CALL_TIMEOUT


def test_every_try_fits_into_its_limit_and_the_quick_step_into_one_workflow_task() -> None:
    assert options.LOCAL_STEP_TIMEOUT <= options.LOCAL_STEP_LIMIT < timedelta(seconds=10)
    assert options.DURABLE_STEP_TIMEOUT < options.DURABLE_STEP_LIMIT
    assert options.LETTER_TIMEOUT < options.LETTER_LIMIT
    assert options.EVIDENCE_HEARTBEAT_TIMEOUT < options.EVIDENCE_CHECK_TIMEOUT < options.EVIDENCE_CHECK_LIMIT
    assert options.LOCAL_STEP_RETRY.maximum_attempts == 3


def test_a_step_that_waits_for_its_database_goes_on_within_half_a_minute_of_its_return() -> None:
    assert options.DURABLE_STEP_RETRY.maximum_interval == timedelta(seconds=30)
    assert options.DURABLE_STEP_RETRY.maximum_attempts == 0, "no number of tries is the last one"
