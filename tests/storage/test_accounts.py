"""The buyer as the shop stated them last, with what tells who they are."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine

from storage.orders import save_orders
from storage.store import SqlStore
from tests.storage.builders import NOON, account, order_record


async def test_contact_guest_and_age_are_those_that_were_stated_last(engine: AsyncEngine, store: SqlStore) -> None:
    await save_orders(engine, [order_record()])
    stated = {"contact_verified": True, "guest": True, "phone": "+86 1380000", "since": NOON, "state": "closed"}
    changed = account().model_copy(update=stated)
    await save_orders(engine, [order_record(account=changed)])
    async with store.begin() as unit:
        order = await unit.order("order-1")
        assert await unit.buyer("order-1") == changed
    assert order is not None
    assert order.account == changed
