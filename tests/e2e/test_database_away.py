"""R1 and R3 on PostgreSQL: the worker killed at each step, and the product's database stopped hard under it all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aftersales.contract.messages import Decision
from aftersales.contract.values import DecisionKind, LegState
from cli.servers.postgres import PostgresCluster
from tests.e2e.conftest import everybody_well
from tests.e2e.invariants import assert_invariants
from tests.e2e.killing import kill_at_every_step, restart_and_deliver_late
from tests.e2e.patience import until
from tests.e2e.shop import CALLER, Shop, charge_of, number_of
from tests.support.stack import small_stack

AWAY_S = 20
APPROVE = Decision(kind=DecisionKind.APPROVE)


@pytest.fixture(scope="module")
async def shop_on_postgres(home: Path, postgres_cluster: PostgresCluster) -> AsyncIterator[Shop]:
    url = await postgres_cluster.server.create_database("shop_to_be_hurt")
    async with small_stack(home, database_url=url) as stack:
        yield Shop(stack, await stack.client(CALLER))
    await postgres_cluster.server.drop_database("shop_to_be_hurt")


@pytest.fixture
async def shop(shop_on_postgres: Shop, postgres_cluster: PostgresCluster) -> Shop:
    await postgres_cluster.start()
    return await everybody_well(shop_on_postgres)


async def test_every_leg_is_paid_once_wherever_the_worker_was_killed(shop: Shop) -> None:
    struck = await kill_at_every_step(shop)
    await restart_and_deliver_late(shop, struck)
    await shop.all_refunded(number_of(order) for order in (*struck.held, struck.answered_unrecorded))
    await assert_invariants(shop)


async def test_cases_in_motion_end_well_when_the_database_is_back(
    shop: Shop, postgres_cluster: PostgresCluster
) -> None:
    orders, pending = [await shop.sell() for _ in range(6)], await shop.sell()
    reviewed = await shop.under_review()
    await shop.provider.fault("pending", charge=charge_of(pending))
    await shop.until_leg(await shop.apply(pending), LegState.PENDING)
    for order in orders[:3]:  # their money moves while there is nowhere to write it down
        await shop.provider.fault("hold_after_execute", charge=charge_of(order))
        await shop.apply(order)
    await shop.provider.until_held(*map(charge_of, orders[:3]))
    await postgres_cluster.stop(hard=True)
    await shop.provider.behave()
    applied = [await shop.apply(order) for order in orders[3:]]
    await shop.client.review(reviewed, APPROVE, actor="li")
    refund = await shop.provider.finish(charge_of(pending))
    await until("a case says that it waits for the database", lambda: _waits_for_the_database(shop, applied[0]))
    await asyncio.sleep(AWAY_S)
    assert await shop.provider.answers_to_news(refund) == {503}
    await postgres_cluster.start()
    await shop.all_refunded([reviewed, number_of(pending), *map(number_of, orders)])
    await until("the provider's news was taken in the end", lambda: _news_was_taken(shop, refund))
    await assert_invariants(shop)


async def _waits_for_the_database(shop: Shop, number: str) -> bool:
    return "database" in (await shop.client.view(number)).waiting


async def _news_was_taken(shop: Shop, refund: str) -> bool:
    return 200 in await shop.provider.answers_to_news(refund)
