"""Checking the chains of the operations log, one or all, against their recorded ends and their seals (P6.3).

Read by pages of chains, each one moment of the database: no transaction is long, and memory stays small. Rows are read
without models, for there are millions.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import cache
from itertools import groupby
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, String, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.audit import (
    CONTENT,
    ERASURES,
    PERSON_ERASED,
    ChainBreak,
    ChainWalk,
    Link,
    Row,
    number_of,
    people_in,
    place_of,
)
from storage.engine import snapshots
from storage.people import Words, false_names, without_names
from storage.rows.base import paged
from storage.seals import SealedEnds
from storage.tables import AUDIT, AUDIT_HEADS, AUDIT_WORDS, PEOPLE

CHAINS_AT_ONCE: Final = 500
ROWS_AT_ONCE: Final = 2000
_NAMELESS: Final = "the name behind a pseudonym is gone, and the log of erasures does not say that anybody was erased"

Which = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""A condition on the column of the numbers."""


class Checked(NamedTuple):
    """How many entries were checked, and the first break of each chain that does not hold."""

    entries: int
    breaks: tuple[ChainBreak, ...] = ()


class AuditCheck:
    """Checks over one engine; with `sealed`, against what seals have, which is used up by it."""

    def __init__(
        self,
        engine: AsyncEngine,
        sealed: SealedEnds | None = None,
        *,
        chains_at_once: int = CHAINS_AT_ONCE,
        rows_at_once: int = ROWS_AT_ONCE,
    ) -> None:
        self._engine = snapshots(engine)
        self._sealed = sealed
        self._chains_at_once = chains_at_once
        self._rows_at_once = rows_at_once
        self._told: set[str] = set()  # people whose name is gone are told of once

    async def entries(self) -> int:
        """About how many there are to check, by the chains' ends."""
        async with self._engine.connect() as connection:
            return int((await connection.execute(select(func.coalesce(func.sum(AUDIT_HEADS.c.seq), 0)))).scalar_one())

    async def of(self, number: str) -> Checked:
        """One chain."""
        async with self._engine.connect() as connection:
            heads = await _heads(connection, AUDIT_HEADS.c.number == number, 1)
            checked = await self._page(connection, heads, lambda column: column == number)
        return checked if checked.entries or heads else Checked(0, self._gone())

    async def all(self) -> AsyncIterator[Checked]:
        """All chains, page by page; then what only seals know of, and people whose names were changed."""
        after, last = "", False
        while not last:
            async with self._engine.connect() as connection:
                heads = await _heads(connection, AUDIT_HEADS.c.number > after, self._chains_at_once)
                last = len(heads) < self._chains_at_once
                which = _between(after, None if last else list(heads)[-1])
                yield await self._page(connection, heads, which)
                after = list(heads)[-1] if heads else after
        yield Checked(0, self._gone())
        yield Checked(0, await self._false_names())

    async def _page(self, connection: AsyncConnection, heads: Mapping[str, Link], which: Which) -> Checked:
        tally = _Tally(heads, await _words(connection, which), self._sealed)
        query = _entries(connection.dialect.name).where(which(AUDIT.c.number))
        async for rows in paged(connection, query, [AUDIT.c.number, AUDIT.c.seq], self._rows_at_once):
            tally.take(rows)
        checked = tally.checked()
        return checked._replace(breaks=(*checked.breaks, *await self._nameless(connection, tally.people)))

    async def _nameless(
        self, connection: AsyncConnection, people: Mapping[str, tuple[str, int]]
    ) -> tuple[ChainBreak, ...]:
        """People whose name is gone though nobody erased them, each where they were seen first."""
        gone = await without_names(connection, people) - self._told
        if gone:
            gone -= await _erased_people(connection)
        self._told |= gone
        return tuple(sorted(ChainBreak(*people[each], _NAMELESS) for each in gone))

    def _gone(self) -> tuple[ChainBreak, ...]:
        return tuple(self._sealed.left()) if self._sealed else ()

    async def _false_names(self) -> tuple[ChainBreak, ...]:
        found: list[ChainBreak] = []
        async with self._engine.connect() as connection:
            query = select(PEOPLE.c.pseudonym, PEOPLE.c.kind, PEOPLE.c.person_id, PEOPLE.c.salt)
            async for rows in paged(connection, query, [PEOPLE.c.pseudonym], self._rows_at_once):
                names = false_names(tuple(row) for row in rows)
                found += [ChainBreak(name, 0, "the person behind this pseudonym was changed") for name in names]
        return tuple(found)


