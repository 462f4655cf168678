"""Every test of this folder that takes `desk` runs on SQLite and on PostgreSQL, each on a database of its own."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, NOW, order_record
from tests.fakes import FakeClock, FakePayments, FakePolicy
from tests.storage.conftest import engine, store, url

__all__ = ["engine", "store", "url"]


@pytest.fixture
def policy() -> FakePolicy:
    return FakePolicy()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def provider() -> FakePayments:
    return FakePayments()


@pytest.fixture(name="desk")
async def desk_with_one_order(
    engine: AsyncEngine,
    store: SqlStore,
    policy: FakePolicy,
) -> Desk:
    """The steps over a real database that knows one order."""
    await save_orders(engine, [order_record()])
    return Desk(CaseSteps(store, policy, KEYRING), store, engine)
