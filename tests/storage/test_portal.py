"""The portal's tables: an event is kept once and weighed against its leg, a token is used once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, ProviderNews, RefundNews
from aftersales.contract.values import EvidenceRef, LegState
from storage.errors import RowMissingError
from storage.portal import SAME_NEWS, PortalStore, ProviderEvent, TokenPurpose
from storage.store import SqlStore
from storage.tables import WEBHOOK_INBOX
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, leg_row

PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)
LATER = NOON + timedelta(minutes=5)
SECOND = timedelta(seconds=1)
PROVIDER_NUMBER = leg_row().leg.provider_number
SUCCEEDED, PENDING, FAILED, UNKNOWN = RefundNews


@pytest.fixture
def portal(engine: AsyncEngine) -> PortalStore:
    return PortalStore(engine)


def event(event_id: str = "evt_1", says: RefundNews = SUCCEEDED, **changes: object) -> ProviderEvent:
    about = ProviderEvent(
        provider="stripe",
        event_id=event_id,
        payload='{"id":1}',
        received_at=NOON,
        provider_number=PROVIDER_NUMBER,
        reference="re_1",
        says=says,
    )
    return about.model_copy(update=changes)


async def leg_in(store: SqlStore, state: LegState, reference: str = "re_1") -> None:
    """The case's leg, now in this state."""
    row = leg_row()
    changed = row.model_copy(
        update={"leg": row.leg.model_copy(update={"state": state, "provider_reference": reference})}
    )
    async with store.begin() as unit:
        if await unit.legs(NUMBER):
            await unit.update_leg(changed)
        else:
            await unit.insert_leg(changed)


async def received(portal: PortalStore, coming: ProviderEvent) -> Bearing:
    taken = await portal.receive(coming)
    assert taken is not None
    return taken.bearing


async def waiting(portal: PortalStore) -> list[str]:
    return [news.event_id for news in await portal.unhandled(LATER)]


async def stored(engine: AsyncEngine) -> dict[str, tuple[str, datetime | None]]:
    columns = WEBHOOK_INBOX.c
    async with engine.connect() as connection:
        rows = await connection.execute(select(columns.event_id, columns.bearing, columns.handled_at))
        return {event_id: (bearing, handled_at) for event_id, bearing, handled_at in rows}


async def test_an_event_that_comes_ten_times_is_new_once(portal: PortalStore) -> None:
    answers = await asyncio.gather(*(portal.receive(event()) for _ in range(10)))
    assert sum(answer is not None for answer in answers) == 1


async def test_event_ids_are_each_providers_own(portal: PortalStore) -> None:
    assert await portal.receive(event())
    assert await portal.receive(event(provider="alipay"))


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
    await asyncio.gather(*(portal.receive(event(f"evt_{n}", received_at=NOON + n * SECOND)) for n in range(9)))
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


async def test_an_event_is_swept_up_until_it_was_handled(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.CONFIRMING)
    for number, says in enumerate([PENDING, SUCCEEDED, FAILED]):
        await received(portal, event(f"evt_{number}", says, received_at=NOON + number * SECOND))
    assert [news.event_id for news in await portal.unhandled(LATER, skip=1, limit=1)] == ["evt_1"]
    [first, *_] = await portal.unhandled(LATER)
    assert first == ProviderNews(**event("evt_0", PENDING, number=NUMBER).model_dump(exclude={"payload"}))
    await portal.mark_handled(first, Bearing.NEWS, LATER)
    assert await waiting(portal) == ["evt_1", "evt_2"]


async def test_an_event_that_just_came_is_not_swept_up_yet(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.CONFIRMING)
    await received(portal, event())
    assert await portal.unhandled(NOON) == ()


async def test_an_event_nobody_received_cannot_be_marked(portal: PortalStore) -> None:
    with pytest.raises(RowMissingError, match="evt_9"):
        await portal.mark_handled(event("evt_9"), Bearing.KNOWN, NOON)


