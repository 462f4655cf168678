"""When the rules stop approving by themselves (P5.1): what the last hour is measured by, and what a budget counts.

Counts of cases and of calls; rates in per cent; amounts in minor units.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

HUNDRED: Final = 100
LEAST_HOURS: Final = 24
"""Of a history that is shorter nobody can say what is usual; the budgets of the day hold meanwhile."""


class Cause(StrEnum):
    """What broke the circuit."""

    REFUND_RATE = "refund_rate"
    PROVIDER_FAILURES = "provider_failures"


class Traffic(NamedTuple):
    """The last hour: cases approved by rule, calls to providers and how many of them failed; and the `before_hours`
    hours before it, with the cases approved in them."""

    cases: int
    calls: int
    failed: int
    before_cases: int
    before_hours: int


class Limits(NamedTuple):
    """It breaks when, of at least `least_cases`, the cases were `refund_rate_percent` of the usual number of an hour,
    or when of at least `least_calls` so many per cent failed."""

    least_cases: int
    refund_rate_percent: int
    least_calls: int
    failure_percent: int


class Broken(NamedTuple):
    """Why: `seen` cases `against` the usual number of an hour, or `seen` failures of `against` calls."""

    cause: Cause
    seen: int
    against: int


def broken_by(traffic: Traffic, limits: Limits) -> Broken | None:
    """What the last hour calls for; None: nothing is out of the ordinary."""
    if _fails_too_often(traffic, limits):
        return Broken(Cause.PROVIDER_FAILURES, traffic.failed, traffic.calls)
    if _approves_too_often(traffic, limits):
        return Broken(Cause.REFUND_RATE, traffic.cases, traffic.before_cases // traffic.before_hours)
    return None


def _fails_too_often(traffic: Traffic, limits: Limits) -> bool:
    enough = traffic.calls >= max(limits.least_calls, 1)
    return enough and traffic.failed * HUNDRED >= limits.failure_percent * traffic.calls


def _approves_too_often(traffic: Traffic, limits: Limits) -> bool:
    """In whole numbers: cases over the usual number is cases times hours over the cases before."""
    if traffic.before_hours < LEAST_HOURS or traffic.cases < max(limits.least_cases, 1):
        return False
    return traffic.cases * traffic.before_hours * HUNDRED >= limits.refund_rate_percent * traffic.before_cases


def still_counts(used_minor: int, whole_minor: int, kept_minor: int) -> int:
    """Of what a case used of one budget, when of its whole approval so much was kept; what is given back is rounded
    down, so that no budget ever has more to give than it should."""
    if not whole_minor:
        return used_minor
    given_back = whole_minor - min(kept_minor, whole_minor)
    return used_minor - used_minor * given_back // whole_minor
