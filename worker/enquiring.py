"""Who is asked of the shop's shipments, stock and accounts: another system where one is named, else our database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.enquiring import ACCOUNTS, LOGISTICS, STOCK, ShopEnquiries
from integrations.shop_http import HttpAccounts, HttpLogistics, HttpSource, HttpStock, ShopSourceSettings
from storage.shop_facts import AccountBook, ShipmentBook, StockBook


@asynccontextmanager
async def open_enquiries(settings: ShopSourceSettings, engine: AsyncEngine) -> AsyncIterator[ShopEnquiries]:
    """Connections to other systems are closed at the end; nothing is asked yet."""
    async with AsyncExitStack() as stack:

        def asked(name: str, url: str, token: SecretStr) -> HttpSource | None:
            if not url:
                return None
            source = HttpSource(name, url, token)
            stack.push_async_callback(source.close)
            return source

        logistics = asked(LOGISTICS, settings.logistics_url, settings.logistics_token)
        stock = asked(STOCK, settings.stock_url, settings.stock_token)
        accounts = asked(ACCOUNTS, settings.accounts_url, settings.accounts_token)
        yield ShopEnquiries(
            HttpLogistics(logistics) if logistics else ShipmentBook(engine),
            HttpStock(stock) if stock else StockBook(engine),
            HttpAccounts(accounts) if accounts else AccountBook(engine),
        )
