"""The agent's 24 hours and the windows of the process (P2.7, P1.3)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.deadlines import (
    DueStep,
    Ladder,
    ReviewClock,
    ReviewStep,
    days_since,
    window_end,
    window_open,
)
from domain.errors import ExtensionRefused, TimeWithoutZone

OPENED = datetime(2025, 3, 29, 12, 0, tzinfo=UTC)
LADDER = Ladder()
HOUR = 3600

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones())  # noqa: DTZ001
GAPS = st.timedeltas(timedelta(0), timedelta(days=30))
PAUSES = st.lists(st.tuples(GAPS, GAPS), max_size=6)
LADDERS = st.lists(st.integers(1, 10**6), min_size=4, max_size=4).map(
    lambda seconds: Ladder(
        reminder_seconds=seconds[0],
        notice_seconds=seconds[0] + seconds[1],
        escalation_seconds=seconds[0] + seconds[1] + seconds[2],
        repeat_seconds=seconds[3],
    )
)


def after(hours: float) -> datetime:
    return OPENED + timedelta(hours=hours)


def clock() -> ReviewClock:
    return ReviewClock(started_at=OPENED)


def paused_through(start: datetime, pauses: list[tuple[timedelta, timedelta]]) -> tuple[ReviewClock, timedelta]:
    """A clock after some pauses, and how long they were together."""
    running, now, stood_still = ReviewClock(started_at=start), start.astimezone(UTC), timedelta(0)
    for until_pause, length in pauses:
        running = running.pause(now + until_pause).resume(now + until_pause + length)
        now += until_pause + length
        stood_still += length
    return running, stood_still


def due(step: DueStep | None) -> datetime:
    assert step is not None
    return step.due_at


@pytest.mark.parametrize(
    ("done", "step", "hours"),
    [
        (0, ReviewStep.REMINDER, 20),
        (1, ReviewStep.NOTICE, 23),
        (2, ReviewStep.ESCALATION, 24),
        (3, ReviewStep.ESCALATION, 48),
        (9, ReviewStep.ESCALATION, 24 * 8),
    ],
)
def test_the_ladder_reminds_gives_notice_and_escalates_daily(done: int, step: ReviewStep, hours: int) -> None:
    assert clock().next_step(LADDER, done) == DueStep(step=step, due_at=after(hours))


def test_the_answer_is_due_within_a_day() -> None:
    assert clock().deadline(LADDER) == after(24)


def test_waiting_for_the_customer_does_not_count() -> None:
    resumed = clock().pause(after(5)).resume(after(29))
    assert resumed.deadline(LADDER) == after(48)
    assert due(resumed.next_step(LADDER, 0)) == after(44)


def test_nothing_is_due_while_the_clock_stands_still() -> None:
    paused = clock().pause(after(5))
    assert paused.deadline(LADDER) is None
    assert paused.next_step(LADDER, 0) is None


def test_pausing_twice_and_resuming_twice_count_once() -> None:
    assert clock().pause(after(5)).pause(after(9)) == clock().pause(after(5))
    resumed = clock().pause(after(5)).resume(after(6))
    assert resumed.resume(after(12)) == resumed
    assert clock().resume(after(3)) == clock()


def test_a_part_of_a_second_is_rounded_in_the_agents_favour() -> None:
    resumed = clock().pause(after(5)).resume(after(5) + timedelta(microseconds=1))
    assert resumed.paused_seconds == 1


def test_an_extension_moves_every_step_that_is_to_come() -> None:
    extended = clock().extend(6 * HOUR)
    assert extended.deadline(LADDER) == after(30)
    assert due(extended.next_step(LADDER, 1)) == after(29)
    assert extended.extend(HOUR).deadline(LADDER) == after(31)


def test_an_extension_of_what_is_overdue_counts_from_now() -> None:
    assert clock().extend_at(after(5), 6 * HOUR, LADDER) == clock().extend(6 * HOUR)
    assert clock().extend_at(after(30), 6 * HOUR, LADDER).deadline(LADDER) == after(36)
    paused = clock().pause(after(5))
    assert paused.extend_at(after(99), 6 * HOUR, LADDER) == paused.extend(6 * HOUR)


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_extension_brings_the_deadline_closer(seconds: int) -> None:
    with pytest.raises(ExtensionRefused):
        clock().extend(seconds)
    with pytest.raises(ExtensionRefused):
        clock().extend_at(after(30), seconds, LADDER)


def test_a_pause_can_be_extended_and_still_stands_still() -> None:
    paused = clock().pause(after(5)).extend(HOUR)
    assert paused.deadline(LADDER) is None
    assert paused.resume(after(7)).deadline(LADDER) == after(24 + 2 + 1)


def test_a_clock_set_back_neither_starts_a_pause_early_nor_takes_time_away() -> None:
    assert clock().pause(after(-1)).paused_at == OPENED
    assert clock().pause(after(5)).resume(after(4)).paused_seconds == 0


@given(start=MOMENTS, pauses=PAUSES)
def test_pausing_never_shortens_the_agents_time(start: datetime, pauses: list[tuple[timedelta, timedelta]]) -> None:
    paused, stood_still = paused_through(start, pauses)
    deadline = paused.deadline(LADDER)
    assert deadline is not None
    own_time = deadline - start.astimezone(UTC) - stood_still
    assert timedelta(hours=24) <= own_time <= timedelta(hours=24, seconds=len(pauses))


@given(start=MOMENTS, pauses=PAUSES, extension=st.integers(1, 10**6))
def test_an_extension_adds_just_what_it_says(
    start: datetime, pauses: list[tuple[timedelta, timedelta]], extension: int
) -> None:
    running, _ = paused_through(start, pauses)
    before, extended = running.deadline(LADDER), running.extend(extension).deadline(LADDER)
    assert before is not None
    assert extended == before + timedelta(seconds=extension)


@given(start=MOMENTS, ladder=LADDERS, done=st.integers(0, 40))
def test_each_step_is_due_after_the_one_before(start: datetime, ladder: Ladder, done: int) -> None:
    running = ReviewClock(started_at=start)
    assert due(running.next_step(ladder, done)) < due(running.next_step(ladder, done + 1))


@given(start=MOMENTS, ladder=LADDERS)
def test_the_first_escalation_is_the_deadline(start: datetime, ladder: Ladder) -> None:
    running = ReviewClock(started_at=start)
    assert due(running.next_step(ladder, 2)) == running.deadline(ladder)


@given(start=MOMENTS, pauses=PAUSES)
def test_a_stored_clock_is_read_back_as_it_was(start: datetime, pauses: list[tuple[timedelta, timedelta]]) -> None:
    running, _ = paused_through(start, pauses)
    assert ReviewClock.model_validate_json(running.model_dump_json()) == running


def test_the_night_the_clocks_change_is_not_an_hour_short() -> None:
    berlin_before = datetime(2025, 3, 29, 13, 0, tzinfo=timezone(timedelta(hours=1)))
    berlin_after = datetime(2025, 3, 30, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert ReviewClock(started_at=berlin_before).deadline(LADDER) == berlin_after


@given(start=MOMENTS, seconds=st.integers(0, 10**8))
def test_a_window_is_as_long_as_it_says_in_every_time_zone(start: datetime, seconds: int) -> None:
    assert (window_end(start, seconds) - start.astimezone(UTC)).total_seconds() == seconds
    assert window_open(start, seconds, window_end(start, seconds))
    assert not window_open(start, seconds, window_end(start, seconds) + timedelta(microseconds=1))


def test_a_leap_day_is_a_day() -> None:
    delivered = datetime(2024, 2, 28, 12, 0, tzinfo=UTC)
    assert days_since(delivered, datetime(2024, 3, 1, 12, 0, tzinfo=UTC)) == 2
    assert window_end(delivered, 86_400) == datetime(2024, 2, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "days"), [(0, 0), (23.99, 0), (24, 1), (47.99, 1), (24 * 7, 7), (-5, 0)])
def test_days_are_whole_and_never_negative(hours: float, days: int) -> None:
    assert days_since(OPENED, after(hours)) == days


def test_a_moment_without_a_zone_is_refused() -> None:
    naive = OPENED.replace(tzinfo=None)
    with pytest.raises(TimeWithoutZone):
        clock().pause(naive)
    with pytest.raises(TimeWithoutZone):
        clock().pause(after(1)).resume(naive)
    with pytest.raises(TimeWithoutZone):
        window_end(naive, 1)
    with pytest.raises(TimeWithoutZone):
        window_open(OPENED, 1, naive)
    with pytest.raises(TimeWithoutZone):
        days_since(naive, OPENED)


def test_a_clock_is_not_started_without_a_zone() -> None:
    with pytest.raises(ValidationError):
        ReviewClock(started_at=OPENED.replace(tzinfo=None))


@pytest.mark.parametrize(
    "wrong",
    [
        {"reminder_seconds": 0},
        {"repeat_seconds": 0},
        {"reminder_seconds": 90_000},
        {"notice_seconds": 86_401},
        {"escalation_seconds": 1.5},
    ],
)
def test_a_ladder_whose_steps_are_out_of_order_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Ladder.model_validate(wrong)
