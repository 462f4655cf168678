"""What columns keep: the moment with its zone, and models as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from aftersales.contract.values import Money
from storage.engine import Transactions
from storage.types import ModelJson, UtcDateTime

SAMPLES = Table(
    "samples",
    MetaData(),
    Column("at", UtcDateTime()),
    Column("sum", ModelJson(Money)),
    Column("sums", ModelJson(tuple[Money, ...])),
)
BEIJING = timezone(timedelta(hours=8))


async def stored(connection: AsyncConnection, **values: object) -> dict[str, object]:
    await connection.run_sync(SAMPLES.create)
    await connection.execute(insert(SAMPLES), values)
    return dict((await connection.execute(select(SAMPLES))).mappings().one())


async def test_a_moment_comes_back_as_the_same_moment_in_utc(engine: AsyncEngine) -> None:
    at = datetime(2026, 3, 29, 8, 30, 0, 123456, tzinfo=BEIJING)
    async with Transactions(engine).begin() as connection:
        found = (await stored(connection, at=at))["at"]
    assert found == at
    assert isinstance(found, datetime)
    assert found.isoformat() == datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC).isoformat()


async def test_a_moment_without_a_zone_is_refused(engine: AsyncEngine) -> None:
    with pytest.raises(StatementError, match="has no time zone"):
        async with Transactions(engine).begin() as connection:
            await stored(connection, at=datetime(2026, 3, 29, 8, 30))  # noqa: DTZ001 - what is refused


async def test_models_come_back_as_models_and_nothing_as_nothing(engine: AsyncEngine) -> None:
    yuan, yen = Money(minor=10**15, currency="CNY"), Money(minor=-1, currency="JPY")
    async with Transactions(engine).begin() as connection:
        found = await stored(connection, sum=yuan, sums=(yuan, yen))
    assert found == {"at": None, "sum": yuan, "sums": (yuan, yen)}
