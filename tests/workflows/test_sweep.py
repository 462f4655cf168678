"""The sweep on a schedule: one at a time, and each goes on where the last one stopped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleSpec,
    WorkflowExecutionStatus,
    WorkflowFailureError,
)
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.sweeping import SWEEP, SweepOrder, SweepResult
from aftersales import connect
from cli.servers.dev_server import DevServer
from workflows.sweep import Sweep

QUEUE = "sweeps-of-a-test"


class Broom:
    """Stands in for the activity: stops at the given places, one sweep after the other."""

    def __init__(self) -> None:
        self.orders: list[SweepOrder] = []
        self.stops = ["A", "B", ""]
        self.failure: Exception | None = None

    @activity.defn(name=SWEEP)
    async def sweep(self, order: SweepOrder) -> SweepResult:
        self.orders.append(order)
        if self.failure:
            raise self.failure
        return SweepResult(looked_at=1, after=self.stops.pop(0))


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


@pytest.fixture
async def broom(client: Client) -> AsyncIterator[Broom]:
    broom = Broom()
    async with Worker(client, task_queue=QUEUE, workflows=[Sweep], activities=[broom.sweep]):
        yield broom


@pytest.fixture
async def schedule(client: Client) -> AsyncIterator[ScheduleHandle]:
    """Fires only when a test says so."""
    action = ScheduleActionStartWorkflow(Sweep.run, id="a-swept-test", task_queue=QUEUE)
    yearly = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(days=365))])
    handle = await client.create_schedule("a-tests-sweep", Schedule(action=action, spec=yearly))
    yield handle
    await handle.delete()


async def fired(client: Client, schedule: ScheduleHandle, times: int) -> SweepResult:
    """Fire once more and wait for that run's end."""
    await schedule.trigger()
    async with asyncio.timeout(20):
        while len(actions := (await schedule.describe()).info.recent_actions) < times:
            await asyncio.sleep(0.05)
        started = actions[-1].action
        assert isinstance(started, ScheduleActionExecutionStartWorkflow)
        run = client.get_workflow_handle(started.workflow_id, result_type=SweepResult)
        result: SweepResult = await run.result()
        while (await schedule.describe()).info.running_actions:
            await asyncio.sleep(0.05)
        return result


async def test_each_sweep_goes_on_where_the_last_one_stopped(
    client: Client, broom: Broom, schedule: ScheduleHandle
) -> None:
    results = [await fired(client, schedule, times) for times in (1, 2, 3)]
    assert [result.after for result in results] == ["A", "B", ""]
    assert [order.after for order in broom.orders] == ["", "A", "B"]


async def test_a_sweep_that_cannot_go_on_fails_and_the_next_one_begins_where_it_did(
    client: Client, broom: Broom, schedule: ScheduleHandle
) -> None:
    await fired(client, schedule, 1)
    broom.failure = ApplicationError("There is no database.", non_retryable=True)
    with pytest.raises(WorkflowFailureError):
        await fired(client, schedule, 2)
    broom.failure = None
    await fired(client, schedule, 3)
    assert [order.after for order in broom.orders] == ["", "A", "A"]


async def test_what_a_sweep_found_is_its_result(client: Client, broom: Broom) -> None:
    assert broom.orders == []
    run = await client.start_workflow(Sweep.run, id="one-sweep", task_queue=QUEUE)
    assert await run.result() == SweepResult(looked_at=1, after="A")
    assert (await run.describe()).status is WorkflowExecutionStatus.COMPLETED
