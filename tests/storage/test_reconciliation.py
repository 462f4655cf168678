"""What the reconciliation keeps comes back as it was, and what it asks for is all that it has to compare."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import ledger
from activities.differences import Finding, FindingState, Run, RunState, SystemLetter, Totals
from activities.ports import StatementLine
from activities.rows import LegRow, MailState
from aftersales.contract.values import Language, LegState, Money
from domain.reconciling import Difference
from storage.errors import RowMissingError
from storage.reconciliation import ReconciliationBook
from storage.reconciliation_listing import ReconciliationListing
from storage.store import SqlStore
from tests.storage.builders import NOON, leg_row, yuan

DAY = NOON.date()
ONE = timedelta(days=1)
SINCE = NOON - 40 * ONE


@pytest.fixture
def book(engine: AsyncEngine) -> ReconciliationBook:
    return ReconciliationBook(engine)


@pytest.fixture
def listing(engine: AsyncEngine) -> ReconciliationListing:
    return ReconciliationListing(engine)


def a_line(number: str = "A-1-1", **changes: object) -> StatementLine:
    line = StatementLine(
        provider="stripe",
        line_id="txn_1",
        booked_at=NOON,
        amount=yuan(1000),
        provider_number=number,
        reference="re_1",
        fee=Money(minor=30, currency="USD"),
    )
    return line.model_copy(update=changes)


def a_finding(finding_id: str = "f1", **changes: object) -> Finding:
    finding = Finding(
        finding_id=finding_id,
        provider="stripe",
        day=DAY,
        kind=Difference.DOUBLE,
        subject="A-1-1",
        number="A",
        ours=yuan(1000),
        theirs=None,
        our_state="succeeded",
        moved_at=NOON,
        found_at=NOON,
    )
    return finding.model_copy(update=changes)


def a_run(day: date = DAY, **changes: object) -> Run:
    totals = (Totals(currency="CNY", theirs_minor=2**40, ours_minor=-1),)
    run = Run(provider="stripe", day=day, state=RunState.DONE, tries=1, tried_at=NOON, read_at=NOON, totals=totals)
    return run.model_copy(update=changes)


def a_letter(message_id: str = "<1@shop.example>") -> SystemLetter:
    return SystemLetter(
        message_id=message_id,
        provider="stripe",
        day=DAY,
        recipient="finance@shop.example",
        language=Language.ZH_CN,
        subject="对账",
        body="一笔差异。",
        created_at=NOON,
    )


async def keep(engine: AsyncEngine, *legs: LegRow) -> None:
    async with SqlStore(engine).begin() as unit:
        for row in legs:
            await unit.insert_leg(row)
            await unit.post(ledger.approved(row, NOON - 2 * ONE))
            if row.leg.state is LegState.SUCCEEDED:
                await unit.post(ledger.paid(row, NOON))


def a_leg(leg: int, state: LegState, *, sent_days_ago: int | None = 1, reference: str = "") -> LegRow:
    row = leg_row(leg=leg)
    changed = row.leg.model_copy(update={"state": state, "provider_reference": reference})
    sent_at = None if sent_days_ago is None else NOON - sent_days_ago * ONE
    return row.model_copy(update={"leg": changed, "sent_at": sent_at})


async def asked(book: ReconciliationBook, day: date = DAY) -> tuple[list[int], list[str]]:
    """The legs and the line ids that are in question."""
    async with book.begin("stripe") as unit:
        question = await unit.question("stripe", day, SINCE)
    return sorted(leg.row.leg.leg for leg in question.legs), sorted(line.line_id for line in question.lines)


async def test_lines_come_back_as_they_were_with_their_day(book: ReconciliationBook) -> None:
    lines = [a_line(), a_line(returned=True, fee=None, provider_number="")]
    async with book.begin("stripe") as unit:
        await unit.replace_lines("stripe", DAY, lines)
        question = await unit.question("stripe", DAY, SINCE)
    found = sorted(question.lines, key=lambda line: line.returned)
    assert [StatementLine.model_validate(line.model_dump()) for line in found] == lines
    assert {line.day for line in found} == {DAY}


async def test_a_statement_that_is_read_again_replaces_its_own_day_and_no_other(book: ReconciliationBook) -> None:
    async with book.begin("stripe") as unit:
        await unit.replace_lines("stripe", DAY, [a_line(), a_line()])
        await unit.replace_lines("stripe", DAY - ONE, [a_line(line_id="older")])
        await unit.replace_lines("bank", DAY, [a_line(provider="bank", line_id="bank")])
        await unit.replace_lines("stripe", DAY, [a_line(line_id="again")])
    assert (await asked(book))[1] == ["again", "older"], "the older line is of the same payment"
    async with book.begin("bank") as unit:
        assert [line.line_id for line in (await unit.question("bank", DAY, SINCE)).lines] == ["bank"]


async def test_legs_in_question_are_those_that_no_line_settles(engine: AsyncEngine, book: ReconciliationBook) -> None:
    settled, unseen, old = (a_leg(n, LegState.SUCCEEDED) for n in (1, 2, 3))
    under_way = a_leg(4, LegState.CONFIRMING, sent_days_ago=90)
    came_back = a_leg(5, LegState.REVERSED)
    never_sent = a_leg(6, LegState.RESERVED, sent_days_ago=None)
    long_gone = a_leg(7, LegState.FAILED, sent_days_ago=90)
    await keep(engine, settled, unseen, old, under_way, came_back, never_sent, long_gone)
    async with book.begin("stripe") as unit:
        await unit.replace_lines("stripe", DAY - ONE, [a_line(settled.leg.provider_number)])
        await unit.replace_lines("stripe", DAY, [a_line(old.leg.provider_number, line_id="today")])
    assert await asked(book) == ([2, 3, 4, 5], ["today"])


async def test_a_leg_comes_with_the_moments_of_its_postings(engine: AsyncEngine, book: ReconciliationBook) -> None:
    await keep(engine, a_leg(1, LegState.SUCCEEDED))
    async with book.begin("stripe") as unit:
        [leg] = (await unit.question("stripe", DAY, SINCE)).legs
    assert (leg.approved_at, leg.paid_at, leg.returned_at, leg.released_at) == (NOON - 2 * ONE, NOON, None, None)
    assert leg.row.leg.amount == yuan(1000)


async def test_a_line_without_our_number_asks_for_the_legs_of_its_reference(
    engine: AsyncEngine, book: ReconciliationBook
) -> None:
    await keep(engine, a_leg(1, LegState.FAILED, sent_days_ago=90, reference="re_1"))
    async with book.begin("stripe") as unit:
        await unit.replace_lines("stripe", DAY, [a_line("")])
    assert await asked(book) == ([1], ["txn_1"])


async def test_what_an_open_finding_is_about_is_in_question_for_as_long_as_it_is_open(
    engine: AsyncEngine, book: ReconciliationBook
) -> None:
    row = a_leg(1, LegState.FAILED, sent_days_ago=90)
    await keep(engine, row)
    finding = a_finding(subject=row.leg.provider_number)
    async with book.begin("stripe") as unit:
        await unit.replace_lines("stripe", DAY - 60 * ONE, [a_line(row.leg.provider_number)])
        await unit.put_finding(finding)
    assert await asked(book) == ([1], ["txn_1"])
    async with book.begin("stripe") as unit:
        await unit.put_finding(finding.model_copy(update={"state": FindingState.EXPLAINED}))
    assert await asked(book) == ([], [])


async def test_runs_come_back_as_they_were_and_the_last_write_counts(
    book: ReconciliationBook, listing: ReconciliationListing
) -> None:
    failed = a_run(state=RunState.FAILED, sentence="第7行", tries=2)
    async with book.begin("stripe") as unit:
        await unit.put_run(a_run())
        await unit.put_run(failed)
        await unit.put_run(a_run(DAY - ONE, read_at=None))
        assert await unit.run("stripe", DAY) == failed
        assert (await unit.question("stripe", DAY, SINCE)).read == {DAY}
    assert await listing.runs(limit=1) == (failed,)
    assert [run.day for run in await listing.runs(limit=9)] == [DAY, DAY - ONE]
    assert await book.states("stripe", DAY - ONE) == {DAY: RunState.FAILED, DAY - ONE: RunState.DONE}
    assert (await book.first_day("stripe"), await book.first_day("bank")) == (DAY - ONE, None)


async def test_findings_come_back_as_they_were(book: ReconciliationBook, listing: ReconciliationListing) -> None:
    other = a_finding("f2", state=FindingState.RESOLVED, closed_day=DAY, closed_at=NOON, ours=None, theirs=yuan(1))
    async with book.begin("stripe") as unit:
        for finding in (a_finding(), other, a_finding("f3", provider="bank")):
            await unit.put_finding(finding)
        assert await unit.findings("stripe", ["f2"]) == (a_finding(), other)
        assert await unit.findings("stripe", []) == (a_finding(),)
        assert await unit.finding("f2") == other
        assert await unit.finding("f9") is None
    assert sorted(each.finding_id for each in await listing.findings_of(DAY)) == ["f1", "f2", "f3"]
    assert sorted(await listing.open_findings()) == [("bank", DAY, 1), ("stripe", DAY, 1)]


async def test_whether_anything_was_sent_is_known_by_the_moment(engine: AsyncEngine, book: ReconciliationBook) -> None:
    await keep(engine, a_leg(1, LegState.FAILED, sent_days_ago=1))
    async with book.begin("stripe") as unit:
        assert await unit.moved("stripe", NOON - ONE, NOON)
        assert not await unit.moved("stripe", NOON - 3 * ONE, NOON - 2 * ONE)
        assert not await unit.moved("bank", NOON - ONE, NOON)


async def test_a_letter_that_is_there_is_left_as_it_is(book: ReconciliationBook) -> None:
    async with book.begin("stripe") as unit:
        await unit.add_letters([a_letter(), a_letter("<2@shop.example>")])
        sent = a_letter().model_copy(update={"state": MailState.SENT, "sent_at": NOON})
        await unit.update_letter(sent)
        await unit.add_letters([a_letter()])
        assert await unit.unsent("stripe", DAY) == (a_letter("<2@shop.example>"),)
        with pytest.raises(RowMissingError, match="Letter <9>"):
            await unit.update_letter(a_letter("<9>"))


async def test_two_runs_of_one_provider_follow_upon_each_other(book: ReconciliationBook) -> None:
    async def count_one() -> None:
        async with book.begin("stripe") as unit:
            before = await unit.run("stripe", DAY)
            await asyncio.sleep(0.01)
            await unit.put_run(a_run(tries=1 + (before.tries if before else 0)))

    await asyncio.gather(*(count_one() for _ in range(5)))
    async with book.begin("stripe") as unit:
        run = await unit.run("stripe", DAY)
    assert run is not None
    assert run.tries == 5
