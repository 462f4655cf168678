"""What may stand in a cell: a small language on top of the engine's, in which a slip of the pen is an error.

The engine takes `tru` or `chnged_mind` for the name of something absent: such a cell compiles and never holds.
So a cell is compiled, and besides it must be one of

* a text column: `"a"` or `"a", "b"`, each of them listed in the schema;
* an integer column: `7`, `<= 7`, `[0..7]`, several of these by commas, or two bounds with `and`;
* a yes-or-no column: `true` or `false`;

and the engine must answer just as we read it, on both sides of every value that it names. An empty condition holds for
everything. Fractions are refused: amounts are integers of minor units.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

import zen

from policy.document import FactType, Property
from policy.readings import Reading, Within, read

_WHOLE = "(?:0|-?[1-9][0-9]{0,14})"
_BOUND = rf"(?:<=|>=|<|>) ?{_WHOLE}"
_RANGE = rf"\[{_WHOLE}\.\.{_WHOLE}\]"
_INTEGER = rf"(?:{_BOUND}|{_RANGE}|{_WHOLE})"
_TEXT = r'"[^"\\]*"'
_CONDITIONS: Final[dict[FactType, re.Pattern[str]]] = {
    "string": re.compile(rf"{_TEXT}(?:, ?{_TEXT})*"),
    "integer": re.compile(rf"{_INTEGER}(?:, ?{_INTEGER})*|{_BOUND} and {_BOUND}"),
    "boolean": re.compile("true|false"),
}
_VALUES: Final[dict[FactType, re.Pattern[str]]] = {
    "string": re.compile(_TEXT),
    "integer": re.compile(_WHOLE),
    "boolean": re.compile("true|false"),
}
_EXPECTED: Final[dict[FactType, str]] = {
    "string": 'texts in quotation marks, such as "a", "b"',
    "integer": "whole numbers, such as <= 7 or [0..7]",
    "boolean": "true or false",
}
_RANGE_ENDS: Final = re.compile(r"\[(-?[0-9]+)\.\.(-?[0-9]+)\]")


def why_condition_refused(cell: str, fact: Property, lowest: int | None = None) -> str | None:
    """Why a cell of an input column is refused, or None if it is sound. `lowest`: the least value the fact can have."""
    if not cell:
        return None
    return (
        _why_not_compiled(cell, zen.compile_unary_expression)
        or _why_not_of_form(cell, fact.type, _CONDITIONS)
        or _why_value_unknown(cell, fact)
        or _why_range_empty(cell)
        or _why_it_never_holds(read(cell, fact.type), lowest)
        or _why_the_engine_differs(cell, fact)
    )


def why_value_refused(cell: str, part: Property) -> str | None:
    """Why a cell of an output column is refused, or None if it is sound."""
    return (
        _why_not_compiled(cell, zen.compile_expression)
        or _why_not_of_form(cell, part.type, _VALUES)
        or _why_value_unknown(cell, part)
    )


def value_of(cell: str) -> object:
    """What a sound output cell stands for; such a cell is also JSON."""
    value: object = json.loads(cell)
    return value


def engine_words(error: Exception) -> str:
    """What the engine says is wrong, without its stack."""
    first_line = str(error).partition("\n")[0]
    try:
        return str(json.loads(first_line)["source"])
    except (ValueError, KeyError, TypeError):
        return first_line


def _why_not_compiled(cell: str, compiler: Callable[[str], object]) -> str | None:
    try:
        compiler(cell)
    except RuntimeError as error:
        return f"{cell!r} does not parse: {engine_words(error)}."
    return None


def _why_not_of_form(cell: str, type_: FactType, forms: dict[FactType, re.Pattern[str]]) -> str | None:
    if forms[type_].fullmatch(cell):
        return None
    return f"{cell!r} is not understood; write {_EXPECTED[type_]}."


def _why_value_unknown(cell: str, prop: Property) -> str | None:
    if prop.type != "string":
        return None
    named = re.findall(r'"([^"]*)"', cell)
    if len(named) != len(set(named)):
        return f"{cell!r} names a value twice."
    unknown = [text for text in named if text not in prop.words]
    if not unknown:
        return None
    return f"{unknown[0]!r} is not a known value; the schema lists {', '.join(prop.words) or 'none'}."


def _why_range_empty(cell: str) -> str | None:
    for low, high in _RANGE_ENDS.findall(cell):
        if int(low) > int(high):
            return f"the range [{low}..{high}] is empty."
    return None


def _why_it_never_holds(reading: Reading, lowest: int | None) -> str | None:
    if not isinstance(reading, Within):
        return None
    if not reading.spans:
        return "no number is within both bounds."
    if lowest is not None and reading.spans[-1][1] < lowest:
        return f"it never holds: the value is never below {lowest}."
    return None


def _why_the_engine_differs(cell: str, fact: Property) -> str | None:
    """A cell is believed only where the engine's answers are those of our own reading."""
    reading = read(cell, fact.type)
    for value in (*reading.turns(), *fact.words, *((True, False) if fact.type == "boolean" else ())):
        if bool(zen.evaluate_unary_expression(cell, {"$": value})) is not reading.holds(value):
            return f"the engine reads {cell!r} otherwise for the value {value!r}; write it in a simpler way."
    return None
