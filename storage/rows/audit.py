"""The operations log of cases (append only): people and texts veiled, each entry chained to the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import Insert, Row, Select, and_, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.rows import AuditEntry
from storage.audit import START, ChainedEntry, Link, chained
from storage.people import Veiled, unveil, veil
from storage.rows.base import Rows, insert_if_new, upsert
from storage.tables import AUDIT, AUDIT_HEADS, AUDIT_WORDS

_HEAD: Final = (
    select(AUDIT_HEADS.c.seq, AUDIT_HEADS.c.hash).where(AUDIT_HEADS.c.number == bindparam("number")).with_for_update()
)
_OF_ENTRY: Final = and_(AUDIT_WORDS.c.number == AUDIT.c.number, AUDIT_WORDS.c.seq == AUDIT.c.seq)
WITH_WORDS: Final[Select[Any]] = select(AUDIT, AUDIT_WORDS.c.text.label("words")).join(
    AUDIT_WORDS, _OF_ENTRY, isouter=True
)
_LOG: Final = WITH_WORDS.where(AUDIT.c.number == bindparam("number")).order_by(AUDIT.c.seq)
_APPEND: Final = insert(AUDIT)
_KEEP_WORDS: Final = insert(AUDIT_WORDS)


@cache
def _move_head(dialect: str) -> Insert:
    statement = upsert(dialect, AUDIT_HEADS)
    moved = {"seq": statement.excluded.seq, "hash": statement.excluded.hash}
    return statement.on_conflict_do_update(index_elements=[AUDIT_HEADS.c.number], set_=moved)


class AuditRows(Rows):
    """See `activities.ports.Unit`."""

    async def append_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        """The chain's end is locked, so two units that append to one case follow upon each other."""
        veiled = await veil(self._connection, entries)
        for number in sorted({entry.number for entry in entries}):
            await self._append(number, [each for each in veiled if each.entry.number == number])

    async def log(self, number: str) -> tuple[AuditEntry, ...]:
        return tuple(link.entry for link in await read_log(self._connection, number))

    async def _append(self, number: str, veiled: list[Veiled]) -> None:
        links = chained((each.entry for each in veiled), await self._end_of(number))
        rows = [dict(link.entry) | {"seq": link.seq, "prev_hash": link.prev_hash, "hash": link.hash} for link in links]
        await self._connection.execute(_APPEND, rows)
        words = [
            {"number": number, "seq": link.seq, **each.words._asdict()}
            for link, each in zip(links, veiled, strict=True)
            if each.words
        ]
        if words:
            await self._connection.execute(_KEEP_WORDS, words)
        head = {"number": number, "seq": links[-1].seq, "hash": links[-1].hash, "sealed_seq": 0}
        await self._connection.execute(_move_head(self._connection.dialect.name), head)

    async def _end_of(self, number: str) -> Link:
        """The chain's end, locked; a new chain gets one first, for what is not there cannot be locked."""
        row = (await self._connection.execute(_HEAD, {"number": number})).one_or_none()
        if row is None:
            start = {"number": number, "seq": START.seq, "hash": START.hash, "sealed_seq": 0}
            if await insert_if_new(self._connection, AUDIT_HEADS, start):
                return START
            row = (await self._connection.execute(_HEAD, {"number": number})).one()
        return Link(row.seq, row.hash)


async def read_log(connection: AsyncConnection, number: str) -> tuple[ChainedEntry, ...]:
    """A log in its sequence, with the people and texts that are still known."""
    return await chained_entries(connection, (await connection.execute(_LOG, {"number": number})).all())


async def chained_entries(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> tuple[ChainedEntry, ...]:
    """The entries of rows of `WITH_WORDS`, of at most some thousands."""
    stored = [row._mapping for row in rows]
    entries = await unveil(connection, stored)
    return tuple(ChainedEntry(**row, entry=entry) for entry, row in zip(entries, stored, strict=True))
