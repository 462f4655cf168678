"""What an event means to its case: weighed against its leg, and against the events before it (R8)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, RefundNews
from aftersales.contract.values import LegState, Money
from storage.bearing import SAME_NEWS
from storage.portal import PortalStore
from storage.store import SqlStore
from tests.storage.builders import NOON, case_row, yuan
from tests.storage.inbox import (
    FAILED,
    LATER,
    PENDING,
    SECOND,
    SUCCEEDED,
    UNKNOWN,
    event,
    leg_in,
    received,
    stored,
    waiting,
)


@pytest.fixture
def portal(engine: AsyncEngine) -> PortalStore:
    return PortalStore(engine)


async def test_a_delivery_that_comes_again_does_not_stand_for_another_event_of_its_group(
    portal: PortalStore, store: SqlStore
) -> None:
    await leg_in(store, LegState.CONFIRMING)
    await received(portal, event("evt_1"))
    await portal.mark_handled(event("evt_1"), Bearing.NEWS, NOON)
    tomorrow = NOON + timedelta(days=1)
    again = [event("evt_1", received_at=tomorrow), event("evt_2", received_at=tomorrow + SECOND)]
    assert [one and one.bearing for one in await portal.receive_all(again)] == [None, Bearing.NEWS]


async def test_of_one_group_that_says_the_same_the_earliest_is_for_telling(
    portal: PortalStore, store: SqlStore
) -> None:
    await leg_in(store, LegState.PENDING)
    group = [event(f"evt_{n}", received_at=NOON - n * SECOND) for n in range(3)]
    taken = await portal.receive_all(group)
    assert [one and one.bearing for one in taken] == [Bearing.REPEATED, Bearing.REPEATED, Bearing.NEWS]


OTHER_AMOUNTS = [Money(minor=999, currency="CNY"), Money(minor=1000, currency="JPY")]


@pytest.mark.parametrize("amount", OTHER_AMOUNTS)
async def test_an_event_that_names_another_amount_than_the_leg_is_marked_and_never_known(
    portal: PortalStore, store: SqlStore, amount: Money
) -> None:
    await leg_in(store, LegState.SUCCEEDED)
    assert await received(portal, event(amount=amount)) is Bearing.NEWS
    [news] = await portal.unhandled(LATER)
    assert news.amount_differs
    assert await portal.bearing_of(news, LATER) is Bearing.NEWS


@pytest.mark.parametrize("amount", [yuan(1000), None])
async def test_an_event_that_names_the_legs_amount_or_none_is_not_marked(
    portal: PortalStore, store: SqlStore, amount: Money | None
) -> None:
    await leg_in(store, LegState.SUCCEEDED)
    [taken] = await portal.receive_all([event(amount=amount)])
    assert taken is not None
    assert (taken.bearing, taken.news.amount_differs) == (Bearing.KNOWN, False)


async def test_another_amount_waits_for_the_calls_answer_and_is_news_though_that_succeeded(
    portal: PortalStore, store: SqlStore
) -> None:
    await leg_in(store, LegState.SUBMITTING, reference="")
    assert await received(portal, event(amount=yuan(1))) is Bearing.AWAITED
    await leg_in(store, LegState.SUCCEEDED)
    [news] = await portal.unhandled(LATER)
    assert await portal.bearing_of(news, LATER) is Bearing.NEWS


async def test_amounts_are_compared_when_the_leg_of_an_earlier_event_appears(
    portal: PortalStore, store: SqlStore
) -> None:
    coming = {"evt_same": yuan(1000), "evt_none": None, "evt_more": yuan(1001), "evt_yen": OTHER_AMOUNTS[1]}
    await portal.receive_all([event(event_id, amount=amount) for event_id, amount in coming.items()])
    await leg_in(store, LegState.CONFIRMING)
    assert await portal.match() == 4
    marked = {news.event_id: news.amount_differs for news in await portal.unhandled(LATER)}
    assert marked == {"evt_same": False, "evt_none": False, "evt_more": True, "evt_yen": True}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (LegState.SUCCEEDED, SUCCEEDED),
        (LegState.SUCCEEDED, PENDING),  # overtaken by the success
        (LegState.PENDING, PENDING),
        (LegState.FAILED, FAILED),
        (LegState.REVERSED, FAILED),
    ],
)
async def test_what_the_leg_says_already_needs_no_telling(
    portal: PortalStore, store: SqlStore, engine: AsyncEngine, state: LegState, says: RefundNews
) -> None:
    await leg_in(store, state)
    assert await received(portal, event(says=says)) is Bearing.KNOWN
    assert await stored(engine) == {"evt_1": ("known", NOON)}


@pytest.mark.parametrize(
    ("state", "says"),
    [
        (LegState.PENDING, SUCCEEDED),
        (LegState.CONFIRMING, SUCCEEDED),
        (LegState.BLOCKED, PENDING),
        (LegState.SUCCEEDED, FAILED),
        (LegState.FAILED, SUCCEEDED),
        (LegState.REVERSED, SUCCEEDED),
        (LegState.SUCCEEDED, UNKNOWN),
    ],
)
async def test_what_the_leg_does_not_say_is_news(
    portal: PortalStore, store: SqlStore, state: LegState, says: RefundNews
) -> None:
    await leg_in(store, state)
    assert await received(portal, event(says=says)) is Bearing.NEWS
    assert await waiting(portal) == ["evt_1"]


@pytest.mark.parametrize("state", [LegState.RESERVED, LegState.SUBMITTING])
async def test_while_the_leg_is_being_sent_its_own_answer_is_awaited(
    portal: PortalStore, store: SqlStore, state: LegState
) -> None:
    await leg_in(store, state, reference="")
    assert await received(portal, event()) is Bearing.AWAITED
    await leg_in(store, LegState.SUCCEEDED)
    assert await portal.bearing_of(event(), LATER) is Bearing.KNOWN


async def test_another_refund_under_the_same_number_is_always_news(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.SUCCEEDED)
    assert await received(portal, event(reference="re_2")) is Bearing.NEWS


async def test_of_several_events_that_say_the_same_one_is_for_telling(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.PENDING)
    taken = [await received(portal, event(f"evt_{n}", received_at=NOON + n * SECOND)) for n in range(3)]
    assert taken == [Bearing.NEWS, Bearing.REPEATED, Bearing.REPEATED]
    assert await waiting(portal) == ["evt_0"]


async def test_of_events_that_come_at_the_same_moment_one_is_for_telling(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.PENDING)
    coming = [event(f"evt_{n}", received_at=NOON + n * SECOND) for n in range(9)]
    await asyncio.gather(*(portal.receive_all(coming[n : n + 3]) for n in (0, 3, 6)))
    left = [await portal.bearing_of(news, NOON) for news in await portal.unhandled(LATER)]
    assert left.count(Bearing.NEWS) == 1


async def test_what_was_told_a_moment_ago_is_not_told_again_but_later_it_is(
    portal: PortalStore, store: SqlStore
) -> None:
    await leg_in(store, LegState.PENDING)
    await received(portal, event())
    await portal.mark_handled(event(), Bearing.NEWS, NOON)
    assert await received(portal, event("evt_2", received_at=NOON + SECOND)) is Bearing.REPEATED
    assert await received(portal, event("evt_3", received_at=NOON + SAME_NEWS + SECOND)) is Bearing.NEWS


@pytest.mark.parametrize(("first", "second"), [(PENDING, SUCCEEDED), (SUCCEEDED, FAILED), (UNKNOWN, UNKNOWN)])
async def test_other_news_is_no_repetition(
    portal: PortalStore, store: SqlStore, first: RefundNews, second: RefundNews
) -> None:
    await leg_in(store, LegState.CONFIRMING)
    await received(portal, event(says=first))
    assert await received(portal, event("evt_2", second, received_at=NOON + SECOND)) is Bearing.NEWS


async def test_a_closed_case_cannot_be_told(portal: PortalStore, store: SqlStore, engine: AsyncEngine) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row(closed_at=NOON))
    await leg_in(store, LegState.SUCCEEDED)
    assert await received(portal, event(says=FAILED)) is Bearing.CASE_CLOSED
    assert await stored(engine) == {"evt_1": ("case_closed", NOON)}


async def test_the_leg_of_another_provider_is_none_of_this_ones(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.CONFIRMING)
    assert await received(portal, event(provider="alipay")) is Bearing.UNMATCHED
