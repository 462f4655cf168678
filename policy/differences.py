"""What two versions say otherwise: rows added, taken out, moved and changed, sheet by sheet (P5.1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from policy.document import ROW_DESCRIPTION, ROW_ID, Document
from policy.loader import Files, document_of
from policy.sheets import BREAKING, RISK, SHEETS


class How(StrEnum):
    ADDED = "added"
    TAKEN_OUT = "taken out"
    CHANGED = "changed"
    MOVED = "moved"


class Difference(NamedTuple):
    """One row, or one cell of it, that is not what it was; `column` is empty for a whole row."""

    sheet: str
    row: str
    how: How
    column: str = ""
    before: str = ""
    after: str = ""


def differences(before: Files, after: Files) -> list[Difference]:
    """Raises PolicyError for a table that is not of a table's form."""
    found: list[Difference] = []
    for sheet in SHEETS:
        found += _of_tables(sheet.name, document_of(sheet.name, before), document_of(sheet.name, after))
    for name in (RISK, BREAKING):
        found += _of_values(name, before[name], after[name])
    return found


def _of_tables(sheet: str, before: Document, after: Document) -> Iterator[Difference]:
    old, new = _rows(before), _rows(after)
    yield from (Difference(sheet, row, How.TAKEN_OUT) for row in old if row not in new)
    yield from (Difference(sheet, row, How.ADDED) for row in new if row not in old)
    yield from (Difference(sheet, row, How.MOVED) for row in _moved(list(old), list(new)))
    for row in (row for row in old if row in new):
        yield from _of_cells(sheet, row, old[row], new[row])


def _moved(old: list[str], new: list[str]) -> list[str]:
    """Rows that are asked earlier or later than before among those that are in both."""
    stayed, now = [row for row in old if row in new], [row for row in new if row in old]
    return [row for row, other in zip(now, stayed, strict=True) if row != other]


def _of_cells(sheet: str, row: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for column in sorted(before.keys() | after.keys()):
        old, new = before.get(column, ""), after.get(column, "")
        if old != new:
            yield Difference(sheet, row, How.CHANGED, column, old, new)


def _rows(document: Document) -> dict[str, dict[str, str]]:
    """Rows with their cells by the fact or part that the column is about, whatever its id."""
    table = document.table
    fields = {column.id: column.field for column in (*table.inputs, *table.outputs)} | {ROW_DESCRIPTION: "description"}
    return {
        rule[ROW_ID]: {fields[column]: cell for column, cell in rule.items() if column in fields}
        for rule in table.rules
    }


def _of_values(sheet: str, before: object, after: object) -> Iterator[Difference]:
    old, new = dict(_leaves(before)), dict(_leaves(after))
    for place in sorted(old.keys() | new.keys()):
        if old.get(place) != new.get(place):
            yield Difference(sheet, "", How.CHANGED, place, old.get(place, ""), new.get(place, ""))


def _leaves(value: object, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{place}.{key}" if place else str(key))
    else:
        yield place, str(value)
