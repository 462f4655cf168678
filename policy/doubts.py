"""What may be meant and is seldom meant; `aftersales policy check` tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from activities.rulings import APPROVALS
from policy.answers import Decided
from policy.engine import ZenPolicy
from policy.readings import ENDLESS, Reading, Within
from policy.table import Row, Table

AMOUNT: Final = "amount_minor"
_ANY: Final = Within(((0, ENDLESS),))
_EASIER: Final = "a smaller amount of the same case may be treated worse than a larger one."
DecidedRow = Row[Decided]


def doubts_of(policy: ZenPolicy) -> list[str]:
    """Each a sentence; none refuses a version."""
    return list(amount_is_monotone(policy.tables.decision))


def amount_is_monotone(decision: Table[Decided]) -> Iterator[str]:
    """Rows by which raising the amount may make approval easier: they approve from an amount on, or keep small amounts
    from a row below that approves larger ones."""
    rows = list(decision.rows.values())
    for place, row in enumerate(rows):
        if row.answer.action in APPROVALS:
            if _leaves_small_amounts(row, rows[:place]):
                yield f"In table 'decision', row {row.fired.row!r} approves from an amount on: {_EASIER}"
        elif larger := _approved_above(row, rows[place + 1 :]):
            yield (
                f"In table 'decision', row {row.fired.row!r} keeps amounts from row {larger!r}, which approves larger "
                f"ones: {_EASIER}"
            )


def _leaves_small_amounts(row: DecidedRow, above: list[DecidedRow]) -> bool:
    least = _amounts(row).spans[0][0]
    if least <= 0:
        return False
    below = Within(((0, least - 1),))
    return not any(
        each.answer.action in APPROVALS and _amounts(each).covers(below) and _asks_no_more(each, row) for each in above
    )


def _approved_above(row: DecidedRow, below: list[DecidedRow]) -> str:
    most = _amounts(row).spans[-1][1]
    if most >= ENDLESS:
        return ""
    beyond = Within(((most + 1, ENDLESS),))
    found = (
        each.fired.row
        for each in below
        if each.answer.action in APPROVALS and _amounts(each).meets(beyond) and _may_both_hold(each, row)
    )
    return next(found, "")


def _amounts(row: DecidedRow) -> Within:
    asked = row.asks.get(AMOUNT)
    return asked if isinstance(asked, Within) else _ANY


def _others(row: DecidedRow) -> Mapping[str, Reading]:
    return {fact: reading for fact, reading in row.asks.items() if fact != AMOUNT}


def _asks_no_more(wide: DecidedRow, narrow: DecidedRow) -> bool:
    asked = _others(narrow)
    return all(fact in asked and reading.covers(asked[fact]) for fact, reading in _others(wide).items())


def _may_both_hold(one: DecidedRow, other: DecidedRow) -> bool:
    asked = _others(other)
    return all(fact not in asked or reading.meets(asked[fact]) for fact, reading in _others(one).items())
