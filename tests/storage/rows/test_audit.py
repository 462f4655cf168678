"""The operations log in the database: one chain a case, people and texts beside it (P6.3)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import AuditEntry
from storage.engine import Transactions
from storage.people import ERASED_TEXT
from storage.reading import Reading
from storage.store import SqlStore
from storage.tables import AUDIT, AUDIT_WORDS, PEOPLE
from tests.storage.builders import NUMBER, OTHER_NUMBER, entry, said

WHY = "She says the seam was open, 张伟."


async def append(store: SqlStore, *entries: AuditEntry) -> None:
    async with store.begin() as unit:
        await unit.append_audit(entries)


async def rows(engine: AsyncEngine) -> list[dict[str, Any]]:
    async with engine.connect() as connection:
        found = await connection.execute(select(AUDIT).order_by(AUDIT.c.number, AUDIT.c.seq))
        return [dict(row) for row in found.mappings()]


async def test_entries_of_several_appends_and_cases_make_one_chain_a_case(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, entry("received"), entry("received", OTHER_NUMBER), entry("assessed"))
    await append(store, entry("paid"))
    reading = Reading(engine)
    assert await reading.verify_chain(NUMBER) is None
    assert await reading.verify_chain(OTHER_NUMBER) is None
    assert [link.seq for link in await reading.log(NUMBER)] == [1, 2, 3]


async def test_a_log_that_is_about_no_case_can_be_begun_by_two_at_once(store: SqlStore, engine: AsyncEngine) -> None:
    await asyncio.gather(*(append(store, entry(f"noted {place}", "staff")) for place in range(8)))
    assert await Reading(engine).verify_chain("staff") is None
    assert len(await Reading(engine).log("staff")) == 8


async def test_who_said_what_about_whom_is_read_back_as_it_was_written(store: SqlStore) -> None:
    entries = (
        said("agent-1", "agent", WHY, said_for="customer-1"),
        entry("assessed"),
        said("customer-1", "customer", "Thank you."),
    )
    await append(store, *entries)
    async with store.begin() as unit:
        log = await unit.log(NUMBER)
    assert log == entries


async def test_no_row_of_the_chain_holds_a_person_or_their_words(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, said("agent-1", "agent", WHY, said_for="customer-1", minutes="5"))
    [row] = await rows(engine)
    written = json.dumps(row, default=str, ensure_ascii=False)
    for personal in ("agent-1", "customer-1", WHY):
        assert personal not in written
    assert row["channel"] == "portal"
    assert json.loads(row["facts"])["minutes"] == "5"


async def test_a_person_has_one_pseudonym_and_two_of_one_id_have_two(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, said("wei", "agent"), said("wei", "supervisor"), said("wei", "customer"))
    await asyncio.gather(*(append(store, said("wei", "agent"), said("new", "agent")) for _ in range(4)))
    agent, supervisor, customer, *later = [row["actor"] for row in await rows(engine)]
    assert agent == supervisor != customer
    assert set(later[::2]) == {agent}
    assert len({*later}) == 2


async def test_ourselves_and_those_who_proved_nothing_are_no_people(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, entry("assessed"), said("not proven", ""))
    assert [row["actor"] for row in await rows(engine)] == ["system", "not proven"]
    async with engine.connect() as connection:
        assert (await connection.execute(select(PEOPLE))).all() == []


async def test_whoever_is_erased_is_shown_as_such_and_the_chain_holds(store: SqlStore, engine: AsyncEngine) -> None:
    await append(store, said("agent-1", "agent", WHY, said_for="customer-1"), entry("person_erased"))
    async with Transactions(engine).begin() as connection:
        gone = await connection.execute(delete(PEOPLE).returning(PEOPLE.c.pseudonym))
        told = [json.dumps({"pseudonym": pseudonym}) for pseudonym in gone.scalars()]
        await connection.execute(delete(AUDIT_WORDS))
    await append(store, *(entry("person_erased", "people").model_copy(update={"facts": each}) for each in told))
    link, _ = await Reading(engine).log(NUMBER)
    assert link.entry.actor.startswith("erased:")
    assert link.entry.why == ERASED_TEXT
    for_whom = json.loads(link.entry.facts)["said_for"]
    assert for_whom.startswith("erased:")
    assert for_whom != link.entry.actor
    assert await Reading(engine).verify_chain(NUMBER) is None


@pytest.mark.parametrize("change", ["UPDATE audit_seals SET seal = 'x'", "DELETE FROM audit_seals"])
async def test_the_record_of_seals_refuses_change(engine: AsyncEngine, change: str) -> None:
    async with Transactions(engine).begin() as connection:
        await connection.execute(text("INSERT INTO audit_seals VALUES ('2026-11-02', '2026-11-03', 1, 'x')"))
    with pytest.raises(DBAPIError, match="audit_seals is append-only"):
        async with Transactions(engine).begin() as connection:
            await connection.execute(text(change))
