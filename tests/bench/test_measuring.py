"""The bench's instruments: what they read of a process, and that the engine's share is measured on real work."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from temporalio.client import Client

from aftersales import connect
from aftersales.contract.names import STATUS
from aftersales.contract.values import CaseStatus
from bench.assessing import assessment_p50
from bench.engine import EngineOnly, engine_rate
from bench.processes import cpu_seconds, resident_mib
from bench.refunds import order_records, refunded, until_refunded
from cli.servers.dev_server import DevServer
from storage import schema
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.reading import Reading


def seconds_of(pid: int) -> float:
    return cpu_seconds({"it": pid})["it"]


def test_memory_is_what_the_process_holds_in_mebibytes() -> None:
    most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before = resident_mib(os.getpid())
    assert 10 < before <= most_mib + 1
    ballast = bytearray(os.urandom(1) * 64 * 2**20)
    assert 32 < resident_mib(os.getpid()) - before < 96
    assert len(ballast) == 64 * 2**20


def test_processor_time_grows_by_what_was_computed_and_not_by_waiting() -> None:
    began, shown = time.process_time(), seconds_of(os.getpid())
    while time.process_time() - began < 0.2:
        sum(range(1000))
    assert 0.1 < seconds_of(os.getpid()) - shown < 2
    waiting = seconds_of(os.getpid())
    time.sleep(0.2)
    assert seconds_of(os.getpid()) - waiting < 0.15


def test_a_process_of_any_name_can_be_measured(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 (b"
    shutil.copy("/bin/sleep", odd)
    with subprocess.Popen([odd, "5"]) as child:
        try:
            assert 0 <= seconds_of(child.pid) < 1
        finally:
            child.kill()


def test_a_server_counts_with_the_children_that_serve_its_connections() -> None:
    busy = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ntime.sleep(9)"
    forking = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {busy!r}])"
    with subprocess.Popen([sys.executable, "-c", forking], start_new_session=True) as server:
        try:
            end = time.monotonic() + 20
            while seconds_of(server.pid) < 0.3 and time.monotonic() < end:
                time.sleep(0.05)
            assert 0.3 <= seconds_of(server.pid) < 3
        finally:
            os.killpg(server.pid, signal.SIGKILL)


async def test_an_assessment_is_timed_with_its_transaction(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    engine, orders = create_store_engine(sqlite_url), order_records("timed", 2)
    await save_orders(engine, orders)
    assert 0 < await assessment_p50(engine, orders) < 5_000
    assert (await Reading(engine).counts_by_status()) == {CaseStatus.PAYING: 2}
    await engine.dispose()


async def test_refunds_of_an_earlier_run_are_not_taken_for_those_of_this_one(sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    engine, orders = create_store_engine(sqlite_url), order_records("earlier", 2)
    await save_orders(engine, orders)
    await assessment_p50(engine, orders)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE cases SET status = 'refunded'")
    await until_refunded(engine, earlier := await refunded(engine))
    assert earlier == 2
    with pytest.raises(TimeoutError):
        await until_refunded(engine, earlier + 1, limit_s=0.3)
    await engine.dispose()


async def test_the_engine_alone_does_the_steps_of_a_refund_and_sets_its_status(dev_server: DevServer) -> None:
    client = await connect(address=dev_server.address)
    async with asyncio.timeout(30):
        rate = await engine_rate(client, 3, payload_bytes=10)
    assert rate > 0
    assert await _events(client) == {"local": 2, "activity": 2, "upsert": 2}


async def _events(client: Client) -> dict[str, int]:
    """What the newest of the engine's cases is made of; the list lags behind, so it is asked until it is there."""
    async with asyncio.timeout(20):
        while True:
            found = [each async for each in client.list_workflows(f"WorkflowType = '{EngineOnly.__name__}'")]
            if found and all(each.typed_search_attributes.get(STATUS) == "refunded" for each in found):
                break
            await asyncio.sleep(0.1)
    history = await client.get_workflow_handle(found[0].id).fetch_history()
    kinds = [event.WhichOneof("attributes") or "" for event in history.events]
    return {
        "local": kinds.count("marker_recorded_event_attributes"),
        "activity": kinds.count("activity_task_completed_event_attributes"),
        "upsert": kinds.count("upsert_workflow_search_attributes_event_attributes"),
    }


def test_the_bench_says_what_it_can_be_asked_for() -> None:
    helped = subprocess.run([sys.executable, "-m", "bench", "--help"], capture_output=True, text=True, check=False)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "--refunds" in helped.stdout
    assert "--open-cases" in helped.stdout
