"""What lists and pages show, and in which sequence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.precautions import Approval
from activities.rows import CaseRow, HeardMessage
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseStatus, MessageKind, WaitsFor
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS, clearing
from storage.reading import LedgerTotal, Reading, TotalBy
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, entry, leg_row, mail, posting, yuan

HOUR = timedelta(hours=1)


@pytest.fixture
def reading(engine: AsyncEngine) -> Reading:
    return Reading(engine)


async def put(store: SqlStore, *cases: CaseRow) -> None:
    async with store.begin() as unit:
        for case in cases:
            await unit.insert_case(case)


def waiting(key: str, waits_for: WaitsFor, due_in_h: int | None = None, **changes: object) -> CaseRow:
    due_at = None if due_in_h is None else NOON + due_in_h * HOUR
    return case_row(number_for("shop", key), waits_for=waits_for, due_at=due_at, **changes)


async def test_a_case_is_read_with_the_approvals_that_count(store: SqlStore, reading: Reading) -> None:
    yes = Approval(number=NUMBER, actor="boss-1", role="supervisor", amount=yuan(5000), destination="", at=NOON)
    await put(store, case_row(NUMBER))
    async with store.begin() as unit:
        await unit.add_approval(yes)
        await unit.void_approvals(NUMBER, NOON)
        await unit.add_approval(yes.model_copy(update={"actor": "boss-2"}))
    record = await reading.case(NUMBER)
    assert record is not None
    assert [each.actor for each in record.approvals] == ["boss-2"]


async def test_cases_are_listed_newest_first_up_to_a_limit(store: SqlStore, reading: Reading) -> None:
    old, new = case_row(NUMBER), case_row(OTHER_NUMBER, opened_at=NOON + HOUR)
    await put(store, old, new)
    assert await reading.cases() == (new, old)
    assert await reading.cases(limit=1) == (new,)


async def test_cases_are_found_by_status_and_by_whom_they_wait_for(store: SqlStore, reading: Reading) -> None:
    refunded = case_row(NUMBER, status=CaseStatus.REFUNDED, waits_for=WaitsFor.NOBODY)
    await put(store, refunded, case_row(OTHER_NUMBER))
    assert await reading.cases(status=CaseStatus.REFUNDED) == (refunded,)
    assert await reading.cases(waits_for=WaitsFor.NOBODY) == (refunded,)
    assert await reading.cases(status=CaseStatus.PAYING, waits_for=WaitsFor.NOBODY) == ()
    assert await reading.counts_by_status() == {CaseStatus.REFUNDED: 1, CaseStatus.PAYING: 1}


async def test_the_queue_shows_the_next_deadline_first(store: SqlStore, reading: Reading) -> None:
    later = waiting("later", WaitsFor.AGENT, 5)
    sooner = waiting("sooner", WaitsFor.SUPERVISOR, 2)
    open_end = waiting("open end", WaitsFor.AGENT)
    await put(store, open_end, later, sooner, waiting("elsewhere", WaitsFor.CUSTOMER, 1))
    assert await reading.queue() == (sooner, later, open_end)
    assert await reading.queue([WaitsFor.AGENT], limit=1) == (later,)


async def test_open_cases_are_those_not_closed(store: SqlStore, reading: Reading) -> None:
    await put(store, case_row(NUMBER), case_row(OTHER_NUMBER, closed_at=NOON))
    assert await reading.open_cases() == (case_row(NUMBER),)


async def test_open_cases_can_be_gone_through_in_pages(store: SqlStore, reading: Reading) -> None:
    numbers = sorted(number_for("shop", f"open {n}") for n in range(5))
    closed = number_for("shop", "closed")
    await put(store, *(case_row(number) for number in numbers), case_row(closed, closed_at=NOON))
    pages = [await reading.open_numbers("", 3), await reading.open_numbers(numbers[2], 3)]
    assert pages == [tuple(numbers[:3]), tuple(numbers[3:])]


async def test_only_an_open_case_says_what_its_workflow_was_started_with(store: SqlStore, reading: Reading) -> None:
    await put(store, case_row(NUMBER), case_row(OTHER_NUMBER, closed_at=NOON))
    assert await reading.start_of(NUMBER) == case_row(NUMBER).start
    assert await reading.start_of(OTHER_NUMBER) is None
    assert await reading.start_of("nobody's") is None


async def test_a_case_is_shown_with_everything_that_belongs_to_it(store: SqlStore, reading: Reading) -> None:
    message = HeardMessage(
        number=NUMBER,
        nonce="n" * 16,
        kind=MessageKind.DECISION,
        actor="agent-7",
        role="agent",
        body="{}",
        received_at=NOON,
        accepted=True,
    )
    await put(store, case_row(), case_row(OTHER_NUMBER))
    async with store.begin() as unit:
        await unit.insert_leg(leg_row())
        await unit.insert_leg(leg_row(OTHER_NUMBER))
        await unit.hear(message)
        await unit.insert_mail(mail("<1@shop>"))
        await unit.append_audit((entry("received"), entry("assessed")))
        await unit.post(posting("paid"))
    record = await reading.case(NUMBER)
    assert record is not None
    assert (record.case, record.legs, record.messages) == (case_row(), (leg_row(),), (message,))
    assert (record.mails, record.ledger) == ((mail("<1@shop>"),), (posting("paid"),))
    assert [(link.seq, link.entry.action) for link in record.audit] == [(1, "received"), (2, "assessed")]


async def test_a_case_nobody_stored_is_none(reading: Reading) -> None:
    assert await reading.case(NUMBER) is None


async def test_mails_are_listed_newest_first(store: SqlStore, reading: Reading) -> None:
    old = mail("<1@shop>")
    new = mail("<2@shop>").model_copy(update={"created_at": NOON + HOUR, "number": OTHER_NUMBER})
    async with store.begin() as unit:
        await unit.insert_mail(old)
        await unit.insert_mail(new)
    assert await reading.mails() == (new, old)
    assert await reading.mails(number=NUMBER) == (old,)


@pytest.mark.parametrize(
    ("by", "key", "tender_id"),
    [
        (TotalBy.CASE, NUMBER, ""),
        (TotalBy.ORDER, "order-1", ""),
        (TotalBy.TENDER, "order-1", "card"),
    ],
)
async def test_totals_are_what_went_out_less_what_came_back(
    store: SqlStore, reading: Reading, by: TotalBy, key: str, tender_id: str
) -> None:
    async with store.begin() as unit:
        await unit.post(posting("owed", minor=900, debit=SALES_RETURNS, credit=CUSTOMER_REFUNDS_PAYABLE))
        await unit.post(posting("paid", minor=500))
        await unit.post(posting("paid too", minor=400))
        await unit.post(posting("back", minor=400, debit=clearing("stripe"), credit=CUSTOMER_REFUNDS_PAYABLE))
    assert await reading.ledger_totals(by) == (LedgerTotal(key, tender_id, yuan(500)),)


async def test_a_log_that_grows_while_it_is_verified_holds(store: SqlStore, reading: Reading) -> None:
    async def append() -> None:
        for index in range(20):
            async with store.begin() as unit:
                await unit.append_audit((entry(f"noted {index}"),))

    writing = asyncio.create_task(append())
    while not writing.done():
        assert await reading.verify_chain(NUMBER) is None
    await writing
    assert await reading.verify_chain(NUMBER) is None
