"""A worker with the real workflow and a scripted world, on the server that skips time."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.types import Stage
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Answer, Application, CaseResult, CaseStart, Decision, Item
from aftersales.contract.numbers import new_number, workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, Reason
from aftersales.contract.views import CaseView
from cli.servers.search_attributes import AttributeTypes
from domain.rails import BY_HAND
from tests.replay.scene import World as RealWorld
from tests.replay.scene import open_world
from tests.support.temporal import PATIENCE_S, time_skipping, until_at_rest
from tests.workflows.world import World
from workflows.refund_case import RefundCase

Handle = WorkflowHandle[RefundCaseHandle, CaseResult]


def case_start() -> CaseStart:
    application = Application(
        order_id="SO-1", customer_id="c-1", items=(Item(line_id="1", quantity=1),), reason=Reason.CHANGED_MIND
    )
    return CaseStart(number=new_number(), caller="tests", request_key=uuid.uuid4().hex, application=application)


@dataclass
class Running:
    """One case on its way, and the time it lives in."""

    env: WorkflowEnvironment
    handle: Handle
    world: World

    async def pass_time(self, **units: float) -> None:
        await until_at_rest(self.env.client, self.handle.id)
        await self.env.sleep(timedelta(**units))
        await until_at_rest(self.env.client, self.handle.id)

    async def view(self) -> CaseView:
        return await self.handle.query(RefundCaseHandle.view)

    async def reach(self, status: CaseStatus, within_hours: float = 1) -> CaseView:
        """The case's view once it has that status; fails after some hours of its own time."""
        for _ in range(60):
            view = await self.view()
            if view.status is status:
                return view
            await self.pass_time(hours=within_hours / 60)
        pytest.fail(f"the case is {view.status.value}, not {status.value}; calls {self.world.calls}")

    async def hears(self, stage: Stage) -> None:
        """Letters are started and not awaited: wait, in real time, until this one is out."""
        async with asyncio.timeout(PATIENCE_S):
            while stage not in self.world.stages:
                await asyncio.sleep(0.02)

    async def decide(self, kind: DecisionKind, **fields: object) -> Answer:
        return await self.handle.execute_update(
            RefundCaseHandle.decide, Decision.model_validate({"kind": kind, **fields})
        )

    async def history(self) -> list[str]:
        return [f"{e.event_id} {EventType.Name(e.event_type)}" async for e in self.handle.fetch_history_events()]

    async def result(self) -> CaseResult:
        return await self.handle.result()


Begin = Callable[[World], Awaitable[Running]]


@pytest.fixture
def cached_cases() -> int:
    """How many cases a worker keeps in memory between their tasks; the others it replays."""
    return 1000


@pytest.fixture
async def begin(search_attributes: AttributeTypes, cached_cases: int) -> AsyncIterator[Begin]:
    """Start a case in a world of its own.

    The server goes with the test: a case that is left without its worker stops that server's one clock for good.
    """
    async with time_skipping(search_attributes) as env, AsyncExitStack() as stack:

        async def start(world: World) -> Running:
            tills = (names.payments_queue("stripe"), names.payments_queue(BY_HAND))
            for queue in (*tills, names.QUEUE_NOTIFICATIONS):
                await stack.enter_async_context(Worker(env.client, task_queue=queue, activities=world.activities()))
            await stack.enter_async_context(
                Worker(
                    env.client,
                    task_queue=names.QUEUE_CASES,
                    workflows=[RefundCase],
                    activities=world.activities(),
                    workflow_failure_exception_types=[Exception],
                    max_cached_workflows=cached_cases,
                )
            )
            case = case_start()
            handle = await env.client.start_workflow(
                RefundCaseHandle.run, case, id=workflow_id(case.number), task_queue=names.QUEUE_CASES
            )
            return Running(env, handle, world)

        yield start


@pytest.fixture
async def world(search_attributes: AttributeTypes, tmp_path: Path) -> AsyncIterator[RealWorld]:
    """Real activities on a real database; only the provider, the policy and the mail server are fakes."""
    async with time_skipping(search_attributes) as env, open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        yield world
