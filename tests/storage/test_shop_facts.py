"""The last word of the warehouse counts, blanks say nothing, and each of the shop's ports is answered from it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.particulars import AccountStanding, ShipmentRecord, ShippedLine, StockLine
from domain.orders import OrderRecord
from domain.warehouse import Parcel, ParcelLine, StockCount
from storage.orders import save_orders
from storage.shop_facts import AccountBook, ShipmentBook, StockBook, save_counts, save_parcels
from tests.storage.builders import NOON, order_record

DAY = timedelta(days=1)
MUGS = ParcelLine(line_id="mugs", picked_sku="MUG", shipped_sku="PLATE", quantity=10, expected_g=4000, weighed_g=3900)
SENT = Parcel(order_id="order-1", carrier="sf", tracking="SF1", shipped_at=NOON, lines=(MUGS,))


async def record_of(engine: AsyncEngine, order_id: str = "order-1") -> ShipmentRecord | None:
    return await ShipmentBook(engine).shipment(order_id)


async def available(engine: AsyncEngine, sku: str = "CUP-L") -> StockLine | None:
    return await StockBook(engine).instead_of("order-1", "mugs", sku)


def count(left: int, days: int = 0, sku: str = "CUP-L") -> StockCount:
    return StockCount(sku=sku, available=left, counted_at=NOON + days * DAY)


async def test_a_parcel_is_read_with_what_was_ordered(engine: AsyncEngine, stored_order: OrderRecord) -> None:
    assert await save_parcels(engine, [SENT]) == ("",)
    line = ShippedLine(
        line_id="mugs",
        ordered_sku=stored_order.lines[0].sku,
        picked_sku="MUG",
        shipped_sku="PLATE",
        shipped_quantity=10,
        expected_g=4000,
        weighed_g=3900,
    )
    assert await record_of(engine) == ShipmentRecord(carrier="sf", tracking="SF1", shipped_at=NOON, lines=(line,))


@pytest.mark.usefixtures("stored_order")
async def test_an_order_that_nobody_sent_has_no_record(engine: AsyncEngine) -> None:
    assert await record_of(engine) is None
    await save_parcels(engine, [Parcel(order_id="order-1", carrier="sf")])
    assert await record_of(engine) == ShipmentRecord(carrier="sf"), "a parcel need not name its lines"


@pytest.mark.usefixtures("stored_order")
async def test_the_last_statement_counts_and_its_blanks_say_nothing(engine: AsyncEngine) -> None:
    weighed = ParcelLine(line_id="mugs", shipped_sku="MUG", weighed_g=4100)
    arrived = Parcel(order_id="order-1", delivered_at=NOON + DAY, lines=(weighed,))
    await save_parcels(engine, [SENT, arrived])
    record = await record_of(engine)
    assert record is not None
    assert (record.carrier, record.shipped_at, record.delivered_at) == ("sf", NOON, NOON + DAY)
    (line,) = record.lines
    assert (line.picked_sku, line.shipped_sku, line.expected_g, line.weighed_g) == ("MUG", "MUG", 4000, 4100)
    await save_parcels(engine, [SENT, arrived])
    assert await record_of(engine) == record, "the same again changes nothing"


async def test_what_no_stored_order_has_is_named_and_the_others_are_taken(engine: AsyncEngine) -> None:
    await save_orders(engine, [order_record()])
    lamp = ParcelLine(line_id="lamp")
    strange = SENT.model_copy(update={"carrier": "ups", "lines": (MUGS, lamp)})
    why = await save_parcels(engine, [Parcel(order_id="order-9"), strange, SENT])
    assert why == ("No order order-9 is stored; import the orders first.", "Order order-1 has no line lamp.", "")
    record = await record_of(engine)
    assert record is not None
    assert record.carrier == "sf", "of a parcel that is left out nothing is stored"


@pytest.mark.usefixtures("stored_order")
async def test_two_imports_at_once_end_in_one_of_the_two_words(engine: AsyncEngine) -> None:
    other = SENT.model_copy(update={"carrier": "ups"})
    await asyncio.gather(*(save_parcels(engine, [parcel]) for parcel in (SENT, other) * 4))
    record = await record_of(engine)
    assert record is not None
    assert record.carrier in ("sf", "ups")


async def test_the_latest_count_stays_and_an_older_one_is_named(engine: AsyncEngine) -> None:
    assert await available(engine) is None
    assert await save_counts(engine, [count(5), count(3, days=1)]) == ("", "")
    assert await available(engine) == StockLine(line_id="mugs", sku="CUP-L", available=3)
    why = await save_counts(engine, [count(9), count(2, sku="CUP-S"), count(3, days=1)])
    assert why == (f"CUP-L was counted again at {(NOON + DAY).isoformat()}.", "", "")
    assert [each and each.available for each in (await available(engine), await available(engine, "CUP-S"))] == [3, 2]
    assert await save_counts(engine, [count(0, days=1)]) == ("",)
    assert await available(engine) == StockLine(line_id="mugs", sku="CUP-L", available=0), "nothing left is an answer"


async def test_less_than_nothing_is_never_in_stock(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match="not_below_zero"):
        await save_counts(engine, [count(-1)])


async def test_an_account_stands_as_the_shop_last_stated_it(engine: AsyncEngine) -> None:
    book = AccountBook(engine)
    assert await book.standing("customer-1") is None
    first = order_record()
    await save_orders(engine, [first])
    assert await book.standing("customer-1") == AccountStanding()
    closed = first.account.model_copy(update={"state": "closed", "contact_verified": True, "since": NOON})
    await save_orders(engine, [first.model_copy(update={"account": closed})])
    assert await book.standing("customer-1") == AccountStanding(state="closed", contact_verified=True, since=NOON)
