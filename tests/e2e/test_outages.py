"""R2, R3 and the provider's absence at their full lengths, at the same time: they are waits, of a stack each."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from cli.servers.postgres import PostgresCluster
from tests.e2e.at_once import at_once
from tests.e2e.outages import database_away, provider_away, temporal_away

Outages = Mapping[str, asyncio.Task[None]]


@pytest.fixture(scope="module")
async def outages(home: Path, postgres_cluster: PostgresCluster, temporal_cli: Path) -> AsyncIterator[Outages]:
    async with at_once(
        database=database_away(home / "database", postgres_cluster),
        temporal=temporal_away(home / "temporal", temporal_cli),
        provider=provider_away(home / "provider"),
    ) as running:
        yield running


async def test_ninety_seconds_without_a_database_lose_nothing_and_pay_nothing_twice(outages: Outages) -> None:
    await outages["database"]


async def test_a_minute_without_temporal_loses_nothing_and_pays_nothing_twice(outages: Outages) -> None:
    await outages["temporal"]


async def test_a_minute_without_the_provider_is_waited_out_and_said(outages: Outages) -> None:
    await outages["provider"]
