"""Parcels and stock counts from the warehouse's files: JSON lines or CSV with named columns (`docs/order-files.md`)."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, BinaryIO, Final, Generic, NamedTuple, TypeVar

from pydantic import Field, ValidationError

from aftersales.contract.values import OpaqueId
from domain.warehouse import Parcel, ParcelLine, StockCount
from integrations.shop.formats import JSON_LINES_SUFFIXES, FormatUnknownError, first_line
from integrations.shop.json_lines import wrong_value
from integrations.shop.lines import read_lines
from integrations.shop.outcomes import LeftOut, RowLeftOutError, RowProblem, SourceRow
from integrations.shop.statement import Moment, Statement, Words

StatedT = TypeVar("StatedT", Parcel, StockCount)

Pieces = Annotated[int, Field(ge=0, le=1_000_000)]
Grams = Annotated[int, Field(ge=0, le=100_000_000)]
Sku = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:@/\-]+$")]
"""As an application names what it wants instead."""


class ParcelLineStatement(Statement):
    line_id: OpaqueId
    picked_sku: Words = ""
    shipped_sku: Words = ""
    quantity: Pieces = 0
    expected_g: Grams = 0
    weighed_g: Grams = 0


class ParcelStatement(Statement):
    order_id: OpaqueId
    carrier: Words = ""
    tracking: Words = ""
    shipped_at: Moment | None = None
    delivered_at: Moment | None = None
    lines: Annotated[tuple[ParcelLineStatement, ...], Field(max_length=1000)] = ()


class StockStatement(Statement):
    sku: Sku
    available: Pieces
    counted_at: Moment


class Stated(NamedTuple, Generic[StatedT]):
    """What a row says, and the row."""

    record: StatedT
    row: SourceRow


@dataclass(frozen=True)
class Layout(Generic[StatedT]):
    """`columns`: those of the CSV file, the first of which no file does without; `line_columns`: those of them that
    are about one order line; `numbers`: those that hold numbers. `read` takes a row as JSON and raises ValidationError.
    """

    columns: tuple[str, ...]
    line_columns: frozenset[str]
    numbers: frozenset[str]
    read: Callable[[str], StatedT]


def _parcel(text: str) -> Parcel:
    stated = ParcelStatement.model_validate_json(text)
    return Parcel(
        order_id=stated.order_id,
        carrier=stated.carrier,
        tracking=stated.tracking,
        shipped_at=stated.shipped_at and stated.shipped_at.astimezone(UTC),
        delivered_at=stated.delivered_at and stated.delivered_at.astimezone(UTC),
        lines=tuple(ParcelLine(**dict(line)) for line in stated.lines),
    )


def _count(text: str) -> StockCount:
    stated = StockStatement.model_validate_json(text)
    return StockCount(sku=stated.sku, available=stated.available, counted_at=stated.counted_at.astimezone(UTC))


_WHOLE: Final = re.compile(r"-?[0-9]{1,12}")
_OF_A_LINE: Final = tuple(ParcelLineStatement.model_fields)
PARCELS: Final = Layout(
    columns=(*(name for name in ParcelStatement.model_fields if name != "lines"), *_OF_A_LINE),
    line_columns=frozenset(_OF_A_LINE),
    numbers=frozenset({"quantity", "expected_g", "weighed_g"}),
    read=_parcel,
)
COUNTS: Final = Layout(
    columns=tuple(StockStatement.model_fields),
    line_columns=frozenset(),
    numbers=frozenset({"available"}),
    read=_count,
)


def read_statements(file: BinaryIO, suffix: str, layout: Layout[StatedT]) -> Iterator[Stated[StatedT] | RowProblem]:
    """All rows of the file but a CSV file's header. Raises `FormatUnknownError` before the first of them."""
    first = first_line(file)
    if suffix.lower() in JSON_LINES_SUFFIXES or first.text.startswith("{"):
        return _read(read_lines(file), layout, ())
    header = _header(first, layout)
    rows = read_lines(file)
    next(rows)
    return _read(rows, layout, header)


def _header(first: SourceRow | RowProblem, layout: Layout[StatedT]) -> tuple[str, ...]:
    try:
        named = tuple(_cells(first.text))
    except RowLeftOutError as error:
        raise FormatUnknownError(f"Its first line cannot be read: {error}") from error
    if layout.columns[0] not in named or not set(named) <= set(layout.columns) or len(set(named)) < len(named):
        raise FormatUnknownError(
            "Its layout is not known: it must hold one JSON object a line, or be a CSV file whose first line names "
            f"its columns, {layout.columns[0]} and whichever is there of {', '.join(layout.columns[1:])}."
        )
    return named


def _read(
    rows: Iterator[SourceRow | RowProblem], layout: Layout[StatedT], header: Sequence[str]
) -> Iterator[Stated[StatedT] | RowProblem]:
    for row in rows:
        if isinstance(row, RowProblem):
            yield row
            continue
        try:
            yield Stated(_record(row.text, layout, header), row)
        except RowLeftOutError as error:
            yield row.left_out(error.reason, str(error), error.field)


def _record(text: str, layout: Layout[StatedT], header: Sequence[str]) -> StatedT:
    """`header`: the columns of CSV; without, the row is JSON. Raises `RowLeftOutError`."""
    try:
        return layout.read(_as_json(text, layout, header) if header else text)
    except ValidationError as error:
        raise wrong_value(error) from error


def _as_json(text: str, layout: Layout[StatedT], header: Sequence[str]) -> str:
    """A row of CSV as the JSON it stands for; an empty cell says nothing."""
    cells = _cells(text)
    if len(cells) != len(header):
        raise RowLeftOutError(LeftOut.COLUMN_COUNT, f"The row has {len(cells)} columns instead of {len(header)}.")
    said = {name: _value(cell, name in layout.numbers) for name, cell in zip(header, cells, strict=True)}
    there = {name: value for name, value in said.items() if value != ""}
    line = {name: value for name, value in there.items() if name in layout.line_columns}
    whole = {name: value for name, value in there.items() if name not in layout.line_columns}
    return json.dumps(whole | {"lines": [line]} if line else whole)


def _cells(text: str) -> list[str]:
    # Each line is parsed alone: a quote that is never closed would else swallow every row after it.
    try:
        return [cell.strip() for cell in next(csv.reader([text], strict=True))]
    except csv.Error as error:
        raise RowLeftOutError(LeftOut.COLUMN_COUNT, f"The row's quotes do not fit together ({error}).") from error


def _value(cell: str, number: bool) -> str | int:
    return int(cell) if number and _WHOLE.fullmatch(cell) else cell
