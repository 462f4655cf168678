"""Whoever changes, removes or puts in an entry of the operations log is found out (P6.3).

The triggers are taken away first, as somebody with the database's own password could.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.audit import FIRST_PREV_HASH, START, ChainedEntry, chained
from storage.engine import Transactions
from storage.reading import Reading
from storage.store import SqlStore
from storage.tables import AUDIT
from tests.storage.builders import NOON, NUMBER, entry

ACTIONS = ("received", "assessed", "reserved", "paid")


@pytest.fixture
async def log(store: SqlStore, engine: AsyncEngine) -> Reading:
    """A log of four entries, unguarded."""
    async with store.begin() as unit:
        await unit.append_audit(tuple(entry(action) for action in ACTIONS))
    async with Transactions(engine).begin() as connection:
        await _take_guards_away(connection)
    return Reading(engine)


async def _take_guards_away(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        for event in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER audit_refuses_{event}"))
    else:
        await connection.execute(text("DROP TRIGGER audit_refuses_change ON audit"))


async def change(engine: AsyncEngine, entry_seq: int, **values: object) -> None:
    async with Transactions(engine).begin() as connection:
        await connection.execute(update(AUDIT).where(AUDIT.c.seq == entry_seq).values(**values))


async def remove(engine: AsyncEngine, *seqs: int) -> None:
    async with Transactions(engine).begin() as connection:
        await connection.execute(delete(AUDIT).where(AUDIT.c.seq.in_(seqs)))


async def put_in(engine: AsyncEngine, *links: ChainedEntry) -> None:
    rows = [dict(link.entry) | {"seq": link.seq, "prev_hash": link.prev_hash, "hash": link.hash} for link in links]
    async with Transactions(engine).begin() as connection:
        await connection.execute(insert(AUDIT), rows)


async def test_an_untouched_chain_holds(log: Reading) -> None:
    assert await log.verify_chain(NUMBER) is None


async def test_a_case_without_a_log_has_nothing_broken(engine: AsyncEngine) -> None:
    assert await Reading(engine).verify_chain(NUMBER) is None


def test_a_hash_is_over_the_previous_one_and_the_entry_in_canonical_form() -> None:
    first, second = chained([entry("received"), entry("assessed")], START)
    content = dict(second.entry) | {"at": "2026-11-02T12:00:00.000000+00:00", "seq": 2}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert first.prev_hash == FIRST_PREV_HASH == "0" * 64
    assert second.prev_hash == first.hash
    assert second.hash == hashlib.sha256((first.hash + canonical).encode()).hexdigest()


@pytest.mark.parametrize("column", ["actor", "role", "action", "before", "after", "reason", "facts"])
async def test_a_changed_entry_is_found(log: Reading, engine: AsyncEngine, column: str) -> None:
    await change(engine, 2, **{column: "nobody"})
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert (broken.seq, broken.why) == (2, "its content was changed")


async def test_an_entry_moved_in_time_is_found(log: Reading, engine: AsyncEngine) -> None:
    await change(engine, 3, at=NOON + timedelta(microseconds=1))
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert broken.seq == 3


@pytest.mark.parametrize("seq", [1, 2, 4])
async def test_a_removed_entry_is_found_at_the_end_too(log: Reading, engine: AsyncEngine, seq: int) -> None:
    await remove(engine, seq)
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert (broken.seq, broken.why) == (seq, "the entry is missing")


async def test_a_removed_entry_is_found_when_the_gap_was_closed(log: Reading, engine: AsyncEngine) -> None:
    await remove(engine, 2)
    await change(engine, 3, seq=2)
    await change(engine, 4, seq=3)
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert (broken.seq, broken.why) == (2, "it does not follow upon the entry before it")


async def test_an_entry_put_in_at_the_end_is_found(log: Reading, engine: AsyncEngine) -> None:
    """Even with the right hashes: the recorded end of the chain does not know it."""
    forged = chained([entry(action) for action in (*ACTIONS, "approved")], START)[-1]
    await put_in(engine, forged)
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert (broken.seq, broken.why) == (5, "it was added behind the chain's recorded end")


async def test_an_entry_put_in_at_the_start_is_found(log: Reading, engine: AsyncEngine) -> None:
    forged = chained([entry("forged")], START)[0]
    await put_in(engine, forged.model_copy(update={"seq": 0}))
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert (broken.seq, broken.why) == (0, "it was put in before the chain's start")


async def test_a_chain_written_anew_is_found(log: Reading, engine: AsyncEngine) -> None:
    links = chained([entry(action) for action in ("received", "rejected", "reserved", "paid")], START)
    await remove(engine, 1, 2, 3, 4)
    await put_in(engine, *links)
    broken = await log.verify_chain(NUMBER)
    assert broken is not None
    assert broken.why.startswith("the chain was written anew")
