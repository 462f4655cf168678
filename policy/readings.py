"""What a sound condition means, read by ourselves: which values it holds for.

The engine decides; this reading is its witness. A cell is believed only where both agree, one row is seen to hide
another, and the values at which a decision may turn are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from policy.document import FactType

ENDLESS: Final = 10**30
"""Beyond every amount and every number of days."""

_TEXTS: Final = re.compile(r'"([^"]*)"')
_BOUND: Final = re.compile(r"(<=|>=|<|>) ?(-?[0-9]+)")
_RANGE: Final = re.compile(r"\[(-?[0-9]+)\.\.(-?[0-9]+)\]")
Span = tuple[int, int]


class Reading(Protocol):
    """The values that a condition holds for."""

    def holds(self, value: object) -> bool: ...
    def covers(self, other: Reading) -> bool:
        """Whether it holds wherever the other one does."""
        ...

    def meets(self, other: Reading) -> bool:
        """Whether there is a value that both hold for."""
        ...

    def turns(self) -> tuple[object, ...]:
        """The values on both sides of each place at which it begins or ceases to hold."""
        ...


@dataclass(frozen=True)
class OneOf:
    """Words, or yes or no."""

    values: tuple[object, ...]

    def holds(self, value: object) -> bool:
        return value in self.values

    def covers(self, other: Reading) -> bool:
        return isinstance(other, OneOf) and set(other.values) <= set(self.values)

    def meets(self, other: Reading) -> bool:
        return any(other.holds(value) for value in self.values)

    def turns(self) -> tuple[object, ...]:
        return self.values


@dataclass(frozen=True)
class Within:
    """Whole numbers: spans with both ends in them, apart from each other and rising."""

    spans: tuple[Span, ...]

    def holds(self, value: object) -> bool:
        return isinstance(value, int) and any(low <= value <= high for low, high in self.spans)

    def covers(self, other: Reading) -> bool:
        return isinstance(other, Within) and all(self._contains(span) for span in other.spans)

    def meets(self, other: Reading) -> bool:
        return isinstance(other, Within) and any(
            low <= last and first <= high for low, high in self.spans for first, last in other.spans
        )

    def turns(self) -> tuple[object, ...]:
        return tuple(sorted({near for end in self.ends() for near in (end - 1, end)}))

    def ends(self) -> set[int]:
        """The least value of each span, and the first one after it: between two of them nothing changes."""
        return {end for low, high in self.spans for end in (low, high + 1) if abs(end) < ENDLESS}

    def _contains(self, span: Span) -> bool:
        return any(low <= span[0] and span[1] <= high for low, high in self.spans)


def union(readings: Iterable[Reading]) -> Reading:
    """What at least one of them holds for; of one fact, so that all are of one kind."""
    spans: list[Span] = []
    words: list[object] = []
    for reading in readings:
        match reading:
            case Within():
                spans += reading.spans
            case OneOf():
                words += reading.values
    return Within(_apart(spans)) if spans else OneOf(tuple(words))


def read(cell: str, type_: FactType) -> Reading:
    """The meaning of a condition that is of its column's form (`policy.cells`)."""
    match type_:
        case "string":
            return OneOf(tuple(_TEXTS.findall(cell)))
        case "boolean":
            return OneOf((json.loads(cell),))
        case "integer" if " and " in cell:
            bounds = [_span(part) for part in cell.split(" and ")]
            return Within(_apart([(max(low for low, _ in bounds), min(high for _, high in bounds))]))
        case "integer":
            return Within(_apart(_span(part.strip()) for part in cell.split(",")))


def _span(part: str) -> Span:
    if between := _RANGE.fullmatch(part):
        return int(between[1]), int(between[2])
    if bound := _BOUND.fullmatch(part):
        limit = int(bound[2])
        spans = {"<=": (-ENDLESS, limit), "<": (-ENDLESS, limit - 1), ">=": (limit, ENDLESS), ">": (limit + 1, ENDLESS)}
        return spans[bound[1]]
    return int(part), int(part)


def _apart(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Rising, with those that meet made one; empty ones dropped."""
    joined: list[Span] = []
    for low, high in sorted(span for span in spans if span[0] <= span[1]):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)
