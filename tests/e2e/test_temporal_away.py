"""R2 in short: Temporal's server killed and at once started again on its database; what clients hear meanwhile."""

from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from tests.e2e.invariants import assert_invariants
from tests.e2e.outages import APPROVE, QUICK_SWEEPS, away_and_back
from tests.e2e.shop import CALLER, Shop, own_shop
from tests.e2e.temporal_server import TemporalServer, temporal_of

SOON_S = 8.0


@pytest.fixture(scope="module")
async def open_shop(home: Path) -> AsyncIterator[Shop]:
    """Nothing but the sweep can tell a case of news that came while Temporal was away: the next look is an hour off."""
    async with own_shop(home, time_scale=1, worker_extra=QUICK_SWEEPS) as shop:
        yield shop


@pytest.fixture(scope="module")
async def temporal(open_shop: Shop, temporal_cli: Path, home: Path) -> AsyncIterator[TemporalServer]:
    async with temporal_of(open_shop, temporal_cli, home / "temporal-again") as server:
        yield server


async def test_what_was_accepted_before_the_server_died_goes_on_after_it(shop: Shop, temporal: TemporalServer) -> None:
    await away_and_back(shop, temporal, away_s=1)
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
