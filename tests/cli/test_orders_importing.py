"""An import loses nothing silently, changes nothing twice, and says of every row what became of it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.commands.errors import CommandError
from cli.orders.importing import ImportReport, OrderFileError, import_orders, recent_shift
from cli.orders.rejects import COLUMNS, rejects_beside
from integrations.shop.outcomes import LeftOut
from integrations.shop.retail import RetailOptions
from storage.orders import BATCH
from storage.store import SqlStore
from storage.tables import ORDERS
from tests.cli.retail_files import NOW, SOURCES, recent, retail_source
from tests.integrations.shop.statements import json_lines, line, order, retail_file, row, tender


@pytest.fixture(params=SOURCES)
def retail(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return retail_source(request.param, tmp_path)


def written(folder: Path, content: bytes, name: str = "orders.jsonl") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def rejected(report: ImportReport) -> list[Mapping[str, str]]:
    assert report.rejects is not None
    with report.rejects.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def left_out_files(folder: Path) -> list[Path]:
    return list(folder.glob("*.left-out.csv"))


async def orders_stored(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(ORDERS))).scalar_one())


async def test_every_row_of_a_retail_file_is_in_an_order_or_named(
    engine: AsyncEngine, retail: Path, tmp_path: Path
) -> None:
    report = await import_orders(retail, engine, rejects=tmp_path / "left.csv")
    with retail.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    named = rejected(report)
    assert report.rows == len(rows) == report.rows_in_orders + len(named)
    assert [int(one["row"]) for one in named] == sorted({int(one["row"]) for one in named})
    assert report.left_out[LeftOut.RETURN] == sum(one["InvoiceNo"].startswith("C") for one in rows)
    without_customer = sum(not one["CustomerID"] and not one["InvoiceNo"].startswith("C") for one in rows)
    assert report.left_out[LeftOut.NO_CUSTOMER] == without_customer
    assert report.inserted == report.orders == await orders_stored(engine)


async def test_importing_a_file_again_changes_nothing(engine: AsyncEngine, retail: Path, tmp_path: Path) -> None:
    options = recent(retail)
    first = await import_orders(retail, engine, options=options, rejects=tmp_path / "first.csv")
    again = await import_orders(retail, engine, options=options, rejects=tmp_path / "again.csv")
    assert (again.inserted, again.unchanged, again.updated) == (0, first.inserted, 0)
    assert (again.rows, again.left_out) == (first.rows, first.left_out)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "again.csv").read_bytes()


async def test_the_real_slice_gives_its_four_hundred_orders(engine: AsyncEngine, tmp_path: Path) -> None:
    path = retail_source("real", tmp_path)
    report = await import_orders(path, engine, rejects=tmp_path / "left.csv")
    assert report.rows == 10_000
    assert 380 <= report.inserted <= 460  # 400 in the real file
    assert report.left_out[LeftOut.NO_PRICE] == 1


async def test_another_shift_makes_other_orders_and_they_stay_out(engine: AsyncEngine, tmp_path: Path) -> None:
    path = written(tmp_path, retail_file(row(), row(StockCode="71053")), "sales.csv")
    await import_orders(path, engine)
    report = await import_orders(path, engine, options=RetailOptions(shift_days=1))
    assert (report.conflicts, report.left_out, report.rows_in_orders) == (("536365",), {LeftOut.CONFLICT: 2}, 0)
    assert [one["row"] for one in rejected(report)] == ["2", "3"]


async def test_news_of_payment_and_delivery_come_in_and_other_lines_do_not(engine: AsyncEngine, tmp_path: Path) -> None:
    await import_orders(written(tmp_path, json_lines(order(delivered_at=None, paid=False))), engine)
    news = await import_orders(written(tmp_path, json_lines(order())), engine)
    assert (news.updated, news.unchanged, news.rejects) == (1, 0, None)
    dearer = order(lines=[line(unit_price_minor=6_000)], tenders=[tender(12_700)])
    refused = await import_orders(written(tmp_path, json_lines(dearer)), engine)
    assert refused.conflicts == ("SO-1",)
    assert "what was bought never changes" in rejected(refused)[0]["problem"]
    async with SqlStore(engine).begin() as unit:
        stored = await unit.order("SO-1")
    assert stored is not None
    assert (stored.paid, stored.lines[0].frozen.worth().goods_minor) == (True, 10_000)


async def test_good_lines_between_bad_ones_come_in(engine: AsyncEngine, tmp_path: Path) -> None:
    path = written(tmp_path, json_lines("{", order(), order(currency=""), order(), order(order_id="SO-2")))
    report = await import_orders(path, engine)
    assert (report.inserted, report.rows, report.rows_in_orders) == (2, 5, 2)
    assert report.left_out == {LeftOut.NOT_JSON: 1, LeftOut.BAD_VALUE: 1, LeftOut.DUPLICATE_ORDER: 1}
    assert report.rejects == path.with_name("orders.jsonl.left-out.csv")
    named = rejected(report)
    assert [(one["row"], one["reason"], one["field"]) for one in named] == [
        ("1", "not_json", ""),
        ("3", "bad_value", "currency"),
        ("4", "duplicate_order", "order_id"),
    ]
    assert named[0]["text"] == "{"
    assert tuple(named[0]) == COLUMNS


async def test_a_clean_import_leaves_no_file_behind(engine: AsyncEngine, tmp_path: Path) -> None:
    report = await import_orders(written(tmp_path, json_lines(order())), engine)
    assert report.rejects is None
    assert not left_out_files(tmp_path)


async def test_progress_ends_at_the_size_of_the_file(engine: AsyncEngine, tmp_path: Path) -> None:
    many = [order(order_id=f"SO-{place}") for place in range(BATCH + 1)]
    path = written(tmp_path, json_lines(*many))
    seen: list[int] = []
    report = await import_orders(path, engine, progress=seen.append)
    assert report.inserted == len(many)
    assert len(seen) == 2
    assert seen == sorted(seen)
    assert seen[-1] == path.stat().st_size


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "holds no rows"), (b"a,b\n1,2\n", "layout is not known"), (retail_file(), "no rows below its header")],
)
async def test_a_file_that_is_no_order_file_is_refused_as_a_whole(
    engine: AsyncEngine, tmp_path: Path, content: bytes, says: str
) -> None:
    with pytest.raises(OrderFileError, match=says):
        await import_orders(written(tmp_path, content, "orders.csv"), engine)


async def test_a_missing_file_and_a_folder_are_refused(engine: AsyncEngine, tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="No such file"):
        await import_orders(tmp_path / "nothing.jsonl", engine)
    with pytest.raises(OrderFileError, match="directory"):
        await import_orders(tmp_path, engine)


async def test_the_order_file_is_never_overwritten_by_its_own_rejects(engine: AsyncEngine, tmp_path: Path) -> None:
    path = written(tmp_path, json_lines("{"))
    with pytest.raises(OrderFileError, match="name another one"):
        await import_orders(path, engine, rejects=tmp_path / "." / path.name)
    assert path.read_bytes() == b"{"


async def test_rejects_that_cannot_be_written_stop_the_import(engine: AsyncEngine, tmp_path: Path) -> None:
    path = written(tmp_path, json_lines(order(), "{"))
    with pytest.raises(CommandError, match="--left-out"):
        await import_orders(path, engine, rejects=tmp_path / "no" / "such" / "folder.csv")


def test_rejects_go_to_the_current_folder_where_none_may_be_written_beside_the_file() -> None:
    assert rejects_beside(Path("/proc/sys/orders.csv")) == Path("orders.csv.left-out.csv")


def test_only_files_of_the_retail_layout_are_shifted(tmp_path: Path) -> None:
    with pytest.raises(OrderFileError, match="not shifted"):
        recent_shift(written(tmp_path, json_lines(order())), NOW, 2)
    with pytest.raises(OrderFileError, match="holds no order"):
        recent_shift(written(tmp_path, retail_file(row(CustomerID="")), "sales.csv"), NOW, 2)
