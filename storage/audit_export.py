"""Reading the operations logs out, of one case or of all, of a time or of all times (P6.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.audit import ChainedEntry
from storage.rows.audit import WITH_WORDS, chained_entries
from storage.rows.base import page_after
from storage.tables import AUDIT

ENTRIES_AT_ONCE: Final = 1000
_KEY: Final = [AUDIT.c.number, AUDIT.c.seq]


class LogExtract(NamedTuple):
    """Which entries: of one log, from `since` on, before `until`; of everything that is not said, all."""

    number: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> Select[Any]:
        query = WITH_WORDS
        if self.number is not None:
            query = query.where(AUDIT.c.number == self.number)
        if self.since is not None:
            query = query.where(AUDIT.c.at >= self.since)
        if self.until is not None:
            query = query.where(AUDIT.c.at < self.until)
        return query


async def extracted(
    engine: AsyncEngine, extract: LogExtract, entries_at_once: int = ENTRIES_AT_ONCE
) -> AsyncIterator[tuple[ChainedEntry, ...]]:
    """The entries log by log, each in its sequence, in pages. Nothing is held open while a page is used: whoever reads
    an export may be slow."""
    last: Row[Any] | None = None
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(page_after(last, extract.query(), _KEY, entries_at_once))).all()
            entries = await chained_entries(connection, rows)
        if entries:
            yield entries
        if len(rows) < entries_at_once:
            return
        last = rows[-1]
