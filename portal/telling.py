"""Telling a case what its provider said, after the provider got its answer; only if that is news to the case.

A provider announces every refund by several events, most of which say what the case knows already or is about to
learn from the provider's own answer. Telling it costs billable actions each time, so the leg is looked at first.
Whatever fails or is cut off here stays unhandled in the inbox, where the sweep finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode
from portal.ports import Cases, Clock, PortalRecords
from storage.errors import StorageError
from storage.portal import Bearing, ProviderNews, Received

MOST_AT_ONCE: Final = 5_000
"""Events that are followed up at one time; those beyond it are left to the sweep rather than fill the memory."""

TOLD_AT_ONCE: Final = 4
"""Cases that are told at one time: telling takes more work than answering, and providers wait for their answers."""

GIVES_WAY_S: Final = 0.25
"""For how long at most a case waits because providers do: it is told even while they never stop."""

_log = structlog.get_logger(__name__)


class Telling:
    """`grace_s`: how long, in seconds, news of a leg that is just being sent waits for the call's own answer."""

    def __init__(self, records: PortalRecords, cases: Cases, clock: Clock, grace_s: float) -> None:
        self._records = records
        self._cases = cases
        self._clock = clock
        self._grace_s = grace_s
        self._under_way: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(TOLD_AT_ONCE)
        self._answering = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def begin(self, received: Received) -> None:
        """Follow an event up, beside the request that brought it: its connection is not held during the grace."""
        if len(self._under_way) >= MOST_AT_ONCE:
            _log.warning("webhook_left_to_the_sweep", event_id=received.news.event_id, why="too many are under way")
            return
        task = asyncio.create_task(self._follow_up(received))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    @contextmanager
    def giving_way(self) -> Iterator[None]:
        """While this lasts a provider waits for its answer, and cases wait until it has it."""
        self._answering += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering:
                self._quiet.set()

    async def settled(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Cut off what is under way: the sweep will see to it."""
        for task in self._under_way:
            task.cancel()
        await self.settled()

    async def _follow_up(self, received: Received) -> None:
        """Tell the case at once, after the grace, or not at all. Raises nothing that a caller could mend."""
        news, bearing = received
        log = _log.bind(provider=news.provider, event_id=news.event_id, application=news.number)
        try:
            if bearing is Bearing.AWAITED:
                await self._clock.sleep(self._grace_s)
            async with self._turns:
                await self._give_way()
                bearing = await self._settle(received)
        except (AftersalesError, StorageError, SQLAlchemyError, OSError) as why:
            log.warning("webhook_left_to_the_sweep", why=str(why))
        else:
            log.info("webhook_handled", bearing=bearing.value, says=news.says.value)

    async def _give_way(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVES_WAY_S):
                await self._quiet.wait()

    async def _settle(self, received: Received) -> Bearing:
        """Tell the case, unless the grace has shown that it knows; what became of the event."""
        news, bearing = received
        if bearing is Bearing.AWAITED:
            bearing = await self._records.bearing_of(news, self._clock.now())
        if bearing.needs_telling:
            return await self._tell(news)
        await self._records.mark_handled(news, bearing, self._clock.now())
        return bearing

    async def _tell(self, news: ProviderNews) -> Bearing:
        """What the event turned out to be, now stored with it."""
        at, bearing = self._clock.now(), Bearing.NEWS
        hint = PaymentChanged(provider=news.provider, provider_number=news.provider_number)
        try:
            await self._cases.payment_changed(news.number, hint)
        except AftersalesError as why:
            if why.code is not ErrorCode.CASE_CLOSED:
                raise
            bearing = Bearing.CASE_CLOSED
        await self._records.mark_handled(news, bearing, at)
        return bearing
