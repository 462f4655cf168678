"""How large a version may be, so that a slip with a file neither fills the database nor holds a worker up (P5.1).

A few hundred times what a shop writes by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from policy.document import ROW_ID, Document
from policy.errors import PolicyError

MOST_BYTES: Final = 1_000_000
"""Of one file."""

DEEPEST: Final = 12
"""Objects and lists within each other; a table has six of them."""

MOST_ROWS: Final = 500
LONGEST_TEXT: Final = 1000
"""Of a cell, a description or an id, in characters."""


def text_of(file: Path) -> str:
    """A file of a version. Raises PolicyError for one that is too large, or no text in UTF-8."""
    if not file.is_file():
        raise PolicyError(f"{file.name} is no file.", table=file.stem)
    with file.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise PolicyError(f"the file is larger than {MOST_BYTES:,} bytes; no policy is.", table=file.stem)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = f"the file is no text in UTF-8 (byte {error.start + 1}); save it as UTF-8."
        raise PolicyError(why, table=file.stem) from error


def refuse_deep(name: str, content: object) -> None:
    """Raises PolicyError for what is nested deeper than any table, and for half a character in a text."""
    level: list[object] = [content]
    for _ in range(DEEPEST):
        for text in (each for each in level if isinstance(each, str)):
            _refuse_half_a_character(name, text)
        level = [part for each in level for part in _parts(each)]
        if not level:
            return
    raise PolicyError(f"its lists and objects are nested more than {DEEPEST} deep; no table is.", table=name)


def faults_of_size(name: str, document: Document) -> Iterator[PolicyError]:
    """What of a table is more than anybody reads."""
    rules = document.table.rules
    if len(rules) > MOST_ROWS:
        yield PolicyError(f"it has {len(rules):,} rows; at most {MOST_ROWS} are taken.", table=name)
    for rule in rules:
        for column, cell in rule.items():
            if len(cell) > LONGEST_TEXT:
                why = f"it holds {len(cell):,} characters; at most {LONGEST_TEXT:,} are taken."
                yield PolicyError(why, table=name, row=rule.get(ROW_ID, "")[:LONGEST_TEXT], column=column)


def _parts(value: object) -> Iterator[object]:
    match value:
        case dict():
            yield from value.keys()
            yield from value.values()
        case list():
            yield from value


def _refuse_half_a_character(name: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        why = f"half a character ({text[error.start]!a}) stands where a text should be."
        raise PolicyError(why, table=name) from error
