"""Checking logs in the database: whoever changes, removes or puts in an entry is found out (P6.3).

The triggers are taken away first, as somebody with the database's own password could.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import UpdateBase

from activities.ports import SealedHead
from aftersales.contract.numbers import number_for
from storage.audit import START, ChainBreak, chained
from storage.audit_checks import AuditCheck
from storage.engine import Transactions
from storage.reading import Reading
from storage.seals import SealedEnds
from storage.store import SqlStore
from storage.tables import AUDIT, AUDIT_HEADS, AUDIT_WORDS, PEOPLE
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry, said

ACTIONS = ("received", "assessed", "reserved", "paid")
WORDS = "The seam is open."


@pytest.fixture
async def log(store: SqlStore, engine: AsyncEngine) -> Reading:
    """A log of four entries and another of one, which a person wrote; unguarded."""
    async with store.begin() as unit:
        await unit.append_audit((*(entry(action) for action in ACTIONS), said("agent-1", "agent", WORDS, OTHER_NUMBER)))
    async with Transactions(engine).begin() as connection:
        await _take_guards_away(connection)
    return Reading(engine)


async def _take_guards_away(connection: AsyncConnection) -> None:
    if connection.dialect.name == "sqlite":
        for event in ("update", "delete"):
            await connection.execute(text(f"DROP TRIGGER audit_refuses_{event}"))
    else:
        await connection.execute(text("DROP TRIGGER audit_refuses_change ON audit"))


async def tamper(engine: AsyncEngine, *changes: UpdateBase) -> None:
    async with Transactions(engine).begin() as connection:
        for change in changes:
            await connection.execute(change)


async def found_in_all(engine: AsyncEngine, sealed: SealedEnds | None = None) -> list[ChainBreak]:
    return [broken async for page in AuditCheck(engine, sealed).all() for broken in page.breaks]


async def test_untouched_logs_hold_one_by_one_and_all_together(log: Reading, engine: AsyncEngine) -> None:
    assert await log.verify_chain(NUMBER) is None
    assert await log.verify_chain(number_for("shop", "unknown")) is None
    assert [page async for page in AuditCheck(engine).all() if page.breaks] == []
    assert sum([page.entries async for page in AuditCheck(engine).all()]) == await AuditCheck(engine).entries() == 5


async def test_a_changed_entry_is_found_and_named(log: Reading, engine: AsyncEngine) -> None:
    await tamper(engine, update(AUDIT).where(AUDIT.c.seq == 2).values(action="approved"))
    wrong = ChainBreak(NUMBER, 2, "its content was changed")
    assert await log.verify_chain(NUMBER) == wrong
    assert await log.verify_chain(OTHER_NUMBER) is None
    assert await found_in_all(engine) == [wrong]


async def test_an_entry_moved_in_time_is_found(log: Reading, engine: AsyncEngine) -> None:
    await tamper(engine, update(AUDIT).where(AUDIT.c.seq == 3).values(at=NOON + timedelta(microseconds=1)))
    assert await log.verify_chain(NUMBER) == ChainBreak(NUMBER, 3, "its content was changed")


@pytest.mark.parametrize("seq", [1, 2, 4])
async def test_a_removed_entry_is_found_at_the_end_too(log: Reading, engine: AsyncEngine, seq: int) -> None:
    await tamper(engine, delete(AUDIT).where(AUDIT.c.seq == seq, AUDIT.c.number == NUMBER))
    assert await log.verify_chain(NUMBER) == ChainBreak(NUMBER, seq, "the entry is missing")


async def test_an_entry_added_with_the_right_hashes_is_found(log: Reading, engine: AsyncEngine) -> None:
    forged = chained([entry(action) for action in (*ACTIONS, "approved")], START)[-1]
    row = dict(forged.entry) | {"seq": forged.seq, "prev_hash": forged.prev_hash, "hash": forged.hash}
    await tamper(engine, insert(AUDIT).values(row))
    assert await log.verify_chain(NUMBER) == ChainBreak(NUMBER, 5, "it was added behind the chain's recorded end")


async def test_a_log_without_a_recorded_end_is_found_among_all(log: Reading, engine: AsyncEngine) -> None:
    await tamper(engine, delete(AUDIT_HEADS).where(AUDIT_HEADS.c.number == NUMBER))
    [broken] = await found_in_all(engine)
    assert (broken.number, broken.seq) == (NUMBER, 4)
    assert await log.verify_chain(NUMBER) == broken


async def test_a_recorded_end_without_a_log_is_found_among_all(log: Reading, engine: AsyncEngine) -> None:
    await tamper(engine, delete(AUDIT).where(AUDIT.c.number == NUMBER))
    assert await found_in_all(engine) == [ChainBreak(NUMBER, 1, "the entry is missing")]
    assert await log.verify_chain(NUMBER) is not None


async def test_a_log_removed_without_a_trace_is_known_to_the_seal(log: Reading, engine: AsyncEngine) -> None:
    end = (await log.log(NUMBER))[-1]

    def sealed() -> SealedEnds:
        ends = SealedEnds()
        ends.add("2026-11-02", [SealedHead(NUMBER, end.seq, end.hash)])
        return ends

    assert await found_in_all(engine, sealed()) == []
    gone = [delete(table).where(table.c.number == NUMBER) for table in (AUDIT, AUDIT_HEADS)]
    await tamper(engine, *gone)
    wrong = ChainBreak(NUMBER, 1, "the whole log is missing: the seal of 2026-11-02 has it up to entry 4")
    assert await found_in_all(engine, sealed()) == [wrong]
    assert (await AuditCheck(engine, sealed()).of(NUMBER)).breaks == (wrong,)


async def test_a_name_that_is_gone_is_found_unless_somebody_was_erased(log: Reading, engine: AsyncEngine) -> None:
    assert await log.verify_chain(NUMBER) is None
    async with SqlStore(engine).begin() as unit:
        await unit.append_audit((said("agent-2", "agent", number=NUMBER, customer="customer-7"),))
    await tamper(engine, delete(PEOPLE).where(PEOPLE.c.person_id != "agent-2"))
    [by_agent_1, about_customer] = sorted(await found_in_all(engine), key=lambda broken: broken.seq)
    assert (by_agent_1.number, by_agent_1.seq) == (OTHER_NUMBER, 1)
    assert (about_customer.number, about_customer.seq) == (NUMBER, 5)
    assert "the name behind a pseudonym is gone" in about_customer.why
    assert (await AuditCheck(engine).of(NUMBER)).breaks == (about_customer,)


async def test_a_changed_text_is_found_and_so_is_one_that_nobody_erased(log: Reading, engine: AsyncEngine) -> None:
    await tamper(engine, update(AUDIT_WORDS).values(text="The seam holds."))
    assert await log.verify_chain(OTHER_NUMBER) == ChainBreak(OTHER_NUMBER, 1, "its text was changed")
    await tamper(engine, delete(AUDIT_WORDS))
    broken = await log.verify_chain(OTHER_NUMBER)
    assert broken is not None
    assert broken.why.startswith("its text is gone")


@pytest.mark.usefixtures("log")
async def test_somebody_elses_name_behind_a_pseudonym_is_found(engine: AsyncEngine) -> None:
    await tamper(engine, update(PEOPLE).values(person_id="agent-2"))
    [broken] = await found_in_all(engine)
    assert broken.number.startswith("p_")
    assert broken.why == "the person behind this pseudonym was changed"


async def test_logs_are_read_page_by_page_and_none_is_left_out(store: SqlStore, engine: AsyncEngine) -> None:
    numbers = [number_for("shop", str(place)) for place in range(6)]
    async with store.begin() as unit:
        await unit.append_audit(tuple(entry(f"noted {place}", number) for number in numbers for place in range(5)))
    pages = [page async for page in AuditCheck(engine, chains_at_once=3, rows_at_once=4).all()]
    assert (sum(page.entries for page in pages), [page.breaks for page in pages if page.breaks]) == (30, [])
    assert len([page for page in pages if page.entries]) == 2
