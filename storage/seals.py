"""Sealing the chains of the operations log: which ends have moved, which were sealed, what the seals say of a chain.

The seals themselves lie outside the database (`integrations.seals`); what is kept here only says which there must be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from sqlalchemy import bindparam, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Seal, SealedHead
from storage.audit import ChainBreak, SealedLink
from storage.engine import Transactions
from storage.rows.base import insert_if_new
from storage.tables import AUDIT_HEADS, AUDIT_SEALS
from storage.tables.audit import UNSEALED

BATCH: Final = 1000

_UNSEALED: Final = (
    select(AUDIT_HEADS.c.number, AUDIT_HEADS.c.seq, AUDIT_HEADS.c.hash)
    .where(text(UNSEALED), AUDIT_HEADS.c.number > bindparam("after"))
    .order_by(AUDIT_HEADS.c.number)
    .limit(bindparam("batch"))
)
_MARK: Final = (
    update(AUDIT_HEADS)
    .where(AUDIT_HEADS.c.number == bindparam("its_number"), AUDIT_HEADS.c.sealed_seq < bindparam("its_seq"))
    .values(sealed_seq=bindparam("its_seq"))
)


class ChainEnds:
    """Implements `activities.ports.ChainHeads`, in batches: no transaction is long, however many chains there are."""

    def __init__(self, engine: AsyncEngine, batch: int = BATCH) -> None:
        self._engine = engine
        self._batch = batch
        self._transactions = Transactions(engine)

    async def unsealed(self) -> AsyncIterator[tuple[SealedHead, ...]]:
        """Ends that moved since they were sealed, in ascending sequence of their numbers."""
        after = ""
        while True:
            async with self._engine.connect() as connection:
                rows = await connection.execute(_UNSEALED, {"after": after, "batch": self._batch})
                heads = tuple(SealedHead(*row) for row in rows)
            if heads:
                yield heads
            if len(heads) < self._batch:
                return
            after = heads[-1].number

    async def mark(self, heads: Sequence[SealedHead]) -> None:
        """They are sealed, up to there at least."""
        async with self._transactions.begin() as connection:
            await connection.execute(_MARK, [{"its_number": head.number, "its_seq": head.seq} for head in heads])

    async def note(self, seal: Seal) -> None:
        """There must be such a seal from now on."""
        async with self._transactions.begin() as connection:
            await insert_if_new(connection, AUDIT_SEALS, seal.model_dump(include=set(AUDIT_SEALS.c.keys())))

    async def noted(self) -> dict[str, str]:
        """The seals that there must be, by day (`2026-11-23`), oldest first: their hashes."""
        query = select(AUDIT_SEALS.c.day, AUDIT_SEALS.c.seal).order_by(AUDIT_SEALS.c.day)
        async with self._engine.connect() as connection:
            return {day.isoformat(): seal for day, seal in await connection.execute(query)}


class SealedEnds:
    """What all seals say of all chains, while they are compared: in a temporary file, for there may be millions."""

    def __init__(self) -> None:
        self._kept = sqlite3.connect("", isolation_level=None)
        self._kept.execute("CREATE TABLE ends (number, seq, hash, day, PRIMARY KEY (number, seq)) WITHOUT ROWID")

    def add(self, day: str, heads: Sequence[SealedHead]) -> None:
        """Of two seals of the same entry the older one counts: it was there before whoever made the newer one."""
        self._kept.execute("BEGIN")
        self._kept.executemany(
            "INSERT INTO ends VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [(head.number, head.seq, head.hash, day) for head in heads],
        )
        self._kept.execute("COMMIT")

    def take(self, number: str) -> dict[int, SealedLink]:
        """What is sealed of a chain, by sequence; it is taken out."""
        found = self._kept.execute("DELETE FROM ends WHERE number = ? RETURNING seq, hash, day", (number,))
        return {seq: SealedLink(hash_, day) for seq, hash_, day in found.fetchall()}

    def left(self) -> Iterator[ChainBreak]:
        """Chains that nobody has taken: of them nothing is there any more."""
        rows = self._kept.execute("SELECT number, max(seq), day FROM ends GROUP BY number ORDER BY number")
        for number, seq, day in rows:
            yield ChainBreak(number, 1, f"the whole log is missing: the seal of {day} has it up to entry {seq}")
