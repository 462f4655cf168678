"""Entries of the operations log checked in a second, database reading included, and ends of chains sealed, by database.

The log is what a shop has after a while: cases of ten entries, one in ten with a text of a person, all ends sealed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.rows import AuditEntry
from activities.sealing_log import SealingLog, SealOrder
from aftersales.contract.numbers import number_for
from cli.servers.postgres import postgres_cluster
from integrations.seals import open_seals
from storage import schema
from storage.audit import START, chained
from storage.audit_checks import AuditCheck
from storage.engine import Transactions, create_store_engine
from storage.people import Kind, Person, Words, pseudonym_of
from storage.seals import ChainEnds, SealedEnds
from storage.tables import AUDIT, AUDIT_HEADS, AUDIT_WORDS, PEOPLE

AIM_PER_S = 50_000
ENTRIES = 200_000
ENTRIES_OF_A_CASE = 10
CASES_AT_ONCE = 500
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
PERSON, SALT = Person(Kind.STAFF, "agent-1"), "cd" * 16
WORDS = Words("ab" * 16, "The seam is open along the whole left side.")
FACTS = '{"action": "approve", "amount_minor": 12900, "currency": "CNY", "policy_hash": "' + "0" * 64 + '"}'


@dataclass(frozen=True)
class AuditSpeed:
    """Entries checked a second, against ends and seals; chains sealed and marked a second."""

    checked_per_s: float
    sealed_per_s: float


async def audit_speeds(folder: Path, entries: int = ENTRIES) -> dict[str, AuditSpeed]:
    """By database. Raises ServerUnavailableError: no PostgreSQL."""
    async with postgres_cluster() as cluster:
        urls = {
            "SQLite": f"sqlite:///{folder / 'audit.db'}",
            "PostgreSQL": await cluster.server.create_database("audit"),
        }
        return {name: await audit_speed(folder / f"seals-{name}", url, entries) for name, url in urls.items()}


async def audit_speed(folder: Path, database_url: str, entries: int) -> AuditSpeed:
    await schema.upgrade(database_url)
    engine = create_store_engine(database_url)
    try:
        chains = entries // ENTRIES_OF_A_CASE
        await _write(engine, chains)
        seals = open_seals(str(folder))
        began = time.perf_counter()
        order = SealOrder(day=date(2026, 11, 2), at=NOW)
        await ActivityEnvironment().run(SealingLog(ChainEnds(engine), seals).seal_audit, order)
        sealed_s = time.perf_counter() - began
        ends = SealedEnds()
        began = time.perf_counter()
        await seals.check(ends.add)
        pages = [page async for page in AuditCheck(engine, ends).all()]
        checked_s = time.perf_counter() - began
    finally:
        await engine.dispose()
    assert (sum(page.entries for page in pages), sum(len(page.breaks) for page in pages)) == (entries, 0)
    return AuditSpeed(entries / checked_s, chains / sealed_s)


async def _write(engine: AsyncEngine, chains: int) -> None:
    """Rows as `storage.rows.audit` writes them, many cases at once."""
    async with Transactions(engine).begin() as connection:
        person = PERSON._asdict() | {"salt": SALT, "pseudonym": pseudonym_of(PERSON, SALT)}
        await connection.execute(insert(PEOPLE).values(person))
    for first in range(0, chains, CASES_AT_ONCE):
        entries, heads, words = [], [], []
        for place in range(first, min(first + CASES_AT_ONCE, chains)):
            of_case = list(_rows(number_for("bench", str(place))))
            entries += of_case
            heads.append({name: of_case[-1][name] for name in ("number", "seq", "hash")} | {"sealed_seq": 0})
            words += [{"number": row["number"], "seq": row["seq"], **WORDS._asdict()} for row in of_case if row["why"]]
        async with Transactions(engine).begin() as connection:
            for table, rows in ((AUDIT, entries), (AUDIT_HEADS, heads), (AUDIT_WORDS, words)):
                await connection.execute(insert(table), rows)


def _rows(number: str) -> Iterator[dict[str, object]]:
    entries = [
        AuditEntry(
            number=number,
            at=NOW,
            actor=pseudonym_of(PERSON, SALT),
            role="agent",
            channel="staff",
            action="decision",
            before="received",
            after="approve",
            reason="quality_problem",
            facts=FACTS,
            why="" if place else WORDS.digest,
        )
        for place in range(ENTRIES_OF_A_CASE)
    ]
    for link in chained(entries, START):
        yield dict(link.entry) | {"seq": link.seq, "prev_hash": link.prev_hash, "hash": link.hash}
