"""A worker's life on a real Temporal: ready, drained by a signal, and gone with status 0."""

from __future__ import annotations

import asyncio
import json
import signal
import time

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from aftersales import connect
from cli.servers.dev_server import DevServer
from storage import schema
from tests.support.program import Ran
from tests.worker.environment import SECRETS, ended, environment, start_worker
from worker.main import READY
from worker.sweeping import SCHEDULE_ID

DRAIN_S = 25


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


async def ready(process: asyncio.subprocess.Process) -> list[str]:
    """The lines a worker wrote until it was ready."""
    assert process.stderr is not None
    lines: list[str] = []
    async with asyncio.timeout(30):
        while not lines or READY not in lines[-1]:
            line = await process.stderr.readline()
            assert line, f"it ended before it was ready: {lines}"
            lines.append(line.decode())
    return lines


async def lived(told: dict[str, str], by: signal.Signals) -> tuple[list[str], Ran, float]:
    """A worker started, ready, told to go at once: its lines, its end, and the seconds that took."""
    process = await start_worker(told)
    try:
        lines = await ready(process)
        since = time.monotonic()
        process.send_signal(by)
    except BaseException:
        process.kill()
        raise
    return lines, await ended(process), time.monotonic() - since


async def test_an_idle_worker_is_gone_at_once_when_told_to(
    client: Client, dev_server: DevServer, sqlite_url: str
) -> None:
    await schema.upgrade(sqlite_url)
    told = environment(database_url=sqlite_url, temporal_address=dev_server.address, drain_s=str(DRAIN_S))
    lines, ran, took_s = await lived(told, signal.SIGTERM)
    assert ran.status == 0, ran
    assert took_s < DRAIN_S / 2, "nothing was under way, so there was nothing to wait for"
    events = [json.loads(line) for line in [*lines, *ran.err.splitlines()]]
    assert events[-1]["event"] == "stopped"
    assert f"draining, at most {DRAIN_S} s" in [event["event"] for event in events]
    own = [event for event in events if event.get("logger") == "worker"]  # the server has other tests' cases too
    assert {event["level"] for event in own} == {"info"}
    assert not [secret for secret in SECRETS if secret in "".join(lines) + ran.err + ran.out]
    await client.get_schedule_handle(SCHEDULE_ID).delete()


async def test_a_worker_of_some_queues_names_them_and_keeps_no_schedule(
    client: Client, dev_server: DevServer, sqlite_url: str
) -> None:
    await schema.upgrade(sqlite_url)
    told = environment(
        database_url=sqlite_url,
        temporal_address=dev_server.address,
        queues='["notifications", "payments-stripe"]',
        log_format="console",
    )
    lines, ran, _ = await lived(told, signal.SIGINT)
    assert ran.status == 0, ran
    assert f"{READY}: notifications, payments-stripe" in lines[-1]
    with pytest.raises(RPCError):
        await client.get_schedule_handle(SCHEDULE_ID).describe()
