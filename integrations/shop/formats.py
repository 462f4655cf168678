"""Which format an order file has, by its first line, and the reader for it."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from enum import StrEnum
from typing import BinaryIO

from integrations.shop.json_lines import read_json_lines
from integrations.shop.lines import read_lines
from integrations.shop.outcomes import OrderRead, RowProblem, SourceRow
from integrations.shop.retail import RetailOptions, read_retail
from integrations.shop.retail_rows import COLUMNS, RetailReturn, is_header

Outcome = OrderRead | RetailReturn | RowProblem
JSON_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})


class OrderFormat(StrEnum):
    JSON_LINES = "json_lines"
    RETAIL = "retail"


class FormatUnknownError(Exception):
    """The file is in no format that can be read; `str(error)` says what was seen and what can be read."""


def recognise(file: BinaryIO, suffix: str) -> OrderFormat:
    """The format of a file at its beginning, where it is left again. `suffix` such as `.jsonl`, in any case.

    Raises `FormatUnknownError`: not UTF-8, no rows, another layout.
    """
    first = first_line(file)
    if suffix.lower() in JSON_LINES_SUFFIXES or first.text.startswith("{"):
        return OrderFormat.JSON_LINES
    if is_header(first.text):
        return OrderFormat.RETAIL
    if isinstance(first, RowProblem):
        raise FormatUnknownError(f"Its first line cannot be read: {first.sentence}")
    raise FormatUnknownError(
        "Its layout is not known: it must hold one JSON order a line, or be a CSV file whose first line is "
        f"{','.join(COLUMNS)}."
    )


def first_line(file: BinaryIO) -> SourceRow | RowProblem:
    """The first line that is not blank; the file is left at its beginning. Raises `FormatUnknownError`."""
    marks = file.read(1024)
    file.seek(0)
    if marks.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in marks:
        raise FormatUnknownError("It is not a UTF-8 text (it looks like UTF-16 or no text at all); save it as UTF-8.")
    first = next(read_lines(file), None)
    file.seek(0)
    if first is None:
        raise FormatUnknownError("It holds no rows.")
    return first


def read_orders(file: BinaryIO, found: OrderFormat, options: RetailOptions) -> Iterator[Outcome]:
    """All rows of the file; `options` say how the retail layout is read and mean nothing to JSON lines."""
    match found:
        case OrderFormat.JSON_LINES:
            return read_json_lines(file)
        case OrderFormat.RETAIL:
            return read_retail(file, options)
