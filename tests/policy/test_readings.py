"""What a condition means, read by ourselves."""

from __future__ import annotations

import pytest

from policy.document import FactType
from policy.readings import ENDLESS, OneOf, Within, read


@pytest.mark.parametrize(
    ("cell", "type_", "reading"),
    [
        ('"a", "b"', "string", OneOf(("a", "b"))),
        ("false", "boolean", OneOf((False,))),
        ("7", "integer", Within(((7, 7),))),
        ("<= 7", "integer", Within(((-ENDLESS, 7),))),
        ("< 7", "integer", Within(((-ENDLESS, 6),))),
        ("> -1", "integer", Within(((0, ENDLESS),))),
        ("[0..7]", "integer", Within(((0, 7),))),
        ("> 2 and <= 9", "integer", Within(((3, 9),))),
        ("> 9 and <= 2", "integer", Within(())),
        ("[5..9], 1, 2, > 20", "integer", Within(((1, 2), (5, 9), (21, ENDLESS)))),
        ("[0..7], [5..9]", "integer", Within(((0, 9),))),
    ],
)
def test_a_cell_is_read_as_it_stands(cell: str, type_: FactType, reading: OneOf | Within) -> None:
    assert read(cell, type_) == reading


def test_a_wider_condition_covers_a_narrower_one_and_not_the_other_way_round() -> None:
    wide, narrow = read("[0..7], > 20", "integer"), read("3, [21..30]", "integer")
    assert wide.covers(narrow)
    assert not narrow.covers(wide)
    words, one = read('"a", "b"', "string"), read('"b"', "string")
    assert words.covers(one)
    assert not one.covers(words)
    assert not words.covers(wide)
    assert not wide.covers(words)


def test_two_conditions_meet_where_both_hold() -> None:
    assert read("<= 7", "integer").meets(read(">= 7", "integer"))
    assert not read("< 7", "integer").meets(read(">= 7", "integer"))
    assert read('"a", "b"', "string").meets(read('"b", "c"', "string"))
    assert not read('"a"', "string").meets(read('"b"', "string"))


def test_a_condition_turns_on_both_sides_of_its_ends() -> None:
    assert read("<= 7", "integer").turns() == (7, 8)
    assert read("[0..7], 9", "integer").turns() == (-1, 0, 7, 8, 9, 10)
    assert Within(((0, 7), (9, ENDLESS))).ends() == {0, 8, 9}
    assert read("true", "boolean").turns() == (True,)
