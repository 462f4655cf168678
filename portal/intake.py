"""Storing many events a second: those that wait at the same time share one transaction.

Each is answered after the commit of the transaction that it was part of, and not before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError

from portal.ports import PortalRecords
from storage.portal import ProviderEvent, Received

MOST_TOGETHER: Final = 64
"""A transaction of so many takes some milliseconds on either database, and holds the legs' rows for no longer."""


class Intake:
    """One transaction at a time; what comes while it runs gathers for the next."""

    def __init__(self, records: PortalRecords) -> None:
        self._records = records
        self._turn = asyncio.Lock()
        self._gathering: _Group | None = None

    async def store(self, event: ProviderEvent) -> Received | None:
        """The event as stored; None if it was there already. Raises what a database raises."""
        group = self._gathering
        if group is None or len(group.events) == MOST_TOGETHER:
            group = self._gathering = _Group()
            group.storing = asyncio.create_task(self._store(group))
        group.events.append(event)
        place = len(group.events) - 1
        found = (await asyncio.shield(group.storing))[place]  # a sender that goes away takes nobody with it
        if isinstance(found, DBAPIError):
            raise found
        return found

    async def _store(self, group: _Group) -> Sequence[_Found]:
        async with self._turn:
            if self._gathering is group:
                self._gathering = None
            try:
                return await self._records.receive_all(group.events)
            except DBAPIError as why:
                if not _may_be_of_one_event(why):
                    raise
            return [await self._alone(event) for event in group.events]

    async def _alone(self, event: ProviderEvent) -> _Found:
        """What the database will not take of one event keeps the others of its group not out."""
        try:
            (received,) = await self._records.receive_all([event])
        except DBAPIError as why:
            return why
        return received


class _Group:
    """Events that are stored together."""

    storing: asyncio.Task[Sequence[_Found]]

    def __init__(self) -> None:
        self.events: list[ProviderEvent] = []


_Found = Received | DBAPIError | None


def _may_be_of_one_event(why: DBAPIError) -> bool:
    """A database that is away, or locked as a whole, is so for all of them."""
    return not why.connection_invalidated and not isinstance(why, OperationalError)
