"""What a real worker does once a day: the log is sealed where the database cannot reach, evidence is looked through."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow

from activities.erasing import ErasedEvidence
from activities.rows import AuditEntry
from aftersales import connect
from aftersales.contract.names import QUEUE_CASES, QUEUE_EVIDENCE
from cli.servers.dev_server import DevServer
from integrations.seals import open_seals
from storage import schema
from storage.engine import create_store_engine
from storage.store import SqlStore
from tests.worker.environment import STRIPE_KEY, settings
from worker.daily import SCHEDULE_ID, keep_daily
from worker.main import serve
from workflows.daily import DailyResult

CRON = "30 3 * * *"
PATIENCE_S = 60


@pytest.fixture
async def client(dev_server: DevServer) -> AsyncIterator[Client]:
    """Its namespace has no schedule of the day when the test has ended."""
    made = await connect(address=dev_server.address)
    yield made
    await made.get_schedule_handle(SCHEDULE_ID).delete()


@asynccontextmanager
async def serving(database_url: str, temporal: str, folder: Path) -> AsyncIterator[None]:
    """A worker of cases and evidence, in this process, that drains at the end."""
    told = settings(
        database_url=database_url,
        temporal_address=temporal,
        queues=[QUEUE_CASES, QUEUE_EVIDENCE],
        sweep_every_s=3600,
        evidence=str(folder / "evidence"),
        seals=str(folder / "seals"),
    )
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(told, stop))
        yield
        stop.set()


async def fired(client: Client) -> DailyResult:
    """Fire the schedule as it stands, and wait for the day's end."""
    schedule = client.get_schedule_handle(SCHEDULE_ID)
    await keep_daily(client, CRON)
    await schedule.trigger()
    async with asyncio.timeout(PATIENCE_S):
        while not (actions := (await schedule.describe()).info.recent_actions):
            await asyncio.sleep(0.1)
        started = actions[-1].action
        assert isinstance(started, ScheduleActionExecutionStartWorkflow)
        done: DailyResult = await client.get_workflow_handle(started.workflow_id, result_type=DailyResult).result()
    return done


async def test_any_number_of_workers_keep_one_schedule(client: Client) -> None:
    await asyncio.gather(*(keep_daily(client, CRON) for _ in range(3)))
    described = await client.get_schedule_handle(SCHEDULE_ID).describe()
    [calendar] = described.schedule.spec.calendars
    assert (calendar.hour[0].start, calendar.minute[0].start) == (3, 30)


async def test_a_night_seals_the_log_outside_the_database(
    client: Client, dev_server: DevServer, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSALES_STRIPE_API_KEY", STRIPE_KEY)
    await schema.upgrade(sqlite_url)
    engine = create_store_engine(sqlite_url)
    entry = AuditEntry(number="staff", at=datetime.now(UTC), actor="system", role="system", action="began")
    async with SqlStore(engine).begin() as unit:
        await unit.append_audit((entry,))
    await engine.dispose()
    async with serving(sqlite_url, dev_server.address, tmp_path):
        done = await fired(client)
    assert (done.sealed.heads, done.erased) == (1, ErasedEvidence())
    [day] = await open_seals(str(tmp_path / "seals")).days()
    assert abs((datetime.now(UTC).date() - day).days) <= 1


@pytest.mark.parametrize("cron", ["", "daily", "30 3 * *"])
def test_what_is_no_cron_expression_is_refused_with_the_settings(cron: str) -> None:
    with pytest.raises(ValidationError, match="daily_cron"):
        settings(daily_cron=cron)
