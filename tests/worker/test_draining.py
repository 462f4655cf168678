"""A worker stops in order: letters and provider calls first, the cases when they have recorded the answers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker

from aftersales.contract.names import QUEUE_CASES, QUEUE_NOTIFICATIONS, payments_queue
from worker.draining import ProviderCalls, drain

PAYMENTS = payments_queue("stripe")
A_MOMENT_S = 0.5
LIMIT_S = 30


class Queue:
    """A worker by its name alone; `ends` is how long its last work takes."""

    def __init__(self, task_queue: str, said: list[str], ends: Callable[[], Awaitable[object]] | None = None) -> None:
        self.task_queue = task_queue
        self._said = said
        self._ends = ends

    async def shutdown(self) -> None:
        self._said.append(f"{self.task_queue} is told")
        if self._ends:
            await self._ends()
        self._said.append(f"{self.task_queue} has stopped")


@workflow.defn
class Waiting:
    """Has one task to do, and then waits for ever."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@activity.defn
async def call(fails: bool) -> None:
    """Whatever a provider is called for."""
    if fails:
        raise ApplicationError("no answer", non_retryable=True)


@workflow.defn
class Calling:
    """Makes one call, and puts up with its failure."""

    @workflow.run
    async def run(self, fails: bool) -> None:
        with suppress(ActivityError):
            await workflow.execute_activity(call, fails, start_to_close_timeout=timedelta(seconds=9))


async def test_cases_are_served_until_the_providers_calls_have_ended_but_not_until_the_last_letter(
    alone: Client,
) -> None:
    said: list[str] = []
    called, written = asyncio.Event(), asyncio.Event()
    queues = [
        Queue(QUEUE_CASES, said),
        Queue(PAYMENTS, said, called.wait),
        Queue(QUEUE_NOTIFICATIONS, said, written.wait),
    ]
    draining = asyncio.create_task(drain(alone, queues, ProviderCalls()))
    await asyncio.sleep(0.05)
    assert sorted(said) == [f"{QUEUE_NOTIFICATIONS} is told", f"{PAYMENTS} is told"]
    called.set()
    async with asyncio.timeout(LIMIT_S):
        while f"{QUEUE_CASES} has stopped" not in said:
            await asyncio.sleep(0.01)
    assert not draining.done()
    written.set()
    await draining


async def test_cases_are_served_until_each_has_dealt_with_its_providers_answer(alone: Client) -> None:
    said: list[str] = []
    name, calls = uuid.uuid4().hex, ProviderCalls()
    answered = await alone.start_workflow(Waiting.run, id=name, task_queue=name)
    calls.begun(name)
    calls.ended(name)
    draining = asyncio.create_task(drain(alone, [Queue(PAYMENTS, said), Queue(QUEUE_CASES, said)], calls))
    await asyncio.sleep(A_MOMENT_S)
    assert said == [f"{PAYMENTS} is told", f"{PAYMENTS} has stopped"]
    async with asyncio.timeout(LIMIT_S), Worker(alone, task_queue=name, workflows=[Waiting]):
        await draining
    assert said[2:] == [f"{QUEUE_CASES} is told", f"{QUEUE_CASES} has stopped"]
    await answered.terminate("a test")


async def test_a_worker_of_the_providers_alone_waits_for_no_case(alone: Client) -> None:
    said: list[str] = []
    name, calls = uuid.uuid4().hex, ProviderCalls()
    unserved = await alone.start_workflow(Waiting.run, id=name, task_queue=name)
    calls.begun(name)
    async with asyncio.timeout(LIMIT_S):
        await drain(alone, [Queue(PAYMENTS, said)], calls)
    await unserved.terminate("a test")


async def test_a_case_that_is_gone_holds_nobody_up(alone: Client) -> None:
    said: list[str] = []
    calls = ProviderCalls()
    calls.begun("a case that Temporal does not know")
    async with asyncio.timeout(LIMIT_S):
        await drain(alone, [Queue(PAYMENTS, said), Queue(QUEUE_CASES, said)], calls)
    assert said[-1] == f"{QUEUE_CASES} has stopped"


async def test_a_case_is_forgotten_when_its_last_call_must_have_been_recorded() -> None:
    calls = ProviderCalls(unrecorded_s=0.01)
    calls.begun("case")
    calls.begun("case")
    calls.ended("case")
    await asyncio.sleep(A_MOMENT_S)
    assert calls.cases() == {"case"}, "its second call is under way"
    calls.ended("case")
    await asyncio.sleep(A_MOMENT_S)
    assert calls.cases() == set()


@pytest.mark.parametrize("fails", [False, True])
async def test_the_case_of_a_call_is_known_whatever_came_of_the_call(alone: Client, fails: bool) -> None:
    calls, name = ProviderCalls(), uuid.uuid4().hex
    async with Worker(alone, task_queue=name, workflows=[Calling], activities=[call], interceptors=[calls]):
        await alone.execute_workflow(Calling.run, fails, id=name, task_queue=name)
    assert calls.cases() == {name}
