"""Hints of providers: which payments they may be about, since those were last asked for (design: payments)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Leg


@dataclass
class News:
    """A hint names a payment by our number, or none: then it may be about any of them.

    Payments are told apart, so that asking for one does not lose what was said of another meanwhile.
    """

    _told: int = 0
    _last: dict[str, int] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)

    def hear(self, provider_number: str) -> None:
        self._told += 1
        self._last[provider_number] = self._told

    def asking(self, leg: Leg) -> None:
        """The provider is about to be asked for the leg: what is heard from here on is news again."""
        self._asked[leg.provider_number] = self._told

    def of(self, leg: Leg) -> bool:
        told = max(self._last.get(leg.provider_number, 0), self._last.get("", 0))
        return told > self._asked.get(leg.provider_number, 0)

    def of_any(self, legs: Iterable[Leg]) -> bool:
        return any(self.of(leg) for leg in legs)
