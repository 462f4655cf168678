"""R19 in small: a worker that is killed at random moments, a provider that fails at random, fifty cases in between."""

import asyncio
import os
import random
import secrets
import sys

from domain.orders import OrderRecord
from tests.e2e.invariants import assert_invariants
from tests.e2e.shop import Shop

SEED_VARIABLE = "AFTERSALES_TEST_SEED"
CASES = 50
KILLS = 4
LONGEST_LIFE_S = 4.0
FAULTS = ("execute_then_drop", "execute_then_500", "error_500", "drop_request", "429", "truncate")
FAULT_RATE = 0.15
ALL_ENDED_S = 150


async def test_fifty_cases_are_paid_once_each_whenever_the_worker_is_killed(shop: Shop) -> None:
    seed = int(os.environ.get(SEED_VARIABLE) or secrets.randbits(32))
    sys.stdout.write(f"to play this run again: {SEED_VARIABLE}={seed}\n")
    chance = random.Random(seed)  # noqa: S311 - chances of a test, not a secret
    await shop.provider.fail_at_random(*FAULTS, rate=FAULT_RATE, seed=seed)
    orders = [await shop.sell() for _ in range(CASES)]
    numbers, _ = await asyncio.gather(
        asyncio.gather(*(_apply_later(shop, order, chance.uniform(0, KILLS * LONGEST_LIFE_S)) for order in orders)),
        _kill_again_and_again(shop, [chance.uniform(0.2, LONGEST_LIFE_S) for _ in range(KILLS)]),
    )
    faults = await shop.provider.faults_met()
    sys.stdout.write(f"{KILLS} kills, {faults} failed calls\n")
    await shop.provider.behave()  # what failed three times by now pauses for a minute already
    await shop.all_refunded(numbers, ALL_ENDED_S)
    await assert_invariants(shop)
    assert faults
    assert len((await shop.provider.executions())["legs"]) == CASES


async def _apply_later(shop: Shop, order: OrderRecord, after_s: float) -> str:
    await asyncio.sleep(after_s)
    return await shop.apply(order)


async def _kill_again_and_again(shop: Shop, lives_s: list[float]) -> None:
    for life_s in lives_s:
        await asyncio.sleep(life_s)
        await shop.stack.worker.kill()
        await shop.stack.start_worker()