async def test_an_event_without_a_case_is_opened_again_when_its_case_appears(
    portal: PortalStore, store: SqlStore
) -> None:
    for coming in (event("evt_1"), event("evt_2"), event("evt_3", provider_number="")):
        assert await received(portal, coming) is Bearing.UNMATCHED
    assert (await waiting(portal), await portal.match()) == ([], 0)
    await leg_in(store, LegState.CONFIRMING)
    assert [await portal.match(limit=1) for _ in range(3)] == [1, 1, 0]
    assert {(news.event_id, news.number) for news in await portal.unhandled(LATER)} == {
        ("evt_1", NUMBER),
        ("evt_2", NUMBER),
    }


async def test_the_leg_of_another_provider_is_none_of_this_ones(portal: PortalStore, store: SqlStore) -> None:
    await leg_in(store, LegState.CONFIRMING)
    assert await received(portal, event(provider="alipay")) is Bearing.UNMATCHED


async def test_a_database_with_our_tables_can_be_reached(portal: PortalStore) -> None:
    await portal.reach()


async def test_the_same_picture_may_be_evidence_in_two_cases(portal: PortalStore) -> None:
    assert await portal.take_evidence(NUMBER, PHOTO, "a" * 64, NOON)
    assert await portal.take_evidence(NUMBER, PHOTO, "b" * 64, LATER)
    assert await portal.take_evidence(OTHER_NUMBER, PHOTO, "c" * 64, NOON)
    assert await portal.evidence_of(NUMBER) == (PHOTO,)


async def test_of_many_uses_of_a_token_at_once_one_counts(portal: PortalStore) -> None:
    spend = [portal.spend_token(TokenPurpose.SURVEY, "h" * 64, NOON) for _ in range(20)]
    assert sum(await asyncio.gather(*spend)) == 1


async def test_a_token_is_spent_for_its_own_purpose_and_by_use_alone(portal: PortalStore) -> None:
    assert not await portal.token_spent(TokenPurpose.SURVEY, "h" * 64)
    assert await portal.spend_token(TokenPurpose.SURVEY, "h" * 64, NOON)
    assert await portal.token_spent(TokenPurpose.SURVEY, "h" * 64)
    assert not await portal.token_spent(TokenPurpose.UPLOAD, "h" * 64)


async def test_a_ticket_brings_one_piece_of_evidence_however_often_it_is_used_at_once(portal: PortalStore) -> None:
    pictures = [PHOTO.model_copy(update={"sha256": digit * 64}) for digit in "0123456789"]
    taken = await asyncio.gather(*(portal.take_evidence(NUMBER, picture, "h" * 64, NOON) for picture in pictures))
    assert sum(taken) == 1
    assert await portal.evidence_of(NUMBER) == (pictures[taken.index(True)],)
    assert await portal.token_spent(TokenPurpose.UPLOAD, "h" * 64)


async def test_a_ticket_is_not_gone_when_its_evidence_could_not_be_noted(
    portal: PortalStore, engine: AsyncEngine
) -> None:
    await rename(engine, "evidence", "elsewhere")
    with pytest.raises(SQLAlchemyError):
        await portal.take_evidence(NUMBER, PHOTO, "h" * 64, NOON)
    await rename(engine, "elsewhere", "evidence")
    assert not await portal.token_spent(TokenPurpose.UPLOAD, "h" * 64)
    assert await portal.take_evidence(NUMBER, PHOTO, "h" * 64, LATER)


async def rename(engine: AsyncEngine, table: str, name: str) -> None:
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"ALTER TABLE {table} RENAME TO {name}")


async def test_evidence_that_the_case_has_already_uses_up_another_ticket(portal: PortalStore) -> None:
    assert await portal.take_evidence(NUMBER, PHOTO, "h" * 64, NOON)
    assert await portal.take_evidence(NUMBER, PHOTO, "i" * 64, LATER)
    assert await portal.evidence_of(NUMBER) == (PHOTO,)
