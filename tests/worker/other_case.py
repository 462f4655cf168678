"""A case of another program under the product's name, that the product's workflow cannot go on with."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from aftersales.contract.names import REFUND_CASE

TIMER_STARTED = 5
"""The number of the event that says so; the case does nothing before it."""


@workflow.defn(name=REFUND_CASE)
class OtherCase:
    @workflow.run
    async def run(self) -> None:
        await asyncio.sleep(1)
