"""Long outages, each on a stack of its own: what is accepted meanwhile, what is refused, and how all of it ends."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic
from typing import Final

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, Decision
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, LegState, WaitsFor
from cli.servers.postgres import PostgresCluster
from cli.servers.processes import Child
from domain.orders import OrderRecord
from tests.e2e.invariants import assert_invariants
from tests.e2e.patience import until
from tests.e2e.shop import Shop, charge_of, number_of, own_shop
from tests.e2e.temporal_server import TemporalServer, temporal_of

DATABASE_AWAY_S: Final = 90
TEMPORAL_AWAY_S: Final = 60
PROVIDER_AWAY_S: Final = 60
QUICK_SWEEPS: Final = {"AFTERSALES_SWEEP_EVERY_S": "5", "AFTERSALES_SWEEP_OLDER_THAN_S": "1"}
APPROVE: Final = Decision(kind=DecisionKind.APPROVE)
REJECT: Final = Decision(kind=DecisionKind.REJECT, explanation="The mug was used.")
ALL_ENDED_S: Final = 120.0


async def database_away(home: Path, cluster: PostgresCluster) -> None:
    """R3: the product's database stopped hard under cases at every stage."""
    url = await cluster.server.create_database("shop_without_a_database")
    async with own_shop(home, database_url=url) as shop:
        try:
            await _without_a_database(shop, cluster)
        finally:
            await cluster.start()
    await cluster.server.drop_database("shop_without_a_database")


async def _without_a_database(shop: Shop, cluster: PostgresCluster) -> None:
    worker, decided, pending = shop.stack.worker, await shop.under_review(), await shop.sell()
    await shop.provider.fault("pending", charge=charge_of(pending))
    await shop.until_leg(await shop.apply(pending), LegState.PENDING)
    reviewed, held, later = await shop.under_review(), await _sold(shop), await _sold(shop)
    for order in held:  # their money moves while there is nowhere to write it down
        await shop.provider.fault("hold_after_execute", charge=charge_of(order))
        await shop.apply(order)
    await shop.provider.until_held(*map(charge_of, held))
    await cluster.stop(hard=True)
    back_at = monotonic() + DATABASE_AWAY_S
    await shop.provider.behave()
    applied = [await shop.apply(order) for order in later[1:]]
    await shop.client.review(reviewed, APPROVE, actor="li")
    refund = await shop.provider.finish(charge_of(pending))
    with pytest.raises(AftersalesError) as failed:
        await _reject(shop, decided)
    assert failed.value.code is ErrorCode.NOBODY_ANSWERS
    for number in (*map(number_of, held), *applied, reviewed, decided):
        await _says_that_it_waits_for(shop, number, "database")
    await asyncio.sleep(back_at - monotonic())
    applied.append(await shop.apply(later[0]))
    assert await shop.provider.answers_to_news(refund) == {503}
    await cluster.start()
    await shop.all_refunded([reviewed, *applied, *map(number_of, [pending, *held])], ALL_ENDED_S)
    assert (await _reject(shop, decided)).accepted
    assert [heard.accepted for heard in (await shop.record(decided)).messages] == [True], "sent twice, heard once"
    await shop.provider.tell_again(refund)
    await until("the provider's news was taken in the end", lambda: _news_was_taken(shop, refund))
    await assert_nothing_was_lost(shop, worker, legs=8)


async def _sold(shop: Shop) -> list[OrderRecord]:
    return [await shop.sell() for _ in range(3)]


async def _reject(shop: Shop, number: str) -> Answer:
    """The same message each time."""
    return await shop.client.decide(number, REJECT, actor="wang", message_id="while the database was away")


async def temporal_away(home: Path, executable: Path) -> None:
    """R2: Temporal's server killed under cases that wait and cases that are paid, and back on its database.

    The next look at the provider is an hour off: nothing but the sweep can tell a case of news from meanwhile.
    """
    async with own_shop(home, time_scale=1, worker_extra=QUICK_SWEEPS) as shop:
        worker = shop.stack.worker
        async with temporal_of(shop, executable, home / "temporal-again") as temporal:
            await away_and_back(shop, temporal, TEMPORAL_AWAY_S)
            await assert_nothing_was_lost(shop, worker, legs=9)


async def away_and_back(shop: Shop, temporal: TemporalServer, away_s: float) -> None:
    """Nine cases are caught by it or meant to start during it; all end refunded."""
    reviewed = await shop.under_review()
    pending, slow, refused = [await shop.sell() for _ in range(3)]
    await shop.provider.fault("pending", charge=charge_of(pending))
    await shop.provider.fault("slow", charge=charge_of(slow), seconds=3)
    numbers = [reviewed, await shop.apply(pending), await shop.apply(slow)]
    await shop.until_leg(numbers[1], LegState.PENDING)
    numbers += await shop.sell_and_apply(5)
    await temporal.kill()
    back_at = monotonic() + away_s
    refund = await shop.provider.finish(charge_of(pending))
    await until("the portal has taken the provider's news", lambda: _news_was_taken(shop, refund))
    with pytest.raises(AftersalesError) as failed:
        await shop.apply(refused)
    assert failed.value.code is ErrorCode.ENGINE_UNAVAILABLE
    await asyncio.sleep(max(0.0, back_at - monotonic()))
    await temporal.start()
    assert await shop.provider.answers_to_news(refund) == {200}
    await shop.client.review(reviewed, APPROVE, actor="li")
    await shop.all_refunded([*numbers, await shop.apply(refused)], ALL_ENDED_S)


async def provider_away(home: Path) -> None:
    """The provider out of reach for longer than the quick retries last; an hour of it is played with skipped time."""
    async with own_shop(home) as shop:
        stack, orders = shop.stack, [await shop.sell() for _ in range(4)]
        worker = stack.worker
        await stack.sandbox.kill()
        back_at = monotonic() + PROVIDER_AWAY_S
        numbers = [await shop.apply(order) for order in orders]
        for number in numbers:
            await _says_that_it_waits_for(shop, number, "payment provider")
        withdrawn = numbers.pop()
        await shop.withdraw(withdrawn)  # nothing was sent, so they may
        await asyncio.sleep(back_at - monotonic())
        assert {(await shop.client.view(number)).waits_for for number in numbers} == {WaitsFor.PROVIDER}
        await stack.start_sandbox()
        await shop.all_refunded(numbers, ALL_ENDED_S)
        assert (await shop.outcome(withdrawn)).status is CaseStatus.WITHDRAWN
        await assert_nothing_was_lost(shop, worker, legs=len(numbers))


async def assert_nothing_was_lost(shop: Shop, worker: Child, *, legs: int) -> None:
    """The worker that lived through it, so many legs executed once each, and the invariants."""
    assert shop.stack.worker is worker
    assert worker.running
    executed = (await shop.provider.executions())["legs"]
    assert [tally["executions"] for tally in executed.values()] == [1] * legs
    await assert_invariants(shop)


async def _says_that_it_waits_for(shop: Shop, number: str, what: str) -> None:
    """To whoever asks the case, and to operators in the Web UI, without a database."""

    async def says() -> bool:
        return what in (await shop.client.view(number)).waiting and what in await _current_details(shop, number)

    await until(f"case {number} says that it waits for the {what}", says)


async def _current_details(shop: Shop, number: str) -> str:
    case = await shop.in_temporal(number)
    metadata: WorkflowMetadata = await case.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def _news_was_taken(shop: Shop, refund: str) -> bool:
    return 200 in await shop.provider.answers_to_news(refund)
