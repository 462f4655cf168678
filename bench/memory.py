"""What a worker holds in memory while many cases wait for people."""

from __future__ import annotations

import asyncio

from aftersales.contract.values import CaseStatus
from bench.processes import resident_mib
from bench.refunds import application_for, make_orders
from cli.stack import Stack
from storage.engine import create_store_engine
from storage.reading import Reading

LIMIT_S = 900
BATCH = 100


async def open_cases_memory(stack: Stack, cases: int) -> float:
    """Resident MiB of the worker once `cases` wait for a reviewer."""
    engine = create_store_engine(stack.database_url)
    try:
        orders, client = await make_orders(stack, engine, cases), await stack.client("bench")
        for start in range(0, cases, BATCH):
            await asyncio.gather(
                *(
                    client.apply(application_for(order, goods_back=False), request_key=order.order_id)
                    for order in orders[start : start + BATCH]
                )
            )
            await _under_review(Reading(engine), min(start + BATCH, cases))
    finally:
        await engine.dispose()
    return resident_mib(stack.worker.pid)


async def _under_review(reading: Reading, cases: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        while (await reading.counts_by_status()).get(CaseStatus.UNDER_REVIEW, 0) < cases:
            await asyncio.sleep(0.2)
