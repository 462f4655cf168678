"""What may stand in a cell, and how what may not is told (P5.1)."""

from __future__ import annotations

import pytest

from policy.cells import value_of, why_condition_refused, why_value_refused
from policy.document import FactType, Property

WORDS = Property(type="string", enum=("a", "b"), examples=("c",))
NUMBER = Property(type="integer")
SWITCH = Property(type="boolean")


@pytest.mark.parametrize(
    ("cell", "prop"),
    [
        ("", NUMBER),
        ('"a"', WORDS),
        ('"a", "c"', WORDS),
        ("7", NUMBER),
        ("-7", NUMBER),
        ("<= 7", NUMBER),
        ("<=7", NUMBER),
        ("[-1..7]", NUMBER),
        ("0, [5..9], > 20", NUMBER),
        ("> 2 and < 9", NUMBER),
        ("true", SWITCH),
        ("false", SWITCH),
    ],
)
def test_a_sound_condition_is_taken(cell: str, prop: Property) -> None:
    assert why_condition_refused(cell, prop) is None


@pytest.mark.parametrize(
    ("cell", "prop", "sentence"),
    [
        ('"a', WORDS, "does not parse"),
        ("a", WORDS, "write texts in quotation marks"),
        ('"d"', WORDS, "'d' is not a known value; the schema lists a, b, c"),
        ('"a" "b"', WORDS, "does not parse"),
        ('"a, b"', WORDS, "'a, b' is not a known value"),
        ('"A"', WORDS, "'A' is not a known value"),
        ('"a", "a"', WORDS, "names a value twice"),
        ("“a”", WORDS, "does not parse"),
        (" ", NUMBER, "not"),
        ("7.5", NUMBER, "write whole numbers"),
        ("07", NUMBER, "write whole numbers"),
        ("-0", NUMBER, "write whole numbers"),
        ("1E+05", NUMBER, "not"),
        ("5,000", NUMBER, "write whole numbers"),
        ("≤ 7", NUMBER, "does not parse"),
        ("<= 7\r", NUMBER, "not"),
        ("=7", NUMBER, "not"),
        ("2026-12-01", NUMBER, "write whole numbers"),
        ("７", NUMBER, "does not parse"),
        ("1_000", NUMBER, "not"),
        ("(0..7]", NUMBER, "write whole numbers"),
        ("[7..0]", NUMBER, r"the range [7..0] is empty"),
        ("> 9 and < 2", NUMBER, "no number is within both bounds"),
        ("amount > 7", NUMBER, "write whole numbers"),
        ("9999999999999999", NUMBER, "write whole numbers"),
        ("tru", SWITCH, "write true or false"),
        ("True", SWITCH, "write true or false"),
        ("是", SWITCH, "not"),
        ('"a\u200b"', WORDS, "is not a known value"),
        ('"ａ"', WORDS, "is not a known value"),
        ("true, false", SWITCH, "write true or false"),
    ],
)
def test_any_other_condition_is_refused_with_what_to_write(cell: str, prop: Property, sentence: str) -> None:
    why = why_condition_refused(cell, prop)
    assert why is not None
    assert sentence in why
    assert why.endswith(".")


def test_a_condition_below_everything_that_the_fact_can_be_is_refused() -> None:
    assert why_condition_refused("< 0", NUMBER) is None
    assert why_condition_refused("< 0", NUMBER, lowest=0) == "it never holds: the value is never below 0."


@pytest.mark.parametrize(
    ("cell", "prop", "value"), [('"a"', WORDS, "a"), ("-3", NUMBER, -3), ("0", NUMBER, 0), ("true", SWITCH, True)]
)
def test_a_sound_answer_is_just_the_value_that_stands_there(cell: str, prop: Property, value: object) -> None:
    assert why_value_refused(cell, prop) is None
    assert value_of(cell) == value


@pytest.mark.parametrize(
    ("cell", "type_"),
    [
        ("", "string"),
        ('"a", "b"', "string"),
        ('"d"', "string"),
        ("<= 7", "integer"),
        ("1 + 1", "integer"),
        ("1", "boolean"),
    ],
)
def test_any_other_answer_is_refused(cell: str, type_: FactType) -> None:
    words = ("a", "b") if type_ == "string" else ()
    assert why_value_refused(cell, Property(type=type_, enum=words)) is not None
