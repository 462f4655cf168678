"""How a worker stops: provider calls and letters end first, and the cases' queue serves on until it has their answers.

Else the answer of a provider would lie in Temporal, unrecorded, until another worker takes the case over.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from aftersales.contract.names import QUEUE_CASES, QUEUE_NOTIFICATIONS

LATELY_S: Final = 5.0
"""A call that ended before the worker was told to stop may be unrecorded as well; after this long it is not."""

MOST_REMEMBERED: Final = 2000
RECORDED_WITHIN_S: Final = 10.0
"""A case records an answer in milliseconds, and gives up a database that is away after eight seconds."""

LOOK_AGAIN_S: Final = 0.05

_log = logging.getLogger("worker")


class Stoppable(Protocol):
    """What is needed of a `temporalio.worker.Worker`."""

    @property
    def task_queue(self) -> str: ...

    async def shutdown(self) -> None:
        """Begin to stop, and return when it has stopped."""
        ...


class ProviderCalls(ClientInterceptor, WorkerInterceptor):
    """Remembers which cases have, or lately had, a call of a provider under way in this process."""

    def __init__(self) -> None:
        self._underway: Counter[str] = Counter()
        self._ended: deque[tuple[float, str]] = deque(maxlen=MOST_REMEMBERED)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Remembered(next, self)

    def begun(self, workflow_id: str) -> None:
        self._underway[workflow_id] += 1

    def ended(self, workflow_id: str) -> None:
        self._underway -= Counter([workflow_id])
        self._ended.append((time.monotonic(), workflow_id))

    def lately(self) -> set[str]:
        """Workflow ids of calls under way, and of those that ended some seconds ago."""
        since = time.monotonic() - LATELY_S
        return {*self._underway, *(each for at, each in self._ended if at >= since)}


class _Remembered(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, calls: ProviderCalls) -> None:
        super().__init__(following)
        self._calls = calls

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        info = activity.info()
        if info.workflow_id is None or info.task_queue in (QUEUE_CASES, QUEUE_NOTIFICATIONS):
            return await super().execute_activity(input)
        self._calls.begun(info.workflow_id)
        try:
            return await super().execute_activity(input)
        finally:
            self._calls.ended(info.workflow_id)


def remembering(client: Client, calls: ProviderCalls) -> Client:
    """The same connection, whose workers tell `calls` of each call of a provider."""
    config = client.config()
    config["interceptors"] = [*config["interceptors"], calls]
    return Client(**config)


async def drain(client: Client, workers: Sequence[Stoppable], calls: ProviderCalls) -> None:
    """Shut the workers down: what is under way ends or, after their graceful time, is cancelled."""
    asked = calls.lately()
    by_queue = {worker.task_queue: worker for worker in workers}
    cases, letters = by_queue.pop(QUEUE_CASES, None), by_queue.pop(QUEUE_NOTIFICATIONS, None)
    async with asyncio.TaskGroup() as stopping:
        if letters:  # no step of a case waits for them
            stopping.create_task(letters.shutdown())
        await asyncio.gather(*(providers.shutdown() for providers in by_queue.values()))
        if cases:
            await _until_recorded(client, asked)
            await cases.shutdown()


async def _until_recorded(client: Client, workflow_ids: Iterable[str]) -> None:
    """Until each of these cases has dealt with what it was told; what takes too long is left to another worker."""
    try:
        async with asyncio.timeout(RECORDED_WITHIN_S):
            for workflow_id in workflow_ids:
                while await _has_a_task_to_do(client, workflow_id):  # noqa: ASYNC110 - Temporal tells nobody
                    await asyncio.sleep(LOOK_AGAIN_S)
    except (TimeoutError, RPCError) as error:
        _log.warning("stopping before every answer of a provider is recorded; another worker will do it: %r", error)


async def _has_a_task_to_do(client: Client, workflow_id: str) -> bool:
    try:
        described = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return described.raw_description.HasField("pending_workflow_task")