class _Tally:
    """A page of chains as their entries come in."""

    def __init__(
        self, heads: Mapping[str, Link], words: Mapping[str, Mapping[int, Words]], sealed: SealedEnds | None
    ) -> None:
        self._heads = dict(heads)
        self._words = words
        self._sealed = sealed
        self._entries = 0
        self._breaks: list[ChainBreak] = []
        self._number = ""
        self._walk: ChainWalk | None = None
        self.people: dict[str, tuple[str, int]] = {}

    def take(self, rows: Iterable[Row]) -> None:
        """Entries in sequence, log by log; in `people`, each is kept with the first place where they stand."""
        for number, entries in groupby(map(tuple, rows), key=number_of):
            if number != self._number or self._walk is None:
                self._end()
                self._number, self._walk = number, self._begin(number)
            chain = list(entries)
            self._entries += len(chain)
            self._walk.follow(chain)
            for row in chain:
                for pseudonym in people_in(row):
                    self.people.setdefault(pseudonym, place_of(row))

    def checked(self) -> Checked:
        """The page's end: chains that have a recorded end and no entry are looked at, too."""
        self._end()
        for number in list(self._heads):
            self._walk = self._begin(number)
            self._end()
        return Checked(self._entries, tuple(sorted(self._breaks)))

    def _begin(self, number: str) -> ChainWalk:
        sealed = self._sealed.take(number) if self._sealed else {}
        return ChainWalk(number, self._heads.pop(number, None), sealed, self._words.get(number, {}))

    def _end(self) -> None:
        broken = self._walk.end() if self._walk else None
        if broken is not None:
            self._breaks.append(broken)
        self._walk = None


def _between(after: str, last: str | None) -> Which:
    if last is None:
        return lambda column: column > after
    return lambda column: (column > after) & (column <= last)


async def _heads(connection: AsyncConnection, which: ColumnElement[bool], limit: int) -> dict[str, Link]:
    query = select(AUDIT_HEADS.c.number, AUDIT_HEADS.c.seq, AUDIT_HEADS.c.hash).where(which)
    rows = await connection.execute(query.order_by(AUDIT_HEADS.c.number).limit(limit))
    return {number: Link(seq, hash_) for number, seq, hash_ in rows}


async def _words(connection: AsyncConnection, which: Which) -> dict[str, dict[int, Words]]:
    query = select(AUDIT_WORDS).where(which(AUDIT_WORDS.c.number))
    found: dict[str, dict[int, Words]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.number, {})[row.seq] = Words(row.salt, row.text)
    return found


async def _erased_people(connection: AsyncConnection) -> set[str]:
    """Whom the log of erasures names."""
    query = select(AUDIT.c.facts).where(AUDIT.c.number == ERASURES, AUDIT.c.action == PERSON_ERASED)
    return {json.loads(facts)["pseudonym"] for facts in (await connection.execute(query)).scalars()}


@cache
def _entries(dialect: str) -> Select[Any]:
    """Rows as a walk wants them; moments as text, as a hash has them."""
    at: ColumnElement[str] = type_coerce(AUDIT.c.at, String)  # SQLite keeps just that text
    if dialect == "postgresql":
        at = func.to_char(func.timezone("UTC", AUDIT.c.at), "YYYY-MM-DD HH24:MI:SS.US")
    columns = [at if name == "at" else AUDIT.c[name] for name in CONTENT]
    return select(*columns, AUDIT.c.prev_hash, AUDIT.c.hash)
