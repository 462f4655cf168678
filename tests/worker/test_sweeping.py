"""The sweep's line to a real Temporal server, its schedule, and the whole of it in a real worker."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError

from activities.ports import RunState
from activities.rows import CaseRow
from aftersales import Application, Item, PaymentChanged, Reason, connect
from aftersales.contract.errors import AftersalesError
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import CaseStart
from aftersales.contract.names import QUEUE_CASES, STATUS
from aftersales.contract.numbers import new_number, workflow_id
from aftersales.contract.values import CaseStatus, ErrorCode, WaitsFor
from cli.servers.dev_server import DevServer
from cli.servers.probes import eventually
from storage import schema
from storage.engine import create_store_engine
from storage.store import SqlStore
from tests.support.keys import PAYEE_SECRET
from worker.main import serve
from worker.settings import WorkerSettings
from worker.sweeping import SCHEDULE_ID, TemporalCases, keep_schedule


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


@pytest.fixture
def cases(client: Client) -> TemporalCases:
    return TemporalCases(client)


@pytest.fixture
async def without_schedule(client: Client) -> AsyncIterator[None]:
    """The namespace has no schedule when the test begins, nor when it has ended."""
    yield
    await client.get_schedule_handle(SCHEDULE_ID).delete()


def case_start() -> CaseStart:
    application = Application(
        order_id="SO-1", customer_id="c-1", items=(Item(line_id="1", quantity=1),), reason=Reason.CHANGED_MIND
    )
    return CaseStart(number=new_number(), caller="tests", request_key=uuid.uuid4().hex, application=application)


def handle_of(client: Client, number: str) -> WorkflowHandle[RefundCaseHandle, object]:
    return client.get_workflow_handle_for(RefundCaseHandle.run, workflow_id(number))


async def test_a_case_is_running_ended_or_missing(client: Client, cases: TemporalCases) -> None:
    running, ended, missing = case_start(), case_start(), case_start()
    for start in (running, ended):
        await cases.start(start)
    await handle_of(client, ended.number).terminate("a test")
    true = {
        running.number: RunState.RUNNING,
        ended.number: RunState.TERMINATED,
        missing.number: RunState.MISSING,
    }

    async def known() -> bool:
        return await cases.states(list(true)) == true

    assert await eventually(known, 10), "the list, an index, may show the ended one running for a moment"
    await handle_of(client, running.number).terminate("a test")


async def test_many_cases_are_asked_for_at_once(client: Client, cases: TemporalCases) -> None:
    starts = [case_start() for _ in range(100)]
    await asyncio.gather(*(cases.start(start) for start in starts))
    found = await cases.states([start.number for start in starts])
    assert set(found.values()) == {RunState.RUNNING}
    assert await cases.states([]) == {}
    await asyncio.gather(*(handle_of(client, start.number).terminate("a test") for start in starts))


async def test_a_case_that_was_there_is_never_started_a_second_time(client: Client, cases: TemporalCases) -> None:
    start = case_start()
    await cases.start(start)
    await handle_of(client, start.number).terminate("a test")
    await cases.start(start)
    assert (await handle_of(client, start.number).describe()).status is WorkflowExecutionStatus.TERMINATED


@pytest.mark.parametrize("exists", [True, False])
async def test_a_case_that_cannot_be_told_says_why(client: Client, cases: TemporalCases, exists: bool) -> None:
    start = case_start()
    if exists:
        await cases.start(start)
        await handle_of(client, start.number).terminate("a test")
    with pytest.raises(AftersalesError) as caught:
        await cases.payment_changed(start.number, PaymentChanged(provider="stripe"))
    assert caught.value.code is (ErrorCode.CASE_CLOSED if exists else ErrorCode.CASE_UNKNOWN)


@pytest.mark.usefixtures("without_schedule")
async def test_any_number_of_workers_keep_one_schedule_and_the_last_ones_interval(client: Client) -> None:
    await asyncio.gather(*(keep_schedule(client, 3600) for _ in range(3)))
    await keep_schedule(client, 1800)
    kept = (await client.get_schedule_handle(SCHEDULE_ID).describe()).schedule
    assert [interval.every for interval in kept.spec.intervals] == [timedelta(minutes=30)]


@pytest.mark.usefixtures("without_schedule")
async def test_a_sweep_that_operators_paused_stays_paused_when_a_worker_starts(client: Client) -> None:
    await keep_schedule(client, 3600)
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    await schedule.pause(note="the database is being moved")
    await keep_schedule(client, 1800)
    kept = (await schedule.describe()).schedule
    assert (kept.state.paused, kept.state.note) == (True, "the database is being moved")


@asynccontextmanager
async def serving(database_url: str, temporal: str) -> AsyncIterator[None]:
    """A worker of the cases' queue, in this process, that drains at the end."""
    settings = WorkerSettings.model_validate(
        {
            "database_url": database_url,
            "temporal_address": temporal,
            "proof_keys": [{"key_id": "k1", "secret": "s" * 32}],
            "link_keys": [{"key_id": "k1", "secret": "s" * 32}],
            "payee_keys": [{"key_id": "k1", "secret": PAYEE_SECRET}],
            "queues": [QUEUE_CASES],
            "sweep_every_s": 3600,
        }
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(settings, stop))
        yield
        stop.set()


@pytest.mark.usefixtures("without_schedule")
async def test_a_worker_starts_the_workflow_of_a_case_that_temporal_lost(
    client: Client, dev_server: DevServer, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSALES_STRIPE_API_KEY", "sk_test_sweeping")
    await schema.upgrade(sqlite_url)
    start, now = case_start(), datetime.now(UTC)
    row = CaseRow(
        number=start.number,
        start=start,
        status=CaseStatus.UNDER_REVIEW,
        waits_for=WaitsFor.AGENT,
        opened_at=now,
        updated_at=now,
    )
    engine = create_store_engine(sqlite_url)
    async with SqlStore(engine).begin() as unit:
        await unit.insert_case(row)
    await engine.dispose()
    case = handle_of(client, start.number)
    async with serving(sqlite_url, dev_server.address):
        await swept(client)
        async with asyncio.timeout(20):
            while (await case.describe()).typed_search_attributes.get(STATUS) != CaseStatus.UNDER_REVIEW:
                await asyncio.sleep(0.1)
        found = await case.describe()
    assert (found.status, found.task_queue) == (WorkflowExecutionStatus.RUNNING, QUEUE_CASES)
    await case.terminate("a test")


async def swept(client: Client) -> None:
    """Fire the schedule as soon as the worker has made it, and wait for the sweep's end."""
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    async with asyncio.timeout(20):
        while True:
            try:
                await schedule.trigger()
                break
            except RPCError:
                await asyncio.sleep(0.1)
        while not (actions := (await schedule.describe()).info.recent_actions):
            await asyncio.sleep(0.1)
        started = actions[-1].action
        assert isinstance(started, ScheduleActionExecutionStartWorkflow)
        await client.get_workflow_handle(started.workflow_id).result()
