"""Orders are taken in once; nothing is changed silently, nothing lost silently."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import Account, Order
from domain.allocation import FrozenLine, Run
from domain.orders import OrderRecord, RecordLine, RecordTender
from storage import orders
from storage.orders import save_orders
from storage.store import SqlStore
from storage.tables import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS
from tests.storage.builders import NOON, account, order_record


async def row_counts(engine: AsyncEngine) -> list[int]:
    async with engine.connect() as connection:
        return [
            int((await connection.execute(select(func.count()).select_from(table))).scalar_one())
            for table in (ACCOUNTS, ORDERS, ORDER_LINES, TENDERS)
        ]


async def read(store: SqlStore, order_id: str) -> Order:
    async with store.begin() as unit:
        order = await unit.order(order_id)
    assert order is not None
    return order


def line(line_id: str) -> RecordLine:
    frozen = FrozenLine(line_id=line_id, runs=(Run(count=1, goods_minor=5),))
    return RecordLine(sku=line_id, title="", category="", final_sale=True, frozen=frozen)


async def test_the_same_orders_again_change_nothing(engine: AsyncEngine) -> None:
    records = [order_record("order-1"), order_record("order-2")]
    assert await save_orders(engine, records) == (("order-1", "order-2"), (), (), ())
    before = await row_counts(engine)
    assert await save_orders(engine, records) == ((), ("order-1", "order-2"), (), ())
    assert await row_counts(engine) == before


async def test_another_order_under_a_known_id_is_a_conflict_and_changes_nothing(
    engine: AsyncEngine, store: SqlStore, stored_order: OrderRecord
) -> None:
    other = stored_order.model_copy(update={"lines": (line("plates"),), "account": account("customer-9")})
    assert (await save_orders(engine, [other])).conflicts == ("order-1",)
    order = await read(store, "order-1")
    assert (order.account.customer_id, order.lines[0].line_id) == ("customer-1", "mugs")
    assert await row_counts(engine) == [1, 1, 1, 1]


async def test_two_orders_with_one_id_in_one_file_are_a_conflict(engine: AsyncEngine) -> None:
    dearer = order_record(shipping=None)
    assert await save_orders(engine, [order_record(), dearer]) == (("order-1",), (), (), ("order-1",))


async def test_a_later_import_says_that_an_order_was_paid_and_delivered(engine: AsyncEngine, store: SqlStore) -> None:
    await save_orders(engine, [order_record(paid=False, delivered_at=None)])
    assert (await save_orders(engine, [order_record()])).updated == ("order-1",)
    order = await read(store, "order-1")
    assert (order.paid, order.delivered_at) == (True, NOON)
    assert (await save_orders(engine, [order_record()])).unchanged == ("order-1",)


async def test_of_two_records_of_one_order_the_later_facts_stay(engine: AsyncEngine, store: SqlStore) -> None:
    late = [order_record(delivered_at=NOON + timedelta(days=days)) for days in (0, 1, 2)]
    assert await save_orders(engine, late) == (("order-1",), (), ("order-1", "order-1"), ())
    assert (await read(store, "order-1")).delivered_at == NOON + timedelta(days=2)


async def test_other_lines_stay_a_conflict_even_when_the_delivery_is_news(
    engine: AsyncEngine, store: SqlStore, stored_order: OrderRecord
) -> None:
    other = stored_order.model_copy(update={"lines": (line("plates"),), "delivered_at": None, "paid": False})
    assert (await save_orders(engine, [other])).conflicts == ("order-1",)
    order = await read(store, "order-1")
    assert (order.paid, order.delivered_at) == (True, NOON)


async def test_what_the_shop_says_of_an_account_is_kept_up_to_date(
    engine: AsyncEngine, store: SqlStore, stored_order: OrderRecord
) -> None:
    closed = Account(customer_id="customer-1", state="closed", email="new@example.com")
    saved = await save_orders(engine, [stored_order.model_copy(update={"account": closed})])
    assert saved.unchanged == ("order-1",)
    assert (await read(store, "order-1")).account == closed


async def test_lines_and_tenders_keep_the_sequence_of_the_order(engine: AsyncEngine, store: SqlStore) -> None:
    lines = tuple(line(name) for name in ("z", "a", "m"))
    tenders = tuple(
        RecordTender(tender_id=name, provider="stripe", reference=f"pi_{name}", captured_minor=5)
        for name in ("voucher", "card")
    )
    await save_orders(engine, [order_record(lines=lines, tenders=tenders, shipping=None)])
    order = await read(store, "order-1")
    assert [one.line_id for one in order.lines] == ["z", "a", "m"]
    assert [one.tender_id for one in order.tenders] == ["voucher", "card"]
    assert order.shipping is None


async def test_more_orders_than_one_transaction_takes_all_arrive(engine: AsyncEngine) -> None:
    records = [order_record(f"order-{index}") for index in range(orders.BATCH * 2 + 1)]
    saved = await save_orders(engine, records)
    assert len(saved.inserted) == len(records)
    assert await row_counts(engine) == [1, len(records), len(records), len(records)]


async def test_of_two_imports_at_once_each_order_is_new_to_one_alone(engine: AsyncEngine) -> None:
    records = [order_record(f"order-{index}") for index in range(200)]
    both = await asyncio.gather(save_orders(engine, records), save_orders(engine, records[::-1]))
    inserted = [order_id for saved in both for order_id in saved.inserted]
    unchanged = [order_id for saved in both for order_id in saved.unchanged]
    assert sorted(inserted) == sorted(unchanged) == sorted(record.order_id for record in records)


async def test_no_orders_are_no_error(engine: AsyncEngine) -> None:
    assert await save_orders(engine, []) == ((), (), (), ())
