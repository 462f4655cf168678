"""The reconciliation's schedule, and a night of it in a real worker against Stripe's sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow

from activities.differences import RunState
from activities.reconciling import DayOrder, DayResult
from aftersales import connect
from aftersales.contract.names import QUEUE_CASES
from cli.servers.dev_server import DevServer
from storage import schema
from storage.engine import create_store_engine
from storage.reconciliation_listing import ReconciliationListing
from tests.sandbox.servers import API_KEY, Box
from tests.worker.environment import settings
from worker.main import serve
from worker.reconciling import SCHEDULE_ID, keep_reconciliation
from workflows.reconcile import day_id

CRON = "0 4 * * *"


@pytest.fixture
async def client(dev_server: DevServer) -> AsyncIterator[Client]:
    """Its namespace has no schedule of the reconciliation when the test has ended."""
    made = await connect(address=dev_server.address)
    yield made
    await made.get_schedule_handle(SCHEDULE_ID).delete()


async def test_any_number_of_workers_keep_one_schedule_and_the_last_ones_hour(client: Client) -> None:
    await asyncio.gather(*(keep_reconciliation(client, CRON) for _ in range(3)))
    await keep_reconciliation(client, "30 5 * * *")
    described = await client.get_schedule_handle(SCHEDULE_ID).describe()
    [calendar] = described.schedule.spec.calendars
    assert (calendar.hour[0].start, calendar.minute[0].start) == (5, 30)


async def test_a_reconciliation_that_operators_paused_stays_paused_when_a_worker_starts(client: Client) -> None:
    await keep_reconciliation(client, CRON)
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    await schedule.pause(note="the provider is being changed")
    await keep_reconciliation(client, CRON)
    state = (await schedule.describe()).schedule.state
    assert (state.paused, state.note) == (True, "the provider is being changed")


@pytest.mark.parametrize("cron", ["", "nightly", "0 4 * *", "0 4 * * * *"])
def test_what_is_no_cron_expression_is_refused_with_the_settings(cron: str) -> None:
    with pytest.raises(ValidationError, match="reconcile_cron"):
        settings(reconcile_cron=cron)


@pytest.mark.parametrize("cron", [CRON, "CRON_TZ=Asia/Shanghai 30 12 * * *", "0 4 * * MON-FRI"])
def test_a_cron_expression_may_name_its_time_zone(cron: str) -> None:
    assert settings(reconcile_cron=cron).reconcile_cron == cron


@asynccontextmanager
async def serving(database_url: str, temporal: str) -> AsyncIterator[None]:
    """A worker of the cases' queue, in this process, that drains at the end."""
    told = settings(database_url=database_url, temporal_address=temporal, queues=[QUEUE_CASES], sweep_every_s=3600)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(told, stop))
        yield
        stop.set()


async def test_a_night_compares_the_day_before_with_what_the_provider_has(
    client: Client, dev_server: DevServer, sqlite_url: str, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSALES_STRIPE_API_KEY", API_KEY)
    monkeypatch.setenv("AFTERSALES_STRIPE_API_BASE", box.url)
    await schema.upgrade(sqlite_url)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await box.admin.put("/admin/clock", json={"now": yesterday.isoformat()})
    await box.refund(leg="NEVER-ISSUED-1-1")
    await box.admin.put("/admin/clock", json={"now": datetime.now(UTC).isoformat()})
    order = DayOrder(provider="stripe", day=yesterday.date())
    async with serving(sqlite_url, dev_server.address):
        await fired(client)
        async with asyncio.timeout(30):
            result: DayResult = await client.get_workflow_handle(day_id(order), result_type=DayResult).result()
    assert (result.lines, result.matched, result.found) == (1, 0, 1)
    engine = create_store_engine(sqlite_url)
    listing = ReconciliationListing(engine)
    [run] = await listing.runs(limit=5)
    [finding] = await listing.findings_of(order.day)
    await engine.dispose()
    assert (run.state, finding.subject, finding.with_finance) == (RunState.DONE, "NEVER-ISSUED-1-1", True)


async def fired(client: Client) -> None:
    """Fire the schedule as soon as the worker has made it, and wait for the plan's end."""
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    await keep_reconciliation(client, CRON)
    await schedule.trigger()
    async with asyncio.timeout(30):
        while not (actions := (await schedule.describe()).info.recent_actions):
            await asyncio.sleep(0.1)
    started = actions[-1].action
    assert isinstance(started, ScheduleActionExecutionStartWorkflow)
    await client.get_workflow_handle(started.workflow_id).result()
