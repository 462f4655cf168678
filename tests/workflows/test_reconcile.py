"""Each provider's day is a workflow of its own: started once, asked for again until its statement is there."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.reconciling import PLAN_RECONCILIATION, RECONCILE_DAY, DayOrder, DayResult, Plan, PlanOrder
from aftersales import connect
from cli.servers.dev_server import DevServer
from cli.servers.probes import eventually
from workflows.reconcile import ReconcileDay, Reconciliation, day_id

DAY = date(2026, 3, 2)


class Desk:
    """Stands in for the activities: two providers' days are due; each failure comes once, in its turn."""

    def __init__(self) -> None:
        self.mark = uuid.uuid4().hex[:6]
        self.asked: list[DayOrder] = []
        self.failures: list[Exception] = []

    @property
    def due(self) -> tuple[DayOrder, ...]:
        return tuple(DayOrder(provider=f"{name}-{self.mark}", day=DAY) for name in ("stripe", "bank"))

    @activity.defn(name=PLAN_RECONCILIATION)
    async def plan(self, order: PlanOrder) -> Plan:
        return Plan(days=tuple(each for each in self.due if order.provider in each.provider))

    @activity.defn(name=RECONCILE_DAY)
    async def reconcile(self, order: DayOrder) -> DayResult:
        self.asked.append(order)
        if self.failures:
            raise self.failures.pop(0)
        counts = dict.fromkeys(("lines", "matched", "found", "others", "resolved", "told"), 0)
        return DayResult(provider=order.provider, day=order.day, **counts)


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


@pytest.fixture
async def queue(client: Client, desk: Desk) -> AsyncIterator[str]:
    name = f"reconciliations-{desk.mark}"
    flows = [Reconciliation, ReconcileDay]
    async with Worker(client, task_queue=name, workflows=flows, activities=[desk.plan, desk.reconcile]):
        yield name


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def planned(client: Client, queue: str, **order: object) -> Plan:
    asked = PlanOrder.model_validate(order)
    return await client.execute_workflow(Reconciliation.run, asked, id=f"plan-{uuid.uuid4()}", task_queue=queue)


async def result_of(client: Client, order: DayOrder) -> DayResult:
    result: DayResult = await client.get_workflow_handle(day_id(order), result_type=DayResult).result()
    return result


async def test_every_day_that_is_due_becomes_a_workflow_of_its_own(client: Client, queue: str, desk: Desk) -> None:
    plan = await planned(client, queue)
    assert plan.days == desk.due
    results = [await result_of(client, order) for order in plan.days]
    assert [result.provider for result in results] == [order.provider for order in desk.due]
    assert day_id(plan.days[0]) == f"reconcile/stripe-{desk.mark}/2026-03-02"


async def test_a_plan_alone_starts_nothing(client: Client, queue: str, desk: Desk) -> None:
    assert (await planned(client, queue, provider="bank", starts=False)).days == desk.due[1:]
    assert desk.asked == []


async def test_a_day_at_work_is_left_alone_by_the_next_night(client: Client, queue: str, desk: Desk) -> None:
    not_ready = ApplicationError("Later.", type="statement_not_ready", next_retry_delay=timedelta(seconds=2))
    desk.failures = [not_ready]
    for _ in range(2):
        await planned(client, queue, provider="stripe")
    await result_of(client, desk.due[0])
    assert len(desk.asked) == 2


async def test_a_statement_that_is_not_ready_is_asked_for_again_when_its_time_has_come(
    client: Client, queue: str, desk: Desk
) -> None:
    waited = ApplicationError("Later.", type="statement_not_ready", next_retry_delay=timedelta(milliseconds=10))
    desk.failures = [waited, waited]
    await planned(client, queue, provider="stripe")
    await result_of(client, desk.due[0])
    assert len(desk.asked) == 3


async def test_a_statement_that_cannot_be_read_ends_the_workflow_and_the_next_night_begins_anew(
    client: Client, queue: str, desk: Desk
) -> None:
    desk.failures = [ApplicationError("Line 7.", type="statement_unreadable", non_retryable=True)]
    await planned(client, queue, provider="stripe")
    with pytest.raises(WorkflowFailureError):
        await result_of(client, desk.due[0])
    await planned(client, queue, provider="stripe")
    await result_of(client, desk.due[0])
    assert len(desk.asked) == 2


async def test_the_days_go_on_when_the_plan_has_ended(client: Client, queue: str, desk: Desk) -> None:
    desk.failures = [ApplicationError("Later.", next_retry_delay=timedelta(hours=1))]
    [order] = (await planned(client, queue, provider="stripe")).days
    handle = client.get_workflow_handle(day_id(order))

    async def waiting() -> bool:
        return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING and len(desk.asked) == 1

    assert await eventually(waiting, 10)
    await handle.terminate("a test")


async def test_whoever_asks_at_once_is_not_kept_waiting_by_a_database_that_is_away(
    client: Client, queue: str, desk: Desk
) -> None:
    desk.failures = [ApplicationError("No database.", next_retry_delay=timedelta(milliseconds=10))] * 9
    order = DayOrder(provider=f"asked-{desk.mark}", day=DAY, at_once=True)
    with pytest.raises(WorkflowFailureError):
        await client.execute_workflow(ReconcileDay.run, order, id=day_id(order), task_queue=queue)
    assert len(desk.asked) == 3
