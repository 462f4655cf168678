"""Replaying recorded cases with the product's present code: is it still the same process, and how fast is it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import NamedTuple

from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from worker.runner import CaseRunner
from workflows.refund_case import RefundCase


class Replays(NamedTuple):
    """How often a history was replayed, and how long all of it took: by the clock and on the processors."""

    times: int
    seconds: float
    cpu_seconds: float


def replayer(workflows: Sequence[type] = (RefundCase,)) -> Replayer:
    """Replays as the worker runs: the product's payload conversion, each workflow in its sandbox."""
    # Named, because a build id of the SDK's own making is a hash of all loaded code: most of a second for no use here.
    return Replayer(
        workflows=workflows, data_converter=pydantic_data_converter, build_id="replay", workflow_runner=CaseRunner()
    )


async def replay_many(path: Path, times: int) -> Replays:
    """Replay one committed history, each time from its first event and in a sandbox of its own.

    Raises the first failure, a nondeterminism error if the code gives other commands than the history has.
    """
    history = _read(path)
    started, cpu_started = time.perf_counter(), time.process_time()
    async with replayer().workflow_replay_iterator(_repeated(history, times)) as replays:
        async for replay in replays:
            if replay.replay_failure is not None:
                raise replay.replay_failure
    return Replays(times, time.perf_counter() - started, time.process_time() - cpu_started)


def _read(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json("refund/replayed", path.read_text())


async def _repeated(history: WorkflowHistory, times: int) -> AsyncIterator[WorkflowHistory]:
    for _ in range(times):
        yield history
