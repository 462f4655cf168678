"""A worker's life on a real Temporal: ready, drained by a signal, and gone with status 0."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError
from temporalio.worker import Worker

from aftersales.contract.names import QUEUE_CASES
from aftersales.contract.numbers import new_number
from cli.servers.commands import run
from cli.servers.dev_server import DevServer
from cli.servers.probes import eventually
from storage import schema
from tests.support.program import Ran
from tests.worker.environment import LIMIT_S, SECRETS, ended, environment, start_worker
from tests.worker.other_case import TIMER_STARTED, OtherCase
from worker.main import READY
from worker.sweeping import SCHEDULE_ID

DRAIN_S = 25


@pytest.fixture
async def told(alone: Client, dev_server: DevServer, sqlite_url: str) -> dict[str, str]:
    """The environment of a worker that can work, in a namespace without any cases."""
    await schema.upgrade(sqlite_url)
    return environment(
        database_url=sqlite_url,
        temporal_address=dev_server.address,
        temporal_namespace=alone.namespace,
        drain_s=str(DRAIN_S),
    )


async def says(process: asyncio.subprocess.Process, words: str) -> list[str]:
    """The lines a worker wrote until one had these words."""
    assert process.stderr is not None
    lines: list[str] = []
    async with asyncio.timeout(LIMIT_S):
        while not lines or words not in lines[-1]:
            line = await process.stderr.readline()
            assert line, f"it ended before it said {words!r}: {lines}"
            lines.append(line.decode())
    return lines


async def lived(told: dict[str, str], by: signal.Signals, after: str = READY) -> tuple[list[str], Ran, float]:
    """A worker started and told to go as soon as it said this: its lines, its end, and the seconds that took."""
    process = await start_worker(told)
    try:
        lines = await says(process, after)
        since = time.monotonic()
        process.send_signal(by)
    except BaseException:
        process.kill()
        raise
    return lines, await ended(process), time.monotonic() - since


async def test_an_idle_worker_is_gone_at_once_when_told_to_and_had_nothing_to_complain_of(
    alone: Client, told: dict[str, str]
) -> None:
    lines, ran, took_s = await lived(told, signal.SIGTERM)
    assert (ran.status, ran.out) == (0, ""), ran
    assert took_s < DRAIN_S / 2, "nothing was under way, so there was nothing to wait for"
    events = [json.loads(line) for line in [*lines, *ran.err.splitlines()]]
    assert events[-1]["event"] == "stopped"
    assert f"draining, at most {DRAIN_S} s" in [event["event"] for event in events]
    assert [event for event in events if event["level"] != "info"] == []
    assert not [secret for secret in SECRETS if secret in "".join(lines) + ran.err]
    await alone.get_schedule_handle(SCHEDULE_ID).delete()


async def test_a_worker_of_some_queues_names_them_and_keeps_no_schedule(alone: Client, told: dict[str, str]) -> None:
    some = environment(queues='["notifications", "payments-stripe"]', log_format="console")
    chosen = {name: some[name] for name in ("AFTERSALES_QUEUES", "AFTERSALES_LOG_FORMAT")}
    lines, ran, _ = await lived(told | chosen, signal.SIGINT)
    assert ran.status == 0, ran
    assert f"{READY}: payments-stripe, notifications" in lines[-1]
    with pytest.raises(RPCError):
        await alone.get_schedule_handle(SCHEDULE_ID).describe()


async def test_what_the_sdks_native_part_warns_of_is_a_line_as_all_others(alone: Client, told: dict[str, str]) -> None:
    case = await alone.start_workflow(OtherCase.run, id=f"refund/{new_number()}", task_queue=QUEUE_CASES)
    async with Worker(alone, task_queue=QUEUE_CASES, workflows=[OtherCase]):
        await eventually(lambda: _sleeps(case), 10)
    lines, ran, _ = await lived(told, signal.SIGTERM, after="sdk_core")
    assert (ran.status, ran.out) == (0, ""), ran
    assert json.loads(lines[-1])["level"] == "warning"
    await case.terminate("a test")
    await alone.get_schedule_handle(SCHEDULE_ID).delete()


async def _sleeps(case: WorkflowHandle[OtherCase, None]) -> bool:
    return (await case.describe()).history_length >= TIMER_STARTED


async def test_a_fault_of_the_program_shows_where_it_is_and_not_as_a_setting_to_mend() -> None:
    program = """
import sys
from worker.main import main

async def serve(settings, stop):
    raise ValueError("a bug")

sys.exit(main(serve))
"""
    ended = await run([sys.executable, "-c", program], limit_seconds=LIMIT_S, environ=environment())
    (line,) = ended.output.splitlines()
    assert ended.code == 1
    assert json.loads(line)["level"] == "error"
    assert "Traceback" in line
    assert "ValueError: a bug" in line
    assert "cannot start" not in line
