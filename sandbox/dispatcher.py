"""Delivers webhooks in the background, again and again on the provider's schedule until acknowledged."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import httpx2

from sandbox.calls import Provider
from sandbox.outbox import Due, Met, Outbox

MOST_AT_ONCE = 32
# Bounds the sleep between two looks, for the clock of the machine may be moved under us.
LONGEST_SLEEP_S = 5.0
# A delivery may be due and yet wait for an earlier one of its object.
SHORTEST_SLEEP_S = 0.02


class Dispatcher:
    """One background task; ``retry_scale`` compresses the providers' redelivery schedules."""

    def __init__(self, outbox: Outbox, providers: Sequence[Provider], *, retry_scale: float, timeout_s: float) -> None:
        self._outbox = outbox
        self._providers = {provider.name: provider for provider in providers}
        self._retry_scale = retry_scale
        self._timeout_s = timeout_s
        self._sending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the context lasts; what is owed at its end waits for the next process."""
        async with httpx2.AsyncClient(timeout=self._timeout_s, trust_env=False) as client:
            task = asyncio.create_task(self._run(client))
            try:
                yield
            finally:
                task.cancel()
                self.cut_off()
                await asyncio.gather(task, *self._sending, return_exceptions=True)

    def cut_off(self) -> None:
        """Abandon the attempts in flight; their deliveries are about to be forgotten."""
        for sending in self._sending:
            sending.cancel()

    async def _run(self, client: httpx2.AsyncClient) -> None:
        while True:
            self._outbox.changed.clear()
            for due in self._outbox.claim(MOST_AT_ONCE - len(self._sending)):
                sending = asyncio.create_task(self._attempt(client, due))
                self._sending.add(sending)
                sending.add_done_callback(self._sent)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._outbox.changed.wait(), self._pause_s())

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._outbox.changed.set()

    def _pause_s(self) -> float:
        next_due_at = self._outbox.next_due_at()
        if next_due_at is None:
            return LONGEST_SLEEP_S
        return min(max(next_due_at - time.time(), SHORTEST_SLEEP_S), LONGEST_SLEEP_S)

    async def _attempt(self, client: httpx2.AsyncClient, due: Due) -> None:
        provider = self._providers[due.event.provider]
        met = await self._post(client, provider, due)
        acknowledged = met.status is not None and provider.acknowledged(met.status, met.body)
        schedule = provider.redelivery_s
        again_in_s = schedule[due.attempt - 1] * self._retry_scale if due.attempt <= len(schedule) else None
        self._outbox.settle(due, met, again_in_s, acknowledged=acknowledged)

    async def _post(self, client: httpx2.AsyncClient, provider: Provider, due: Due) -> Met:
        url = due.event.url or self._outbox.url
        if url is None:
            return Met(error="no webhook url")
        headers = {"content-type": "application/json; charset=utf-8"}
        headers.update(provider.sign(due.event.body, forged=due.forged))
        try:
            answer = await client.post(url, content=due.event.body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL) as failure:
            return Met(error=type(failure).__name__)
        return Met(answer.status_code, answer.content)
