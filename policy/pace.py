"""How fast time runs in a process; no part of the policy, so that a version's hash stays the same."""

from __future__ import annotations

from typing import Final, NamedTuple

from activities.types import Timings
from policy.errors import PolicyError


class Pace(NamedTuple):
    """`time_scale` multiplies every wait for people and windows (demo and tests), never below a second. Machines are no
    quicker where days are short: the look-up of an unknown order takes the policy's seconds, or `order_lookup_s`.
    """

    time_scale: float = 1.0
    order_lookup_s: int | None = None

    def checked(self) -> Pace:
        """Raises PolicyError for a scale that makes no sense."""
        if not 0 < self.time_scale <= 1:
            raise PolicyError(f"a time scale of {self.time_scale} makes no sense; it must be above 0 and at most 1.")
        return self

    def of(self, timings: Timings) -> Timings:
        """The waits as they apply in this process."""
        scaled = {name: max(1, round(s * self.time_scale)) for name, s in dict(timings).items()}
        return Timings(**scaled | {"order_lookup_s": self.order_lookup_s or timings.order_lookup_s})


REAL: Final = Pace()
"""A day takes a day."""
