"""Every test of this folder runs on SQLite and on PostgreSQL, each on a migrated database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders import OrderRecord
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.store import SqlStore
from tests.storage.builders import order_record


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of this test alone, on each of the two in turn."""
    found: str = request.getfixturevalue(f"migrated_{request.param}")
    return found


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_store_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> SqlStore:
    return SqlStore(engine)


@pytest.fixture
async def stored_order(engine: AsyncEngine) -> OrderRecord:
    """The order of `builders.order_record`, saved."""
    record = order_record()
    await save_orders(engine, [record])
    return record


@pytest.fixture
async def migrated_sqlite_engine(migrated_sqlite: str) -> AsyncIterator[AsyncEngine]:
    """For rules that only SQLite needs."""
    engine = create_store_engine(migrated_sqlite)
    yield engine
    await engine.dispose()


@pytest.fixture
async def migrated_postgres_engine(migrated_postgres: str) -> AsyncIterator[AsyncEngine]:
    """For rules that only PostgreSQL needs."""
    engine = create_store_engine(migrated_postgres)
    yield engine
    await engine.dispose()
