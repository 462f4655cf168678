"""The bench's instruments: what they read of a process, and that the engine's share is measured on real work."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from temporalio.client import Client

from aftersales import connect
from aftersales.contract.names import STATUS
from bench.engine import EngineOnly, engine_rate
from bench.memory import _resident_mib
from bench.refunds import _cpu_seconds
from cli.servers.dev_server import DevServer


def test_memory_is_what_the_process_holds_in_mebibytes() -> None:
    most_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    before = _resident_mib(os.getpid())
    assert 10 < before <= most_mib + 1
    ballast = bytearray(os.urandom(1) * 64 * 2**20)
    assert 32 < _resident_mib(os.getpid()) - before < 96
    assert len(ballast) == 64 * 2**20


def test_processor_time_grows_by_what_was_computed_and_not_by_waiting() -> None:
    began, shown = time.process_time(), _cpu_seconds(os.getpid())
    while time.process_time() - began < 0.2:
        sum(range(1000))
    assert 0.1 < _cpu_seconds(os.getpid()) - shown < 2
    waiting = _cpu_seconds(os.getpid())
    time.sleep(0.2)
    assert _cpu_seconds(os.getpid()) - waiting < 0.15


def test_a_process_of_any_name_can_be_measured(tmp_path: Path) -> None:
    odd = tmp_path / "a) S 1 (b"
    shutil.copy("/bin/sleep", odd)
    with subprocess.Popen([odd, "5"]) as child:
        try:
            assert 0 <= _cpu_seconds(child.pid) < 1
        finally:
            child.kill()


async def test_the_engine_alone_does_the_steps_of_a_refund_and_sets_its_status(dev_server: DevServer) -> None:
    client = await connect(address=dev_server.address)
    async with asyncio.timeout(30):
        rate = await engine_rate(client, 3, payload_bytes=10)
    assert rate > 0
    assert await _events(client) == {"local": 2, "activity": 3, "upsert": 2}


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
