"""Whatever way events come, a case is told once of what is news to it (R8): of every provider, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx2
import pytest
from temporalio.testing import ActivityEnvironment

from activities.sweeping import Sweeping, SweepOrder
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import LegState
from bench.deliveries import HANDS, Hand, Told
from portal.settings import PortalSettings
from storage.portal import PortalStore
from storage.reading import Reading
from storage.store import SqlStore
from tests.fakes import FakeEngine
from tests.portal.conftest import NUMBER, PROVIDER_NUMBER, House, house_with
from tests.storage.builders import case_row

NOW = timedelta()
SUCCESS = Told("evt_1", PROVIDER_NUMBER)


@dataclass(frozen=True)
class Line:
    """One provider's way to a portal that has a leg of its own."""

    house: House
    hand: Hand

    async def leg_in(self, state: LegState) -> None:
        await self.house.leg_in(state, self.hand.provider, self.hand.currency)

    async def bring(self, told: Told, *, ahead: timedelta = NOW, forged: bool = False) -> httpx2.Response:
        """One delivery. Comes back with the answer; while the clock runs, when the case was told too."""
        body, headers = self.hand.delivery(told, self.house.clock.now() + ahead, forged=forged)
        answer = await self.house.client.post(f"/webhooks/{self.hand.provider}", content=body, headers=headers)
        if not self.house.clock.held:
            await self.house.telling.settled()
        return answer

    @property
    def told(self) -> list[tuple[str, PaymentChanged]]:
        return self.house.cases.hints

    async def inbox(self) -> dict[str, tuple[str, bool]]:
        """What became of each event, and whether its amount differs."""
        async with self.house.engine.connect() as connection:
            rows = await connection.exec_driver_sql("SELECT event_id, bearing, amount_differs FROM webhook_inbox")
            return {row.event_id: (row.bearing, bool(row.amount_differs)) for row in rows}


@pytest.fixture(params=["sqlite", "postgres"])
def on_each_database(request: pytest.FixtureRequest, settings: PortalSettings) -> PortalSettings:
    if request.param == "sqlite":
        return settings
    return settings.model_copy(update={"database_url": request.getfixturevalue("migrated_postgres")})


@pytest.fixture
async def house(on_each_database: PortalSettings) -> AsyncIterator[House]:
    async with house_with(on_each_database) as built:
        yield built


@pytest.fixture(params=HANDS, ids=[hand.provider for hand in HANDS])
def line(request: pytest.FixtureRequest, house: House) -> Line:
    return Line(house, request.param)


@pytest.mark.parametrize("times", [1, 2, 10])
async def test_an_event_that_comes_often_is_taken_each_time_and_told_once(line: Line, times: int) -> None:
    await line.leg_in(LegState.CONFIRMING)
    for _ in range(times):
        answer = await line.bring(SUCCESS)
        assert (answer.status_code, answer.content) == (200, line.hand.taken)
    hint = PaymentChanged(provider=line.hand.provider, provider_number=PROVIDER_NUMBER)
    assert line.told == [(NUMBER, hint)]


async def test_an_event_that_comes_ten_times_at_once_is_told_once(line: Line) -> None:
    await line.leg_in(LegState.CONFIRMING)
    answers = await asyncio.gather(*(line.bring(SUCCESS) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(line.told) == 1
    assert await line.inbox() == {"evt_1": ("news", False)}


async def test_of_events_in_the_wrong_order_the_overtaken_one_changes_nothing(line: Line) -> None:
    await line.leg_in(LegState.CONFIRMING)
    await line.bring(replace(SUCCESS, event_id="evt_late"))
    await line.leg_in(LegState.SUCCEEDED)
    await line.bring(replace(SUCCESS, event_id="evt_early", says="pending"))
    assert len(line.told) == 1
    assert await line.inbox() == {"evt_late": ("news", False), "evt_early": ("known", False)}


@pytest.mark.parametrize(("state", "hints"), [(LegState.SUCCEEDED, 0), (LegState.CONFIRMING, 1)])
async def test_an_event_before_the_calls_answer_is_told_only_if_that_does_not_come(
    line: Line, state: LegState, hints: int
) -> None:
    line.house.clock.hold()
    await line.leg_in(LegState.SUBMITTING)
    assert (await line.bring(SUCCESS)).status_code == 200
    await line.house.clock.asleep.wait()
    await line.leg_in(state)
    line.house.clock.release()
    await line.house.telling.settled()
    assert len(line.told) == hints


async def test_an_event_after_the_case_ended_is_kept_and_nobody_is_told(line: Line) -> None:
    async with SqlStore(line.house.engine).begin() as unit:
        await unit.insert_case(case_row(NUMBER, closed_at=line.house.clock.now()))
    await line.leg_in(LegState.SUCCEEDED)
    answer = await line.bring(replace(SUCCESS, says="failed"))
    assert (answer.status_code, answer.content) == (200, line.hand.taken)
    assert line.told == []
    assert await line.inbox() == {"evt_1": ("case_closed", False)}


async def test_an_event_of_a_refund_nobody_knows_is_kept_and_told_when_its_leg_appears(line: Line) -> None:
    assert (await line.bring(SUCCESS)).status_code == 200
    assert await line.inbox() == {"evt_1": ("unmatched", False)}
    await line.leg_in(LegState.CONFIRMING)
    line.house.clock.time += timedelta(minutes=5)
    engine, records = FakeEngine(), PortalStore(line.house.engine)
    sweeping = Sweeping(records, Reading(line.house.engine), engine, line.house.clock, older_than_s=60)
    await ActivityEnvironment().run(sweeping.sweep, SweepOrder())
    await ActivityEnvironment().run(sweeping.sweep, SweepOrder())
    assert [number for number, _ in engine.told] == [NUMBER]
    assert await line.inbox() == {"evt_1": ("news", False)}


async def test_another_amount_than_ours_is_kept_and_marked_and_the_case_gets_its_hint_and_no_amount(
    line: Line,
) -> None:
    await line.leg_in(LegState.SUCCEEDED)
    answer = await line.bring(replace(SUCCESS, minor=999))
    assert (answer.status_code, answer.content) == (200, line.hand.taken)
    assert await line.inbox() == {"evt_1": ("news", True)}
    assert line.told == [(NUMBER, PaymentChanged(provider=line.hand.provider, provider_number=PROVIDER_NUMBER))]


@pytest.mark.parametrize("flaw", ["old", "future", "forged"])
async def test_what_is_not_believed_is_refused_in_the_providers_words_and_not_kept(line: Line, flaw: str) -> None:
    await line.leg_in(LegState.CONFIRMING)
    ahead = {"old": -line.hand.too_old, "future": timedelta(minutes=6)}.get(flaw, NOW)
    answer = await line.bring(SUCCESS, ahead=ahead, forged=flaw == "forged")
    refused = line.hand.reader().refused()
    assert (answer.status_code, answer.content) == (refused.status, refused.body)
    assert (line.told, await line.inbox()) == ([], {})


async def test_a_delivery_replayed_within_its_window_changes_nothing(line: Line) -> None:
    await line.leg_in(LegState.CONFIRMING)
    body, headers = line.hand.delivery(SUCCESS, line.house.clock.now())
    for minutes in (0, 2, 2):
        line.house.clock.time += timedelta(minutes=minutes)
        path = f"/webhooks/{line.hand.provider}"
        assert (await line.house.client.post(path, content=body, headers=headers)).status_code == 200
        await line.house.telling.settled()
    assert len(line.told) == 1
