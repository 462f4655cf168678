"""R2: Temporal's server killed and started again on its database while cases wait."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.names import SEARCH_ATTRIBUTES
from aftersales.contract.values import DecisionKind, ErrorCode, LegState
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.processes import Processes
from cli.servers.search_attributes import attribute_types
from tests.e2e.invariants import assert_invariants
from tests.e2e.patience import until
from tests.e2e.shop import CALLER, Shop, charge_of
from tests.support.stack import small_stack

SOON_S = 8.0
APPROVE = Decision(kind=DecisionKind.APPROVE)
QUICK_SWEEPS = {"AFTERSALES_SWEEP_EVERY_S": "5", "AFTERSALES_SWEEP_OLDER_THAN_S": "1"}


class TemporalServer:
    """The stack's server, to be killed and started again on the same file and port."""

    def __init__(self, shop: Shop, executable: Path, processes: Processes) -> None:
        self._shop = shop
        self._executable = executable
        self._processes = processes
        self._server: DevServer | None = shop.stack.dev_server

    async def kill(self) -> None:
        assert self._server is not None
        await self._server.child.kill()

    async def start(self) -> None:
        options = DevServerOptions(
            self._executable,
            database=self._shop.stack.options.home.temporal_database,
            port=int(self._shop.stack.addresses.temporal.rsplit(":", 1)[1]),
            headless=True,
            search_attributes=attribute_types(SEARCH_ATTRIBUTES),
        )
        self._server = await start_dev_server(self._processes, options)


@pytest.fixture(scope="module")
async def open_shop(home: Path) -> AsyncIterator[Shop]:
    """Nothing but the sweep can tell a case of news that came while Temporal was away: the next look is an hour off."""
    async with small_stack(home, time_scale=1, extra=QUICK_SWEEPS) as stack:
        yield Shop(stack, await stack.client(CALLER))


@pytest.fixture(scope="module")
async def temporal(
    open_shop: Shop, temporal_cli: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TemporalServer]:
    async with Processes(tmp_path_factory.mktemp("temporal-again")) as processes:
        yield TemporalServer(open_shop, temporal_cli, processes)


@pytest.mark.parametrize("away_s", [1, 20])
async def test_what_was_accepted_before_the_server_died_goes_on_after_it(
    shop: Shop, temporal: TemporalServer, away_s: int
) -> None:
    reviewed, pending, slow = await shop.under_review(), await shop.sell(), await shop.sell()
    await shop.provider.fault("pending", charge=charge_of(pending))
    await shop.provider.fault("slow", charge=charge_of(slow), seconds=3)
    numbers = [reviewed, await shop.apply(pending), await shop.apply(slow)]
    await shop.until_leg(numbers[1], LegState.PENDING)
    numbers += await shop.sell_and_apply(5)
    await temporal.kill()
    refund = await shop.provider.finish(charge_of(pending))
    await until("the portal has taken the provider's news", lambda: _news_was_taken(shop, refund))
    await asyncio.sleep(away_s)
    await temporal.start()
    await shop.client.review(reviewed, APPROVE, actor="li")
    await shop.all_refunded(numbers)
    await assert_invariants(shop)


async def test_the_client_says_within_seconds_that_temporal_is_down(shop: Shop, temporal: TemporalServer) -> None:
    reviewed, order = await shop.under_review(), await shop.sell()
    await temporal.kill()
    for call in (
        shop.apply(order),
        shop.client.review(reviewed, APPROVE, actor="li"),
        shop.client.decide(reviewed, APPROVE, actor="li"),
        shop.client.view(reviewed),
        shop.stack.client(CALLER),
    ):
        asked_at = monotonic()
        with pytest.raises(AftersalesError) as failed:
            await call
        assert failed.value.code is ErrorCode.ENGINE_UNAVAILABLE
        assert monotonic() - asked_at < SOON_S
    await temporal.start()
    await shop.client.review(reviewed, APPROVE, actor="li")
    await shop.all_refunded([reviewed, await shop.apply(order)])
    await assert_invariants(shop)


async def _news_was_taken(shop: Shop, refund: str) -> bool:
    return await shop.provider.answers_to_news(refund) == {200}
