"""A source is our own database until another system is named; then that one is asked, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.enquiring import ShopEnquiries
from activities.particulars import AccountStanding
from activities.rulings import Replacement, Shipment
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import Reason
from domain.warehouse import Parcel, ParcelLine, StockCount
from integrations.shop_http import ShopSourceSettings
from storage import schema
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.shop_facts import save_counts, save_parcels
from tests.integrations.shop_http.system import running, said
from tests.storage.builders import NOON, order_record
from tests.worker.environment import settings, stripe
from worker.enquiring import open_enquiries
from worker.wiring import open_parts


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """A database of one order, sent as it was bought, and a plate in stock."""
    await schema.upgrade(sqlite_url)
    made = create_store_engine(sqlite_url)
    await save_orders(made, [order_record()])
    line = ParcelLine(line_id="mugs", picked_sku="MUG", shipped_sku="MUG")
    await save_parcels(made, [Parcel(order_id="order-1", shipped_at=NOON, lines=(line,))])
    await save_counts(made, [StockCount(sku="PLATE", available=1, counted_at=NOON)])
    yield made
    await made.dispose()


def application(reason: Reason) -> Application:
    items = (Item(line_id="mugs", quantity=1),)
    return Application(order_id="order-1", customer_id="customer-1", items=items, reason=reason, wanted_sku="PLATE")


async def test_without_other_systems_our_own_database_answers(engine: AsyncEngine) -> None:
    async with open_enquiries(ShopSourceSettings(), engine) as enquiries:
        sent = await enquiries.about(application(Reason.WRONG_ITEM))
        instead = await enquiries.about(application(Reason.WRONG_SIZE))
    assert (sent.shipment, sent.standing, sent.down) == (Shipment.MATCHES, AccountStanding(), ())
    assert (instead.replacement, instead.shipment) == (Replacement.IN_STOCK, Shipment.NOT_CHECKED)


async def test_a_system_that_is_named_is_asked_instead(engine: AsyncEngine) -> None:
    closed = said({"customer_id": "customer-1", "state": "closed"})
    async with running(closed) as accounts, running(said({"sku": "PLATE", "available": 0})) as stock:
        told = ShopSourceSettings(accounts_url=accounts.url, accounts_token=SecretStr("key"), stock_url=stock.url)
        async with open_enquiries(told, engine) as enquiries:
            heard = await enquiries.about(application(Reason.WRONG_SIZE))
    assert (heard.standing, heard.replacement) == (AccountStanding(state="closed"), Replacement.OUT_OF_STOCK)
    assert ["bearer key" in system.requests[0].lower() for system in (accounts, stock)] == [True, False]


async def test_a_system_that_is_away_is_not_replaced_by_what_we_have(engine: AsyncEngine) -> None:
    async with running(b"") as away:
        pass
    async with open_enquiries(ShopSourceSettings(logistics_url=away.url), engine) as enquiries:
        heard = await enquiries.about(application(Reason.WRONG_ITEM))
    assert (heard.shipment, heard.down, heard.record) == (Shipment.UNAVAILABLE, ("logistics",), None)


async def test_the_steps_of_a_case_ask_them(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    told = settings(database_url=sqlite_url, stock_url="https://stock.example/left")
    async with open_parts(told, stripe()) as parts:
        assert isinstance(parts.steps._enquiries, ShopEnquiries)
