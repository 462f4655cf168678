"""A day is compared once its statement is there, told to cases and people once, and made up for if it was missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.differences import FindingState, RunState, Totals
from activities.ports import StatementNotReadyError
from activities.reconciling import DayOrder, DayResult
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, LegState
from domain.reconciling import Difference
from tests.activities.counting_house import BEIJING, DAY, NOON, CountingHouse, back, leg, line, usd

ONE = timedelta(days=1)


@pytest.fixture
def house(engine: AsyncEngine) -> CountingHouse:
    return CountingHouse(engine)


async def test_a_day_on_which_both_sides_agree_is_counted_and_written_about_to_nobody(house: CountingHouse) -> None:
    rows = [leg(name) for name in "ab"]
    await house.keep(*rows)
    house.state(*(line(row) for row in rows))
    result = await house.reconcile()
    assert result == DayResult(provider="stripe", day=DAY, lines=2, matched=2, found=0, others=0, resolved=0, told=0)
    run = await house.run_of()
    assert (run.state, run.tries, run.lines, run.matched) == (RunState.DONE, 1, 2, 2)
    assert run.totals == (Totals(currency="USD", theirs_minor=2000, ours_minor=2000),)
    assert (house.courier.sent, house.engine.told) == ([], [])


async def test_money_that_our_ledger_lacks_is_told_to_its_case_and_resolved_when_it_has_asked(
    house: CountingHouse,
) -> None:
    row = leg("lost", LegState.CONFIRMING)
    await house.keep(row)
    house.state(line(row))
    assert (await house.reconcile()).told == 1
    hint = PaymentChanged(provider="stripe", provider_number=row.leg.provider_number)
    assert house.engine.told == [(row.number, hint)]
    [finding] = await house.findings()
    assert (finding.kind, finding.number, finding.with_finance) == (Difference.MISSING_HERE, row.number, False)
    assert (finding.ours, finding.theirs, finding.our_state) == (usd(1000), usd(1000), "confirming")
    await house.record(row, LegState.SUCCEEDED)
    house.clock.turn(days=1)
    assert (await house.reconcile(DAY + ONE)).resolved == 1
    [resolved] = await house.findings(FindingState.RESOLVED)
    assert (resolved.closed_day, resolved.closed_by) == (DAY + ONE, "system")
    assert len(house.engine.told) == 1


async def test_what_asking_did_not_put_right_is_finances_the_next_day(house: CountingHouse) -> None:
    row = leg("stubborn")
    await house.keep(row)
    house.state(line(row), back(row))
    await house.reconcile()
    house.clock.turn(days=1)
    await house.reconcile(DAY + ONE)
    [finding] = await house.findings()
    assert (finding.kind, finding.with_finance, finding.day) == (Difference.STATE_DIFFERS, True, DAY)
    assert len(house.engine.told) == 1
    assert len(house.courier.sent) == 1


async def test_a_closed_case_and_an_unknown_number_are_finances_at_once(house: CountingHouse) -> None:
    row = leg("closed", LegState.CONFIRMING)
    await house.keep(row)
    house.engine.failures[row.number] = AftersalesError(ErrorCode.CASE_CLOSED, "It is closed.")
    house.state(line(row), line(row, provider_number="FOREIGN-1"))
    assert (await house.reconcile()).told == 0
    findings = await house.findings()
    assert {(each.number, each.with_finance) for each in findings} == {(row.number, True), ("", True)}


async def test_a_case_without_a_workflow_is_told_by_the_next_run(house: CountingHouse) -> None:
    row = leg("lost", LegState.CONFIRMING)
    await house.keep(row)
    house.engine.failures[row.number] = AftersalesError(ErrorCode.CASE_UNKNOWN, "There is none.")
    house.state(line(row))
    assert (await house.reconcile()).told == 0
    house.engine.failures = {}
    assert (await house.reconcile()).told == 1


async def test_while_temporal_is_away_what_was_found_is_kept_and_told_by_the_next_try(house: CountingHouse) -> None:
    row = leg("lost", LegState.CONFIRMING)
    await house.keep(row)
    house.engine.failures[row.number] = AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")
    house.state(line(row))
    with pytest.raises(ApplicationError) as caught:
        await house.reconcile()
    assert (caught.value.type, caught.value.non_retryable) == ("engine_unavailable", False)
    house.engine.failures = {}
    assert (await house.reconcile()).told == 1
    assert len(house.courier.sent) == 1


async def test_a_day_that_is_run_again_finds_the_same_and_writes_to_nobody_again(house: CountingHouse) -> None:
    house.state(line(leg("x"), provider_number="FOREIGN-1"))
    first = await house.reconcile()
    [before] = await house.findings()
    assert await house.reconcile() == first
    assert await house.findings() == [before]
    assert (await house.run_of()).tries == 2
    assert len(house.courier.sent) == 1


async def test_a_change_of_what_a_run_found_is_written_about_again(house: CountingHouse) -> None:
    house.state(line(leg("x"), provider_number="FOREIGN-1"))
    await house.reconcile()
    house.state(line(leg("y"), provider_number="FOREIGN-2"))
    await house.reconcile()
    assert [len(report.findings) for report in house.letters.reports] == [1, 2]
    assert len({mail.message_id for mail in house.courier.sent}) == 2


async def test_a_letter_that_was_cut_off_is_sent_once_by_the_next_try(house: CountingHouse) -> None:
    house.state(line(leg("x"), provider_number="FOREIGN-1"))
    house.courier.down = True
    with pytest.raises(ConnectionError):
        await house.reconcile()
    house.courier.down = False
    for _ in range(2):
        await house.reconcile()
    [mail] = house.courier.sent
    assert mail.message_id.startswith("<reconciliation.stripe.2026-03-02.")
    assert mail.message_id.endswith(".1@shop.example>")


async def test_a_letter_that_is_refused_for_good_holds_nothing_up(house: CountingHouse) -> None:
    house.state(line(leg("x"), provider_number="FOREIGN-1"))
    house.courier.refuses = True
    assert (await house.reconcile()).found == 1
    house.courier.refuses = False
    await house.reconcile()
    assert house.courier.sent == []


async def test_a_line_that_a_provider_takes_out_of_its_statement_is_forgotten(house: CountingHouse) -> None:
    house.state(line(leg("x"), provider_number="FOREIGN-1"))
    await house.reconcile()
    house.statements.days[DAY].clear()
    assert (await house.reconcile()).resolved == 1
    assert await house.findings() == []


async def test_a_difference_that_comes_back_is_open_again(house: CountingHouse) -> None:
    foreign = line(leg("x"), provider_number="FOREIGN-1")
    for lines in ([foreign], [], [foreign]):
        house.statements.days[DAY] = lines
        await house.reconcile()
    [finding] = await house.findings()
    assert (finding.closed_by, finding.closed_at) == ("", None)


async def test_two_movements_of_one_number_are_found_on_whatever_days_they_were_booked(house: CountingHouse) -> None:
    row = leg("twice")
    await house.keep(row)
    house.state(line(row))
    house.state(line(row, NOON + 20 * ONE, line_id="again"), day=DAY + 20 * ONE)
    assert (await house.reconcile()).found == 0
    house.clock.turn(days=20)
    assert (await house.reconcile(DAY + 20 * ONE)).found == 1
    [finding] = await house.findings()
    assert (finding.kind, finding.theirs, finding.with_finance) == (Difference.DOUBLE, usd(2000), True)


async def test_a_fee_of_a_matched_line_is_posted_once(house: CountingHouse) -> None:
    row = leg("a")
    await house.keep(row)
    house.state(line(row, fee=usd(30)), line(leg("x"), provider_number="FOREIGN-1", fee=usd(99)))
    for _ in range(2):
        await house.reconcile()
    async with house.store.begin() as unit:
        fees = [posting for posting in await unit.postings(row.number) if posting.debit == "fees"]
    assert [(fee.credit, fee.amount) for fee in fees] == [("clearing:stripe", usd(30))]


async def test_the_totals_differ_by_what_was_found_and_nothing_else(house: CountingHouse) -> None:
    sound, other, twice, here = leg("sound"), leg("other"), leg("twice"), leg("here", LegState.CONFIRMING)
    await house.keep(sound, other, twice, here)
    house.state(line(sound), line(other, amount=usd(1200)), line(twice), line(twice, line_id="again"), line(here))
    await house.reconcile()
    [totals] = (await house.run_of()).totals
    assert (totals.theirs_minor, totals.ours_minor) == (5200, 3000)
    assert totals.theirs_minor - totals.ours_minor == 200 + 1000 + 1000


async def test_a_return_counts_against_what_was_paid_on_both_sides(house: CountingHouse) -> None:
    row = leg("returned", LegState.REVERSED)
    await house.keep(row)
    house.state(line(row), back(row))
    assert (await house.reconcile()).found == 0
    assert (await house.run_of()).totals == (Totals(currency="USD", theirs_minor=0, ours_minor=0),)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 1, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 3, 2, 0, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 16, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2028, 2, 29, 15, 59, 59, tzinfo=UTC),
    ],
)
async def test_a_booking_around_midnight_of_either_calendar_is_no_difference(
    house: CountingHouse, moment: datetime
) -> None:
    row = leg("night", at=moment)
    await house.keep(row, paid_at=moment + timedelta(seconds=2))
    booked = moment + timedelta(seconds=1)
    house.state(line(row, booked), day=booked.astimezone(BEIJING).date())
    await house.through(moment.date() - 2 * ONE, moment.date() + 6 * ONE)
    assert await house.findings(state=None) == []
    assert sum(run.matched for run in await house.runs()) == 1


async def test_a_payment_is_missing_there_once_the_days_around_were_read_and_found_when_the_last_was(
    house: CountingHouse,
) -> None:
    row = leg("missing")
    await house.keep(row)
    results = await house.through(DAY - ONE, DAY + 3 * ONE)
    assert [result.found for result in results] == [0, 0, 0, 0, 1]
    [finding] = await house.findings()
    assert (finding.kind, finding.day, finding.theirs) == (Difference.MISSING_THERE, DAY + 3 * ONE, None)
    late = line(row, NOON + 4 * ONE)
    house.state(late, day=DAY + 4 * ONE)
    house.clock.turn(days=1)
    assert (await house.reconcile(DAY + 4 * ONE)).resolved == 1


async def test_what_was_paid_before_the_first_statement_was_read_is_no_difference(house: CountingHouse) -> None:
    await house.keep(leg("old", at=NOON - 9 * ONE))
    await house.through(DAY, DAY + 5 * ONE)
    assert await house.findings(state=None) == []


async def test_a_statement_that_is_not_ready_is_asked_for_again_in_an_hour(house: CountingHouse) -> None:
    house.statements.failures[DAY] = StatementNotReadyError("Ask again after noon.")
    with pytest.raises(ApplicationError, match="after noon") as caught:
        await house.reconcile()
    assert (caught.value.type, caught.value.non_retryable) == ("statement_not_ready", False)
    assert caught.value.next_retry_delay == timedelta(hours=1)
    run = await house.run_of()
    assert (run.state, run.sentence, run.read_at) == (RunState.NOT_READY, "Ask again after noon.", None)
    assert house.courier.sent == []
    house.statements.failures.clear()
    await house.reconcile()
    run = await house.run_of()
    assert (run.state, run.tries, run.sentence) == (RunState.DONE, 2, "")


@pytest.mark.parametrize(("attempt", "hours"), [(1, 1), (2, 2), (4, 4), (9, 4)])
async def test_each_look_for_a_statement_is_a_little_more_patient(
    house: CountingHouse, attempt: int, hours: int
) -> None:
    house.statements.failures[DAY] = StatementNotReadyError("Later.")
    env = ActivityEnvironment()
    env.info = replace(env.info, attempt=attempt)
    with pytest.raises(ApplicationError) as caught:
        await env.run(house.reconciling.reconcile_day, DayOrder(provider="stripe", day=DAY))
    assert caught.value.next_retry_delay == timedelta(hours=hours)


async def test_whoever_asks_at_once_is_told_at_once_that_it_is_not_ready(house: CountingHouse) -> None:
    house.statements.failures[DAY] = StatementNotReadyError("Ask again after noon.")
    with pytest.raises(ApplicationError) as caught:
        await house.reconcile(at_once=True)
    assert caught.value.non_retryable


async def test_a_statement_that_stays_away_although_money_moved_is_told_once(house: CountingHouse) -> None:
    await house.keep(leg("sent"))
    house.statements.failures[DAY] = StatementNotReadyError("There is no bill.")
    house.clock.turn(days=4)
    for _ in range(2):
        with pytest.raises(ApplicationError):
            await house.reconcile()
    assert [report.run.state for report in house.letters.reports] == [RunState.NOT_READY] * 2
    assert len(house.courier.sent) == 1


async def test_a_day_without_movement_needs_no_statement_for_ever(house: CountingHouse) -> None:
    await house.keep(leg("the day before", at=NOON - ONE), leg("the next day", at=NOON + ONE))
    house.statements.failures[DAY] = StatementNotReadyError("There is no bill.")
    house.clock.turn(days=4)
    assert (await house.reconcile()).lines == 0
    run = await house.run_of()
    assert (run.state, run.sentence[:22]) == (RunState.DONE, "There is no statement,")


async def test_a_statement_that_cannot_be_read_is_told_and_tried_again(house: CountingHouse) -> None:
    house.statements.failures[DAY] = ValueError("Line 7 has no amount.")
    with pytest.raises(ApplicationError, match="Line 7") as caught:
        await house.reconcile()
    assert (caught.value.type, caught.value.non_retryable) == ("statement_unreadable", True)
    assert (await house.run_of()).state is RunState.FAILED
    assert len(house.courier.sent) == 1
    assert DayOrder(provider="stripe", day=DAY) in (await house.plan()).days
    house.statements.failures.clear()
    await house.reconcile()
    assert (await house.run_of()).state is RunState.DONE


async def test_a_day_that_cannot_be_read_any_more_keeps_what_was_read_of_it(house: CountingHouse) -> None:
    row = leg("a")
    await house.keep(row)
    house.state(line(row))
    await house.reconcile()
    house.statements.failures[DAY] = ValueError("The file is cut off.")
    with pytest.raises(ApplicationError):
        await house.reconcile()
    run = await house.run_of()
    assert (run.state, run.lines, run.read_at is not None) == (RunState.FAILED, 1, True)


async def test_a_provider_that_is_not_set_up_is_named_with_those_that_are(house: CountingHouse) -> None:
    with pytest.raises(ApplicationError, match="there are: stripe") as caught:
        await house.plan(provider="bank")
    assert (caught.value.type, caught.value.non_retryable) == ("no_statements", True)


async def test_a_first_night_looks_at_the_day_before(house: CountingHouse) -> None:
    assert (await house.plan()).days == (DayOrder(provider="stripe", day=DAY),)


async def test_missed_days_and_those_that_were_not_ready_are_made_up_for(house: CountingHouse) -> None:
    house.statements.failures[DAY + ONE] = StatementNotReadyError("Later.")
    await house.reconcile()
    with pytest.raises(ApplicationError):
        await house.reconcile(DAY + ONE)
    house.clock.turn(days=3)
    planned = [order.day for order in (await house.plan()).days]
    assert planned == [DAY + n * ONE for n in (1, 2, 3)]


async def test_days_that_lie_too_far_back_are_left_alone(house: CountingHouse) -> None:
    await house.reconcile()
    house.clock.turn(days=365)
    assert len((await house.plan()).days) == 31


async def test_a_day_that_is_named_is_planned_whatever_became_of_it(house: CountingHouse) -> None:
    await house.reconcile()
    assert await house.plan(day=DAY) == await house.plan(day=DAY, provider="stripe")
    assert (await house.plan(day=date(2026, 1, 1))).days == (DayOrder(provider="stripe", day=date(2026, 1, 1)),)
