"""The same shape of workflow with empty steps: what the engine alone costs, to put beside the product's figure."""

from __future__ import annotations

import asyncio
import time
import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.worker import Worker

QUEUE = "bench-engine"
STATUS = SearchAttributeKey.for_keyword("CaseStatus")
LIMIT = timedelta(seconds=30)


@activity.defn
async def empty_step(text: str) -> str:
    return text


@workflow.defn
class EngineOnly:
    """Start, database step, upsert, payment, database step, upsert, mail: an automatic refund's shape."""

    @workflow.run
    async def run(self, text: str) -> str:
        await self._step(text, "paying")
        await self._start(text)
        await self._step(text, "refunded")
        await self._start(text)
        return text

    async def _step(self, text: str, status: str) -> None:
        await workflow.execute_local_activity(empty_step, text, start_to_close_timeout=LIMIT)
        workflow.upsert_search_attributes([STATUS.value_set(status)])

    def _start(self, text: str) -> workflow.ActivityHandle[str]:
        return workflow.start_activity(
            empty_step, text, start_to_close_timeout=LIMIT, retry_policy=RetryPolicy(maximum_attempts=1)
        )


async def engine_rate(client: Client, cases: int, payload_bytes: int = 1500) -> float:
    """Workflows per second, all started at once."""
    async with Worker(
        client,
        task_queue=QUEUE,
        workflows=[EngineOnly],
        activities=[empty_step],
        max_cached_workflows=2000,
        max_concurrent_workflow_tasks=40,
    ):
        text, began = "x" * payload_bytes, time.perf_counter()
        await asyncio.gather(
            *(
                client.execute_workflow(EngineOnly.run, text, id=f"bench/{uuid.uuid4().hex}", task_queue=QUEUE)
                for _ in range(cases)
            )
        )
        return cases / (time.perf_counter() - began)
