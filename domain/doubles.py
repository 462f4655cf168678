"""Legs whose money went out, or may be going out, under two numbers (design: reliability, I1).

It happens when a provider that had refused a number for good pays it after all, while another one is on its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, TypeAlias

from aftersales.contract.values import LegState

Attempts: TypeAlias = Iterable[tuple[int, LegState]]
"""Every attempt of a case's legs: the leg it belongs to, and its state."""

MAY_HAVE_MOVED: Final = frozenset({LegState.SUBMITTING, LegState.CONFIRMING, LegState.PENDING, LegState.SUCCEEDED})


def paid_twice(attempts: Attempts) -> frozenset[int]:
    """The legs that succeeded under more than one number."""
    return _repeated(leg for leg, state in attempts if state is LegState.SUCCEEDED)


def moving_twice(attempts: Attempts) -> frozenset[int]:
    """The legs that succeeded, or still may, under more than one number."""
    return _repeated(leg for leg, state in attempts if state in MAY_HAVE_MOVED)


def _repeated(legs: Iterable[int]) -> frozenset[int]:
    return frozenset(leg for leg, times in Counter(legs).items() if times > 1)
