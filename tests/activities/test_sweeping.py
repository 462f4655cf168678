"""What was cut off is taken up again: once, in bounded pieces, and never against a person's or a provider's word."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.alerting import Alarms, Alerting
from activities.ports import RefundNews, RunState
from activities.precautions import Breaker
from activities.rows import LegRow
from activities.sweeping import BATCH, MOST_BATCHES, Sweeping, SweepOrder, SweepResult
from activities.types import Leg
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.numbers import number_for
from aftersales.contract.values import ErrorCode, LegState, Money
from integrations.letters.alarms import BreakerLetters
from integrations.letters.composer import LetterSettings
from storage.portal import PortalStore, ProviderEvent
from storage.reading import Reading
from storage.store import SqlStore
from tests.activities.shop import NOW
from tests.fakes import FakeClock, FakeCourier, FakeEngine
from tests.storage.builders import case_row

FIRST, SECOND, THIRD = sorted(number_for("shop", f"swept {n}") for n in range(3))
OLDER_THAN_S = 60


class Yard:
    """A swept database: rows are put into it as the portal and the steps put them."""

    def __init__(self, engine: AsyncEngine, runs: FakeEngine, clock: FakeClock) -> None:
        self.inbox = PortalStore(engine)
        self.store = SqlStore(engine)
        self.runs = runs
        self.clock = clock
        self.beats: list[object] = []
        self._cases = Reading(engine)

    async def case(self, number: str, state: LegState = LegState.CONFIRMING, **changes: object) -> None:
        leg = Leg(
            leg=1,
            attempt=1,
            provider="stripe",
            provider_number=f"{number}-1-1",
            amount=Money(minor=500, currency="CNY"),
            state=state,
        )
        async with self.store.begin() as unit:
            await unit.insert_case(case_row(number, **changes))
            await unit.insert_leg(
                LegRow(number=number, order_id="order-1", tender_id="card", reference="ch_1", leg=leg)
            )

    async def leg_in(self, number: str, state: LegState) -> None:
        async with self.store.begin() as unit:
            [row] = await unit.legs(number)
            await unit.update_leg(row.model_copy(update={"leg": row.leg.model_copy(update={"state": state})}))

    async def news(self, event_id: str, number: str, says: RefundNews = RefundNews.SUCCEEDED) -> None:
        event = ProviderEvent(
            provider="stripe",
            event_id=event_id,
            payload="{}",
            received_at=self.clock.now(),
            provider_number=f"{number}-1-1",
            reference="re_1",
            says=says,
        )
        await self.inbox.receive_all([event])

    async def sweep(
        self,
        after: str = "",
        *,
        alerting: Alerting | None = None,
        batch: int = BATCH,
        most_batches: int = MOST_BATCHES,
    ) -> SweepResult:
        env = ActivityEnvironment()
        env.on_heartbeat = self.beats.append
        sweeping = Sweeping(
            self.inbox,
            self._cases,
            self.runs,
            self.clock,
            alerting,
            older_than_s=OLDER_THAN_S,
            batch=batch,
            most_batches=most_batches,
        )
        return await env.run(sweeping.sweep, SweepOrder(after=after))


@pytest.fixture
def runs() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def yard(engine: AsyncEngine, runs: FakeEngine, clock: FakeClock) -> Yard:
    return Yard(engine, runs, clock)


def hint(number: str) -> tuple[str, PaymentChanged]:
    return number, PaymentChanged(provider="stripe", provider_number=f"{number}-1-1")


async def test_a_message_whose_telling_was_cut_off_is_told_once(yard: Yard, runs: FakeEngine, clock: FakeClock) -> None:
    await yard.case(FIRST)
    await yard.news("evt_1", FIRST)
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep() == SweepResult(told=1, looked_at=1)
    assert runs.told == [hint(FIRST)]
    assert await yard.sweep() == SweepResult(looked_at=1)
    assert len(runs.told) == 1


async def test_a_message_that_is_still_being_dealt_with_is_left_alone(yard: Yard, runs: FakeEngine) -> None:
    await yard.case(FIRST)
    await yard.news("evt_1", FIRST)
    assert await yard.sweep() == SweepResult(looked_at=1)
    assert runs.told == []


async def test_what_the_leg_has_come_to_say_meanwhile_is_not_told(
    yard: Yard, runs: FakeEngine, clock: FakeClock
) -> None:
    await yard.case(FIRST, LegState.SUBMITTING)
    await yard.news("evt_1", FIRST)
    await yard.leg_in(FIRST, LegState.SUCCEEDED)
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep() == SweepResult(known=1, looked_at=1)
    assert runs.told == []


async def test_one_telling_serves_for_all_that_came_before_it(yard: Yard, runs: FakeEngine, clock: FakeClock) -> None:
    await yard.case(FIRST)
    for event_id, says in (("evt_1", RefundNews.PENDING), ("evt_2", RefundNews.SUCCEEDED)):
        await yard.news(event_id, FIRST, says)
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep() == SweepResult(told=1, known=1, looked_at=1)
    assert runs.told == [hint(FIRST)]


async def test_a_message_that_came_before_its_case_is_told_when_the_case_is_there(
    yard: Yard, runs: FakeEngine, clock: FakeClock
) -> None:
    await yard.news("evt_1", FIRST)
    clock.turn(hours=1)
    assert await yard.sweep() == SweepResult()
    await yard.case(FIRST)
    assert await yard.sweep() == SweepResult(matched=1, told=1, looked_at=1)
    assert runs.told == [hint(FIRST)]


async def test_an_open_case_without_a_workflow_gets_one_and_then_its_news(
    yard: Yard, runs: FakeEngine, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await yard.case(FIRST)
    await yard.case(SECOND, closed_at=NOW)
    runs.runs = {FIRST: RunState.MISSING, SECOND: RunState.MISSING}
    await yard.news("evt_1", FIRST)
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep() == SweepResult(told=1, looked_at=1, restarted=1)
    assert runs.started == [case_row(FIRST).start]
    [line] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert vars(line)["application"] == FIRST


@pytest.mark.parametrize("state", [s for s in RunState if s not in (RunState.RUNNING, RunState.MISSING)])
async def test_an_open_case_whose_workflow_ended_is_an_alarm_and_not_started_again(
    yard: Yard, runs: FakeEngine, state: RunState, caplog: pytest.LogCaptureFixture
) -> None:
    await yard.case(FIRST)
    runs.runs = {FIRST: state}
    assert await yard.sweep() == SweepResult(looked_at=1, alarms=1)
    assert runs.started == []
    [alarm] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (vars(alarm)["application"], state.value in alarm.getMessage()) == (FIRST, True)


async def test_a_case_that_cannot_be_started_is_an_alarm_and_the_others_are(yard: Yard, runs: FakeEngine) -> None:
    for number in (FIRST, SECOND):
        await yard.case(number)
    runs.runs = {FIRST: RunState.MISSING, SECOND: RunState.MISSING}
    runs.failures = {FIRST: AftersalesError(ErrorCode.REQUEST_KEY_REUSED, "Another application.")}
    assert await yard.sweep() == SweepResult(looked_at=2, restarted=1, alarms=1)


async def test_news_of_a_closed_case_is_an_alarm_once(yard: Yard, runs: FakeEngine, clock: FakeClock) -> None:
    await yard.case(FIRST, LegState.SUCCEEDED)
    await yard.news("evt_1", FIRST, RefundNews.FAILED)
    runs.failures = {FIRST: AftersalesError(ErrorCode.CASE_CLOSED, "It is closed.")}
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep() == SweepResult(known=1, looked_at=1, alarms=1)
    assert await yard.sweep() == SweepResult(looked_at=1)


async def test_news_that_nobody_can_be_told_of_yet_stays_and_keeps_no_other_back(
    yard: Yard, runs: FakeEngine, clock: FakeClock
) -> None:
    runs.failures = {FIRST: AftersalesError(ErrorCode.CASE_UNKNOWN, "There is no such case.")}
    for number in (FIRST, SECOND):
        await yard.case(number)
        await yard.news(f"evt_{number}", number)
    clock.turn(seconds=OLDER_THAN_S + 1)
    assert await yard.sweep(batch=1) == SweepResult(told=1, left=1, looked_at=2)
    runs.failures = {}
    assert await yard.sweep() == SweepResult(told=1, looked_at=2)


async def test_a_sweep_is_bounded_and_the_next_one_goes_on(yard: Yard, runs: FakeEngine) -> None:
    for number in (FIRST, SECOND, THIRD):
        await yard.case(number)
    runs.runs = {THIRD: RunState.MISSING}
    first = await yard.sweep(batch=2, most_batches=1)
    assert first == SweepResult(looked_at=2, after=SECOND)
    assert await yard.sweep(first.after) == SweepResult(looked_at=1, restarted=1)
    assert yard.beats


async def test_while_temporal_is_away_the_sweep_fails_and_nothing_is_marked(
    yard: Yard, runs: FakeEngine, clock: FakeClock
) -> None:
    await yard.case(FIRST)
    await yard.news("evt_1", FIRST)
    runs.failures = {FIRST: AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")}
    clock.turn(seconds=OLDER_THAN_S + 1)
    with pytest.raises(ApplicationError, match="down") as caught:
        await yard.sweep()
    assert (caught.value.type, caught.value.non_retryable) == ("engine_unavailable", False)
    assert len(await yard.inbox.unhandled(clock.now() + timedelta(days=1))) == 1


class Stopped(Alarms):
    """The breaker is open and nobody knows it yet."""

    async def untold(self) -> Breaker | None:
        return Breaker(open=True, why="refund_rate", changed_at=NOW)

    async def mark_told(self, breaker: Breaker, at: datetime) -> None:
        pass


@pytest.mark.parametrize(("down", "mailed"), [(False, 1), (True, 0)])
async def test_the_sweep_tells_of_a_stop_and_is_not_stopped_by_a_mail_server_that_is_away(
    yard: Yard, down: bool, mailed: int, caplog: pytest.LogCaptureFixture
) -> None:
    courier = FakeCourier()
    courier.down = down
    letters = BreakerLetters(LetterSettings(supervisors_mail="supervisors@shop.example"))
    alerting = Alerting(Stopped(), letters, courier, yard.clock, "shop.example")
    assert (await yard.sweep(alerting=alerting)).mailed == mailed == len(courier.sent)
    assert ("could not be told" in caplog.text) is down
