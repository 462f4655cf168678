"""R1: `kill -9` of the worker at each step of paying, on both databases. Whatever it was about to do happens once."""

import asyncio
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from cli.servers.postgres import PostgresCluster
from tests.e2e.at_once import at_once
from tests.e2e.invariants import assert_invariants
from tests.e2e.killing import kill_at_every_step, restart_and_deliver_late
from tests.e2e.shop import Shop, charge_of, number_of, own_shop


@pytest.fixture(scope="module")
async def killed(home: Path, postgres_cluster: PostgresCluster) -> AsyncIterator[Mapping[str, asyncio.Task[None]]]:
    url = await postgres_cluster.server.create_database("shop_to_be_hurt")
    sqlite, postgres = _killed_at_every_step(home / "sqlite"), _killed_at_every_step(home / "postgres", url)
    async with at_once(sqlite=sqlite, postgres=postgres) as running:
        yield running
    await postgres_cluster.server.drop_database("shop_to_be_hurt")


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_every_leg_is_paid_once_wherever_the_worker_was_killed(
    killed: Mapping[str, asyncio.Task[None]], database: str
) -> None:
    await killed[database]


async def _killed_at_every_step(home: Path, database_url: str | None = None) -> None:
    async with own_shop(home, database_url=database_url) as shop:
        struck = await kill_at_every_step(shop)
        assert shop.stack.worker.exit_code == -signal.SIGKILL
        await restart_and_deliver_late(shop, struck)
        everybody = (*struck.held, struck.answered_unrecorded)
        await shop.all_refunded(number_of(order) for order in everybody)
        await assert_invariants(shop)
        # Lost is sent again; executed is found, and an answer in the history is not even asked for again.
        assert await _orders_to_pay(shop, charge_of(struck.request_lost)) == [None, 200]
        assert await _orders_to_pay(shop, charge_of(struck.executed_unanswered)) == [200]
        assert await _orders_to_pay(shop, charge_of(struck.answered_unrecorded)) == [200]
        assert await shop.provider.calls(charge_of(struck.answered_unrecorded), "GET") == []


async def _orders_to_pay(shop: Shop, charge: str) -> list[int | None]:
    """How the provider answered each; None is one that it never executed."""
    return [call["status"] for call in await shop.provider.calls(charge, "POST")]
