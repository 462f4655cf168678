"""What the warehouse states comes in as orders do: nothing is lost silently, and again changes nothing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.orders.importing import OrderFileError, import_orders
from cli.orders.warehouse import SHIPMENTS, STOCK, WarehouseReport, import_statements
from integrations.shop.outcomes import LeftOut
from storage.shop_facts import ShipmentBook, StockBook
from tests.cli.test_orders_importing import written
from tests.integrations.shop.statements import json_lines, line, order

PARCEL: dict[str, object] = {"order_id": "SO-1", "carrier": "sf", "lines": [{"line_id": "1", "shipped_sku": "CUP"}]}


def named(report: WarehouseReport) -> list[tuple[str, str, str]]:
    assert report.rejects is not None
    with report.rejects.open(encoding="utf-8", newline="") as file:
        return [(each["row"], each["reason"], each["field"]) for each in csv.DictReader(file)]


@pytest.fixture
async def with_order(engine: AsyncEngine, tmp_path: Path) -> AsyncEngine:
    """A database with order SO-1 of one line."""
    await import_orders(written(tmp_path, json_lines(order(lines=[line(sku="CUP")]))), engine)
    return engine


async def test_good_rows_between_bad_ones_come_in(with_order: AsyncEngine, tmp_path: Path) -> None:
    rows = json_lines("{", PARCEL, {**PARCEL, "order_id": "SO-9"}, {**PARCEL, "lines": [{"line_id": "9"}]}, {})
    report = await import_statements(written(tmp_path, rows, "sent.jsonl"), with_order, SHIPMENTS)
    assert report.taken == 1
    assert report.left_out == {LeftOut.NOT_JSON: 1, LeftOut.UNKNOWN_ORDER: 2, LeftOut.BAD_VALUE: 1}
    assert named(report) == [
        ("1", "not_json", ""),
        ("3", "unknown_order", ""),
        ("4", "unknown_order", ""),
        ("5", "bad_value", "order_id"),
    ]
    record = await ShipmentBook(with_order).shipment("SO-1")
    assert record is not None
    assert [each.ordered_sku for each in record.lines] == ["CUP"]


async def test_a_file_again_changes_nothing_and_an_older_count_stays_out(engine: AsyncEngine, tmp_path: Path) -> None:
    new = written(tmp_path, b"sku,available,counted_at\nCUP,3,2026-03-02T00:00:00Z\n", "new.csv")
    old = written(tmp_path, b"sku,available,counted_at\nCUP,9,2026-03-01T00:00:00Z\n", "old.csv")
    for _ in range(2):
        assert await import_statements(new, engine, STOCK) == WarehouseReport(1, {}, None)
    report = await import_statements(old, engine, STOCK, tmp_path / "left.csv")
    assert (report.taken, named(report)) == (0, [("2", "outdated", "")])
    found = await StockBook(engine).instead_of("SO-1", "1", "CUP")
    assert found is not None
    assert found.available == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"a,b\n1,2\n", "layout is not known"), (b"sku,available\n", "no rows below"), (b"", "holds no rows")],
)
async def test_a_file_that_is_none_of_the_warehouses_is_refused_as_a_whole(
    engine: AsyncEngine, tmp_path: Path, content: bytes, says: str
) -> None:
    with pytest.raises(OrderFileError, match=says):
        await import_statements(written(tmp_path, content, "stock.csv"), engine, STOCK)


async def test_what_is_left_out_is_never_written_over_the_file(engine: AsyncEngine, tmp_path: Path) -> None:
    path = written(tmp_path, b"sku\n", "stock.csv")
    with pytest.raises(OrderFileError, match="is the file to import"):
        await import_statements(path, engine, STOCK, path)
    with pytest.raises(OrderFileError, match="cannot be read"):
        await import_statements(tmp_path / "nothing.csv", engine, STOCK)
