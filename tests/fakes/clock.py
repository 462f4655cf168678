from __future__ import annotations

from datetime import datetime, timedelta


class FakeClock:
    """A clock that stands still until it is turned."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def turn(self, **by: float) -> None:
        self._at += timedelta(**by)
