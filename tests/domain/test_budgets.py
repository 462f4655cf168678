"""What the last hour calls for (P5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.budgets import Broken, Cause, Limits, Traffic, broken_by, still_counts

LIMITS = Limits(least_cases=10, refund_rate_percent=300, least_calls=20, failure_percent=25)
QUIET = Traffic(cases=10, calls=20, failed=0, before_cases=700, before_hours=168)


def test_a_usual_hour_breaks_nothing() -> None:
    assert broken_by(QUIET, LIMITS) is None


@pytest.mark.parametrize(("cases", "breaks"), [(12, False), (13, True)])
def test_three_times_the_usual_number_of_refunds_breaks_the_circuit(cases: int, breaks: bool) -> None:
    """700 in 168 hours are 4.17 an hour, and three times that is 12.5."""
    found = broken_by(QUIET._replace(cases=cases), LIMITS)
    assert found == (Broken(Cause.REFUND_RATE, seen=13, against=4) if breaks else None)


def test_a_few_refunds_are_no_jump_however_quiet_it_was_before() -> None:
    assert broken_by(QUIET._replace(cases=9, before_cases=1), LIMITS) is None


def test_after_days_without_any_automatic_refund_many_at_once_break_the_circuit() -> None:
    assert broken_by(QUIET._replace(before_cases=0), LIMITS) == Broken(Cause.REFUND_RATE, seen=10, against=0)


def test_of_a_history_of_less_than_a_day_nobody_says_what_is_usual() -> None:
    assert broken_by(QUIET._replace(cases=1000, before_cases=1, before_hours=23), LIMITS) is None


@pytest.mark.parametrize(("calls", "failed", "breaks"), [(20, 5, True), (20, 4, False), (19, 19, False), (0, 0, False)])
def test_a_quarter_of_the_providers_calls_failing_breaks_the_circuit(calls: int, failed: int, breaks: bool) -> None:
    found = broken_by(QUIET._replace(calls=calls, failed=failed), LIMITS)
    assert found == (Broken(Cause.PROVIDER_FAILURES, failed, calls) if breaks else None)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=5), st.integers(0, 10**10))
def test_of_what_is_kept_of_an_approval_no_budget_counts_less_than_its_share(parts: list[int], kept: int) -> None:
    whole = sum(parts)
    counted = [still_counts(part, whole, kept) for part in parts]
    assert all(0 <= count <= part for count, part in zip(counted, parts, strict=True))
    assert min(kept, whole) <= sum(counted) <= min(kept, whole) + len(parts)
    if kept >= whole:
        assert counted == parts
