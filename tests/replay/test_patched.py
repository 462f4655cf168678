"""The way to change a workflow of which cases are open, shown on a small one (design: architecture, The contract)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final

import pytest
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.workflow import NondeterminismError

from bench.replaying import replayer
from tests.replay.fingerprint import fingerprint
from tests.replay.promises import NAME, Promise, PromiseChanged, PromisePatched

Handle = WorkflowHandle[Any, Any]

WAITING: Final = 100


async def keep(env: WorkflowEnvironment, version: type) -> WorkflowHistory:
    """The history of a promise made under one version."""
    async with Worker(env.client, task_queue=version.__name__, workflows=[version]):
        handle = await env.client.start_workflow(NAME, id=version.__name__, task_queue=version.__name__)
        assert await handle.result() == "kept"
    return await handle.fetch_history()


async def test_a_change_without_patched_stops_what_is_open(time_skipping_env: WorkflowEnvironment) -> None:
    old = await keep(time_skipping_env, Promise)
    with pytest.raises(NondeterminismError):
        await replayer([PromiseChanged]).replay_workflow(old)


async def test_with_patched_the_old_ends_as_it_began_and_the_new_is_new(time_skipping_env: WorkflowEnvironment) -> None:
    old = await keep(time_skipping_env, Promise)
    new = await keep(time_skipping_env, PromisePatched)
    for history in (old, new):
        await replayer([PromisePatched]).replay_workflow(history)
    assert "marker_recorded core_patch reminder-first" in fingerprint(new.events)
    assert fingerprint(old.events) == ["timer_started", "workflow_execution_completed"]


async def test_a_hundred_that_wait_while_a_changed_worker_takes_over_end_as_they_began(
    time_skipping_env: WorkflowEnvironment,
) -> None:
    """R14."""
    client, queue = time_skipping_env.client, uuid.uuid4().hex
    # Without a cache: this server does not notice that the worker whose cache a case was in has gone.
    async with Worker(client, task_queue=queue, workflows=[Promise], max_cached_workflows=0):
        waiting = [
            await client.start_workflow(NAME, id=f"{queue}/{place}", task_queue=queue) for place in range(WAITING)
        ]
        async with asyncio.timeout(30):
            while not all(await asyncio.gather(*(_waits(handle) for handle in waiting))):
                await asyncio.sleep(0.05)
    async with Worker(client, task_queue=queue, workflows=[PromisePatched]):
        assert [await handle.result() for handle in waiting] == ["kept"] * WAITING
    for handle in waiting:
        commands = fingerprint((await handle.fetch_history()).events)
        assert commands == ["timer_started", "workflow_execution_completed"]
        assert not await _failed_tasks(handle)


async def _waits(handle: Handle) -> bool:
    return "timer_started" in fingerprint((await handle.fetch_history()).events)


async def _failed_tasks(handle: Handle) -> list[str]:
    """What the changed worker could not make of an old history."""
    return [
        event.workflow_task_failed_event_attributes.failure.message
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_task_failed_event_attributes")
    ]
