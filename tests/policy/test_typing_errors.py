"""A typing error in a cell can never change a decision silently (P5.1).

The engine skips a cell that it cannot read and lets the next row win. So whatever a hand makes of a cell: either the
version is refused, naming sheet, row and column; or the cell still is one, and then the engine decides by what a reader
sees in it, and comparing the versions names that cell and no other.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

import pytest
import zen
from hypothesis import given
from hypothesis import strategies as st

from policy import PolicyError, load_policy
from policy.cells import why_condition_refused, why_value_refused
from policy.differences import Difference, How, differences
from policy.document import Property
from policy.loader import document_of, read_folder
from policy.sheets import LOWEST, SHEETS
from tests.policy.cases import V1, any_case, read_document, row_of, table_of, table_or_refusal
from tests.policy.reference import holds, known_of, row_by_reading

POLICY: Final = load_policy("v1")
FILES: Final = dict(read_folder(V1))
BY_NAME: Final = {sheet.name: sheet for sheet in SHEETS}
FULL_WIDTH: Final = str.maketrans('0123456789,."<=>', "０１２３４５６７８９，．＂＜＝＞")


class Cell(NamedTuple):
    sheet: str
    row: str
    column: str
    field: str
    text: str
    is_input: bool


def cells_of(sheet: str) -> list[Cell]:
    """All cells of a table that hold something."""
    table = table_of(read_document(sheet))
    columns = [(column, True) for column in table["inputs"]] + [(column, False) for column in table["outputs"]]
    return [
        Cell(sheet, rule["_id"], column["id"], column["field"], rule[column["id"]], is_input)
        for rule in table["rules"]
        for column, is_input in columns
        if rule[column["id"]]
    ]


CELLS: Final = [cell for sheet in SHEETS for cell in cells_of(sheet.name)]


def slips(cell: str) -> list[str]:
    """What a tired hand makes of a cell."""
    places = range(len(cell))
    lost = [cell[:place] + cell[place + 1 :] for place in places]
    swapped = [cell[:place] + cell[place + 1] + cell[place] + cell[place + 2 :] for place in places[:-1]]
    doubled = [cell[: place + 1] + cell[place:] for place in places]
    wide = [cell.translate(FULL_WIDTH), *(cell[:place] + cell[place:].translate(FULL_WIDTH) for place in places[1:])]
    brackets = [cell.replace(old, new) for old, new in (("[", "("), ("]", ")"), ("[", ""), ("..", "."), ("..", "-"))]
    others = ["tru", "True", "nothing", "1.5", "null", " ", f"{cell},", f",{cell}", f"={cell}", f"{cell} ", f" {cell}"]
    return sorted({*lost, *swapped, *doubled, *wide, *brackets, *others, cell.upper(), f"not {cell}"} - {cell, ""})


def property_of(cell: Cell) -> Property:
    document = document_of(cell.sheet, FILES)
    return (document.facts if cell.is_input else document.answer).properties[cell.field]


def values_near(prop: Property, *texts: str) -> list[object]:
    """Values on which two readings could differ: around every number that either names, and every word."""
    if prop.type == "boolean":
        return [True, False]
    if prop.type == "string":
        return [*prop.words, "a word of nobody's"]
    digits = "".join(sign if sign.isdigit() or sign == "-" else " " for text in texts for sign in f"{text} ")
    numbers = [int(part) for part in digits.split() if part.lstrip("-").isdigit() and not part.endswith("-")]
    return [near for number in numbers for near in (number - 1, number, number + 1)]


@pytest.mark.parametrize("sheet", [sheet.name for sheet in SHEETS])
def test_whatever_is_typed_into_a_condition_is_refused_or_means_what_it_says(sheet: str) -> None:
    for cell in cells_of(sheet):
        prop = property_of(cell)
        for typed in slips(cell.text) if cell.is_input else ():
            if why_condition_refused(typed, prop, LOWEST.get(cell.field)) is None:
                for value in values_near(prop, cell.text, typed):
                    answer = zen.evaluate_unary_expression(typed, {"$": value})
                    assert answer is holds(typed, value), (cell, typed, value)


@pytest.mark.parametrize("sheet", [sheet.name for sheet in SHEETS])
def test_whatever_is_typed_into_an_answer_is_refused_or_is_that_value(sheet: str) -> None:
    for cell in cells_of(sheet):
        prop = property_of(cell)
        for typed in slips(cell.text) if not cell.is_input and cell.field != "row" else ():
            if why_value_refused(typed, prop) is None:
                value = json.loads(typed)
                assert json.dumps(value) == typed
                assert not prop.words or value in prop.words


def is_at(refusal: PolicyError, cell: Cell) -> bool:
    """Where two cells do not agree, it is told of the row, and names both; where a row is hidden, of that row."""
    hidden = "never appl" in refusal.why
    at_the_cell = refusal.column == cell.column or cell.field in refusal.why
    return refusal.table == cell.sheet and (hidden or (refusal.row == cell.row and at_the_cell))


@given(st.data())
def test_a_slip_is_refused_at_its_place_or_decides_as_it_reads_and_is_shown_as_a_change(data: st.DataObject) -> None:
    cell = data.draw(st.sampled_from(CELLS))
    typed = data.draw(st.sampled_from(slips(cell.text)))
    spoilt = read_document(cell.sheet)
    row_of(spoilt, cell.row)[cell.column] = typed
    table = table_or_refusal(BY_NAME[cell.sheet], spoilt)
    if isinstance(table, PolicyError):
        assert is_at(table, cell), table
        return
    changed = Difference(cell.sheet, cell.row, How.CHANGED, cell.field, cell.text, typed)
    assert differences(FILES, {**FILES, cell.sheet: spoilt}) == [changed]
    for case in data.draw(st.lists(any_case(), min_size=3, max_size=3)):
        known = known_of(POLICY, case)
        assert table.row_for(known).fired.row == row_by_reading(spoilt, known), typed
