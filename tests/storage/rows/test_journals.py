"""The ledger and the log only grow; mails keep their state; evidence is known by all that describes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import MailState
from activities.types import Stage
from aftersales.contract.values import EvidenceRef
from storage.engine import Transactions
from storage.errors import RowMissingError
from storage.portal import PortalStore
from storage.store import SqlStore
from storage.tables import LEDGER
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry, mail, posting

PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)


async def ledger_sum(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.sum(LEDGER.c.amount_minor)))).scalar_one())


async def test_a_posting_that_is_there_is_left_as_it_is(store: SqlStore, engine: AsyncEngine) -> None:
    async with store.begin() as unit:
        await unit.post(posting("paid", minor=300))
        await unit.post(posting("paid", minor=999))
    assert await ledger_sum(engine) == 300


async def test_the_postings_of_a_case_come_back_oldest_first(store: SqlStore) -> None:
    late, early = posting("a"), posting("b").model_copy(update={"posted_at": NOON - timedelta(hours=1)})
    async with store.begin() as unit:
        for each in (late, early, posting("c").model_copy(update={"number": OTHER_NUMBER})):
            await unit.post(each)
        assert await unit.postings(NUMBER) == (early, late)


@pytest.mark.parametrize(("minor", "debit"), [(0, ""), (-1, ""), (300, "clearing:stripe")])
async def test_a_posting_of_nothing_or_to_its_own_account_is_refused(store: SqlStore, minor: int, debit: str) -> None:
    with pytest.raises(IntegrityError):
        async with store.begin() as unit:
            await unit.post(posting("paid", minor=minor, debit=debit))


@pytest.mark.parametrize("table", ["ledger", "audit"])
@pytest.mark.parametrize("change", ["UPDATE {} SET number = 'x'", "DELETE FROM {}"])
async def test_journals_refuse_change(store: SqlStore, engine: AsyncEngine, table: str, change: str) -> None:
    async with store.begin() as unit:
        await unit.post(posting("paid"))
        await unit.append_audit((entry("paid"),))
    with pytest.raises(DBAPIError, match=f"{table} is append-only"):
        async with Transactions(engine).begin() as connection:
            await connection.execute(text(change.format(table)))


async def test_sqlite_refuses_to_replace_a_posting(migrated_sqlite_engine: AsyncEngine) -> None:
    await _post_once(migrated_sqlite_engine)
    replace = "INSERT OR REPLACE INTO ledger SELECT * FROM ledger"
    with pytest.raises(DBAPIError, match="ledger is append-only"):
        async with Transactions(migrated_sqlite_engine).begin() as connection:
            await connection.execute(text(replace))


async def test_postgresql_refuses_to_empty_a_journal(migrated_postgres_engine: AsyncEngine) -> None:
    await _post_once(migrated_postgres_engine)
    with pytest.raises(DBAPIError, match="ledger is append-only"):
        async with Transactions(migrated_postgres_engine).begin() as connection:
            await connection.execute(text("TRUNCATE ledger"))


async def _post_once(engine: AsyncEngine) -> None:
    async with SqlStore(engine).begin() as unit:
        await unit.post(posting("paid"))


async def test_mails_are_found_by_case_stage_and_round(store: SqlStore) -> None:
    mails = (mail("<1@shop>"), mail("<2@shop>"))
    async with store.begin() as unit:
        for one in (*mails, mail("<3@shop>", round_=2), mail("<4@shop>", stage=Stage.REFUNDED)):
            await unit.insert_mail(one)
    async with store.begin() as unit:
        assert await unit.mails(NUMBER, Stage.RECEIVED, 1) == mails


async def test_a_mail_keeps_what_became_of_it(store: SqlStore) -> None:
    sent = mail("<1@shop>").model_copy(update={"state": MailState.SENT, "sent_at": NOON})
    async with store.begin() as unit:
        await unit.insert_mail(mail("<1@shop>"))
        await unit.update_mail(sent)
        assert await unit.mails(NUMBER, Stage.RECEIVED, 1) == (sent,)
        with pytest.raises(RowMissingError, match="2@shop"):
            await unit.update_mail(mail("<2@shop>"))


async def test_evidence_is_known_only_with_its_type_and_size(store: SqlStore, engine: AsyncEngine) -> None:
    await PortalStore(engine).take_evidence(NUMBER, PHOTO, "t" * 64, NOON)
    async with store.begin() as unit:
        assert await unit.evidence_known((), NUMBER, "customer-1")
        assert await unit.evidence_known((PHOTO,), NUMBER, "customer-1")
        assert not await unit.evidence_known((PHOTO.model_copy(update={"size_bytes": 10}),), NUMBER, "customer-1")
        other = PHOTO.model_copy(update={"sha256": "b" * 64})
        assert not await unit.evidence_known((PHOTO, other), NUMBER, "customer-1")


async def test_evidence_of_other_people_is_not_known_by_its_hash(store: SqlStore, engine: AsyncEngine) -> None:
    """For a case counts what was uploaded for it, or by its customer for another one."""
    portal, nobodys = PortalStore(engine), PHOTO.model_copy(update={"sha256": "b" * 64})
    await portal.take_evidence(OTHER_NUMBER, PHOTO, "t" * 64, NOON, customer_id="customer-2")
    await portal.take_evidence(OTHER_NUMBER, nobodys, "u" * 64, NOON)
    async with store.begin() as unit:
        assert not await unit.evidence_known((PHOTO,), NUMBER, "customer-1")
        assert not await unit.evidence_known((nobodys,), NUMBER, "")
        assert await unit.evidence_known((PHOTO,), NUMBER, "customer-2")
