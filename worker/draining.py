"""How a worker stops: provider calls and letters end first, and the cases' queue serves on until it has their answers.

Else the answer of a provider would lie in Temporal, unrecorded, until another worker takes the case over.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from temporalio import activity
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from aftersales.contract.names import QUEUE_CASES, QUEUE_EVIDENCE, QUEUE_NOTIFICATIONS

UNRECORDED_S: Final = 5.0
"""A call that has ended may be unrecorded for so long; later it is not, while its case's queue is served."""

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


class ProviderCalls(Interceptor):
    """Given to a provider's worker, it knows the cases that have, or lately had, a call under way there."""

    def __init__(self, unrecorded_s: float = UNRECORDED_S) -> None:
        self._unrecorded_s = unrecorded_s
        self._calls: Counter[str] = Counter()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Noted(next, self)

    def begun(self, workflow_id: str) -> None:
        self._calls[workflow_id] += 1

    def ended(self, workflow_id: str) -> None:
        asyncio.get_running_loop().call_later(self._unrecorded_s, self._forget, workflow_id)

    def cases(self) -> set[str]:
        """By their workflow ids."""
        return set(self._calls)

    def _forget(self, workflow_id: str) -> None:
        self._calls -= Counter([workflow_id])


class _Noted(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, calls: ProviderCalls) -> None:
        super().__init__(following)
        self._calls = calls

    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        workflow_id = activity.info().workflow_id or ""
        self._calls.begun(workflow_id)
        try:
            return await super().execute_activity(input)
        finally:
            self._calls.ended(workflow_id)


async def drain(client: Client, workers: Sequence[Stoppable], calls: ProviderCalls) -> None:
    """Shut the workers down: what is under way ends or, after their graceful time, is cancelled."""
    others = {worker.task_queue: worker for worker in workers}
    cases = others.pop(QUEUE_CASES, None)
    async with asyncio.TaskGroup() as stopping:
        ends = {queue: stopping.create_task(worker.shutdown()) for queue, worker in others.items()}
        for unawaited in (QUEUE_NOTIFICATIONS, QUEUE_EVIDENCE):  # no step of a case waits for a letter or a check
            ends.pop(unawaited, None)
        await asyncio.gather(*ends.values())
        if cases:
            await _until_recorded(client, calls)
            await cases.shutdown()


async def _until_recorded(client: Client, calls: ProviderCalls) -> None:
    """Until each case has dealt with what it was told; what takes too long is left to another worker."""
    try:
        async with asyncio.timeout(RECORDED_WITHIN_S):
            for workflow_id in calls.cases():
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
