"""The way to change a workflow of which cases are open, shown on a small one (design: architecture, The contract)."""

from __future__ import annotations

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.workflow import NondeterminismError

from bench.replaying import replayer
from tests.replay.fingerprint import fingerprint
from tests.replay.promises import NAME, Promise, PromiseChanged, PromisePatched


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
