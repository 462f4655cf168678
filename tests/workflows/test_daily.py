"""Once a day the log is sealed and evidence erased; neither keeps the other from its work (P6.3)."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.erasing import ERASE_EVIDENCE, ErasedEvidence
from activities.sealing_log import SEAL_AUDIT, SealOrder, SealResult
from aftersales.contract.names import QUEUE_EVIDENCE
from cli.servers.search_attributes import AttributeTypes
from tests.support.temporal import time_skipping
from workflows.daily import Daily, DailyResult


class Night:
    """Both activities; what is set as `broken` fails for good."""

    def __init__(self) -> None:
        self.orders: list[SealOrder] = []
        self.broken: set[str] = set()

    @activity.defn(name=SEAL_AUDIT)
    async def seal_audit(self, order: SealOrder) -> SealResult:
        self._fail_if_broken(SEAL_AUDIT)
        self.orders.append(order)
        return SealResult(heads=3, seal="a" * 64)

    @activity.defn(name=ERASE_EVIDENCE)
    async def erase_evidence(self) -> ErasedEvidence:
        self._fail_if_broken(ERASE_EVIDENCE)
        return ErasedEvidence(erased=2)

    def _fail_if_broken(self, name: str) -> None:
        if name in self.broken:
            raise ApplicationError("broken", non_retryable=True)


Run = Callable[[], Awaitable[DailyResult]]


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.fixture
async def env(search_attributes: AttributeTypes) -> AsyncIterator[WorkflowEnvironment]:
    async with time_skipping(search_attributes) as env:
        yield env


@pytest.fixture
async def run(env: WorkflowEnvironment, night: Night) -> AsyncIterator[Run]:
    async with AsyncExitStack() as stack:

        async def started() -> DailyResult:
            queue = uuid.uuid4().hex
            cases = Worker(env.client, task_queue=queue, workflows=[Daily], activities=[night.seal_audit])
            await stack.enter_async_context(cases)
            other = Worker(env.client, task_queue=QUEUE_EVIDENCE, activities=[night.erase_evidence])
            await stack.enter_async_context(other)
            return await env.client.execute_workflow(Daily.run, id=uuid.uuid4().hex, task_queue=queue)

        yield started


async def test_the_day_is_sealed_and_what_was_erased_is_told(run: Run, night: Night, env: WorkflowEnvironment) -> None:
    before = await env.get_current_time()
    done = await run()
    assert (done.sealed.heads, done.erased) == (3, ErasedEvidence(erased=2))
    (order,) = night.orders
    assert order.day == order.at.date()
    assert abs(order.at - before) < timedelta(hours=1)


async def test_evidence_that_cannot_be_erased_keeps_nothing_from_being_sealed(run: Run, night: Night) -> None:
    night.broken.add(ERASE_EVIDENCE)
    done = await run()
    assert (done.sealed.heads, done.erased) == (3, None)


async def test_a_log_that_cannot_be_sealed_is_a_failure_that_operators_see(run: Run, night: Night) -> None:
    night.broken.add(SEAL_AUDIT)
    with pytest.raises(WorkflowFailureError):
        await run()
