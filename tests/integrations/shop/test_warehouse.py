"""Parcels and counts are read from JSON lines and from CSV alike; a bad row is named and stops no other."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from domain.warehouse import Parcel, ParcelLine, StockCount
from integrations.shop.formats import FormatUnknownError
from integrations.shop.outcomes import LeftOut, RowProblem
from integrations.shop.warehouse import COUNTS, PARCELS, Stated, read_statements

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LINE = ParcelLine(line_id="1", picked_sku="MUG", shipped_sku="MUG", quantity=2, expected_g=760, weighed_g=748)
PARCEL = Parcel(order_id="SO-1", carrier="sf", tracking="SF1", shipped_at=AT, delivered_at=AT, lines=(LINE,))
AS_JSON = (
    '{"order_id": "SO-1", "carrier": "sf", "tracking": "SF1", "shipped_at": "2026-03-02T09:00:00+08:00", '
    '"delivered_at": "2026-03-02T01:00:00Z", "lines": [{"line_id": "1", "picked_sku": "MUG", "shipped_sku": "MUG", '
    '"quantity": 2, "expected_g": 760, "weighed_g": 748}]}'
)
AS_CSV = ",".join(PARCELS.columns) + (
    '\nSO-1, sf ,SF1,2026-03-02T09:00:00+08:00,2026-03-02T01:00:00Z,1,"MUG",MUG,2,760,748\n'
)
COUNTED = "sku,available,counted_at\n"


def parcels(text: str, suffix: str = ".csv") -> list[Stated[Parcel] | RowProblem]:
    return list(read_statements(BytesIO(text.encode()), suffix, PARCELS))


def counts(text: str, suffix: str = ".csv") -> list[Stated[StockCount] | RowProblem]:
    return list(read_statements(BytesIO(text.encode()), suffix, COUNTS))


def problem(text: str) -> tuple[int, LeftOut, str]:
    """The one row that is left out of a file of counts."""
    (found,) = [each for each in counts(text) if isinstance(each, RowProblem)]
    return found.row, found.reason, found.field


@pytest.mark.parametrize(("text", "suffix"), [(AS_JSON, ".jsonl"), (AS_JSON, ".txt"), (AS_CSV, ".csv")])
def test_a_parcel_reads_the_same_in_both_formats(text: str, suffix: str) -> None:
    assert [each.record for each in parcels(text, suffix) if isinstance(each, Stated)] == [PARCEL]


def test_columns_may_be_few_and_in_any_order_and_an_empty_cell_says_nothing() -> None:
    read = parcels("delivered_at,order_id,weighed_g,line_id\n2026-03-02T01:00:00Z,SO-1,748,1\n,SO-2,,\n")
    first = Parcel(order_id="SO-1", delivered_at=AT, lines=(ParcelLine(line_id="1", weighed_g=748),))
    assert [each.record for each in read if isinstance(each, Stated)] == [first, Parcel(order_id="SO-2")]


def test_a_count_is_read_in_both_formats() -> None:
    as_csv = counts(f"{COUNTED}CUP-L,3,2026-03-02T01:00:00Z\n")
    as_json = counts('{"sku": "CUP-L", "available": 3, "counted_at": "2026-03-02T01:00:00Z"}')
    for read in (as_csv, as_json):
        assert [each.record for each in read if isinstance(each, Stated)] == [
            StockCount(sku="CUP-L", available=3, counted_at=AT)
        ]


def test_what_the_document_shows_is_read() -> None:
    shown = (Path(__file__).parents[3] / "docs" / "order-files.md").read_text(encoding="utf-8")
    sent, counted = re.findall(r"^\{.*\}$", shown.partition("## Shipments and stock")[2], re.MULTILINE)
    (table,) = re.findall(r"^order_id,.*\n.*\n", shown, re.MULTILINE)
    (in_json,), (in_csv,), (in_stock,) = parcels(sent), parcels(table), counts(counted)
    assert isinstance(in_json, Stated)
    assert isinstance(in_csv, Stated)
    assert isinstance(in_stock, Stated)
    assert in_csv.record == in_json.record.model_copy(update={"delivered_at": None})
    assert in_stock.record.sku == "BOOTS-43"


@pytest.mark.parametrize(
    ("row", "reason", "field"),
    [
        (",3,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "sku"),
        ("CUP L,3,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "sku"),
        ("CUP,,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        ("CUP,-1,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        ("CUP,2.5,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        ("CUP,1e3,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        ("CUP,٣,2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        (f"CUP,{'9' * 5000},2026-03-02T01:00:00Z", LeftOut.BAD_VALUE, "available"),
        ("CUP,3,2026-03-02T01:00:00", LeftOut.BAD_VALUE, "counted_at"),
        ("CUP,3", LeftOut.COLUMN_COUNT, ""),
        ('CUP,3,"2026', LeftOut.COLUMN_COUNT, ""),
    ],
)
def test_a_bad_row_is_named_by_its_number_and_field_and_the_next_is_read(row: str, reason: LeftOut, field: str) -> None:
    text = f"{COUNTED}{row}\nCUP-L,3,2026-03-02T01:00:00Z\n"
    assert problem(text) == (2, reason, field)
    assert sum(isinstance(each, Stated) for each in counts(text)) == 1


def test_a_bad_line_of_a_parcel_is_named_by_its_place() -> None:
    (found,) = parcels(AS_JSON.replace('"weighed_g": 748', '"weighed_g": -1'))
    assert isinstance(found, RowProblem)
    assert (found.reason, found.field) == (LeftOut.BAD_VALUE, "lines.0.weighed_g")
    (misspelt,) = parcels(AS_JSON.replace("delivered_at", "deliverd_at"))
    assert isinstance(misspelt, RowProblem)
    assert misspelt.field == "deliverd_at", "what is not known is refused, as in orders"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no rows"),
        ("sku,available\n".encode("utf-16"), "UTF-8"),
        (b"sku,left,counted_at\n", "first line names its columns, sku and whichever is there of available, counted_at"),
        (b"available,counted_at\n", "layout is not known"),
        (b"sku,sku\n", "layout is not known"),
        (b'sku,"available\n', "quotes do not fit"),
        (b"\xff\n", "layout is not known"),
    ],
)
def test_a_file_of_another_layout_is_refused_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(FormatUnknownError, match=says):
        read_statements(BytesIO(content), ".csv", COUNTS)
