"""What may be meant and is seldom meant; `aftersales policy check` tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from activities.rulings import APPROVALS
from aftersales.contract.values import Frozen
from policy.answers import Decided
from policy.engine import ZenPolicy
from policy.readings import ENDLESS, OneOf, Reading, Within, union
from policy.sheets import LOWEST
from policy.table import Row, Table

AMOUNT: Final = "amount_minor"
_ANY: Final = Within(((0, ENDLESS),))
_EASIER: Final = "a smaller amount of the same case may be treated worse than a larger one."
DecidedRow = Row[Decided]


def doubts_of(policy: ZenPolicy) -> list[str]:
    """Each a sentence; none refuses a version."""
    tables = policy.tables.each()
    found = [*amount_is_monotone(policy.tables.decision)]
    found += [doubt for table in tables for doubt in amounts_without_currency(table)]
    return found + [doubt for table in tables for doubt in hidden_by_several(table)]


def amounts_without_currency(table: Table[Frozen]) -> Iterator[str]:
    for row in table.rows.values():
        if AMOUNT in row.asks and "currency" not in row.asks:
            yield (
                f"In table {table.sheet.name!r}, row {row.fired.row!r} asks for an amount in minor units of whatever "
                "currency: 20000 is 200.00 yuan or 20,000 yen."
            )


def hidden_by_several(table: Table[Frozen]) -> Iterator[str]:
    """Rows that never apply, since of some fact those above leave no value over; the last one is there for safety."""
    rows = list(table.rows.values())
    for place, row in enumerate(rows[:-1]):
        for fact, above in _nearly_hiding(row, rows[:place]).items():
            asked = row.asks.get(fact) or _anything(table, fact)
            if asked and union(each.asks[fact] for each in above).covers(asked):
                names = ", ".join(repr(each.fired.row) for each in above)
                yield (
                    f"In table {table.sheet.name!r}, row {row.fired.row!r} never applies: together the rows {names} "
                    "above it hold wherever it does."
                )
                break


def _nearly_hiding(row: Row[Frozen], above: Iterable[Row[Frozen]]) -> Mapping[str, list[Row[Frozen]]]:
    """By the only fact for which they do not hold wherever the row does."""
    found: dict[str, list[Row[Frozen]]] = {}
    for each in above:
        stricter = [fact for fact, asked in each.asks.items() if not _covers(asked, row.asks.get(fact))]
        if len(stricter) == 1:
            found.setdefault(stricter[0], []).append(each)
    return found


def _covers(wide: Reading, narrow: Reading | None) -> bool:
    return narrow is not None and wide.covers(narrow)


def _anything(table: Table[Frozen], fact: str) -> Reading | None:
    """All values of a fact; None if nobody knows them all."""
    prop = table.document.facts.properties[fact]
    match prop.type:
        case "integer":
            return Within(((LOWEST.get(fact, -ENDLESS), ENDLESS),))
        case "boolean":
            return OneOf((True, False))
        case "string":
            return OneOf(prop.enum) if prop.enum else None


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
    return all(_covers(reading, asked.get(fact)) for fact, reading in _others(wide).items())


def _may_both_hold(one: DecidedRow, other: DecidedRow) -> bool:
    asked = _others(other)
    return all(fact not in asked or reading.meets(asked[fact]) for fact, reading in _others(one).items())
