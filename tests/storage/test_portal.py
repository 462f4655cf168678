"""The portal's tables: an event is kept once, a token is used once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, ProviderNews
from aftersales.contract.values import EvidenceRef, LegState
from storage.errors import RowMissingError
from storage.portal import PortalStore, TokenPurpose
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER
from tests.storage.inbox import (
    FAILED,
    LATER,
    PENDING,
    SECOND,
    SUCCEEDED,
    event,
    leg_in,
    received,
    waiting,
)

PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)


@pytest.fixture
def portal(engine: AsyncEngine) -> PortalStore:
    return PortalStore(engine)


async def test_an_event_that_comes_ten_times_is_new_once(portal: PortalStore) -> None:
    answers = await asyncio.gather(*(portal.receive_all([event()]) for _ in range(10)))
    assert sum(answer is not None for (answer,) in answers) == 1


async def test_events_of_one_transaction_are_answered_each_by_its_place(portal: PortalStore) -> None:
    await portal.receive_all([event("evt_2")])
    coming = [event("evt_3"), event("evt_2"), event("evt_1"), event("evt_3")]
    taken = await portal.receive_all(coming)
    assert [one and one.news.event_id for one in taken] == ["evt_3", None, "evt_1", None]


async def test_groups_that_cross_store_each_event_once(engine: AsyncEngine) -> None:
    ids = [f"evt_{n}" for n in range(20)]
    groups = [[event(each) for each in turn] for turn in (ids, ids[::-1], ids[5:] + ids[:5])]
    taken = await asyncio.gather(*(PortalStore(engine).receive_all(group) for group in groups))
    new = [one.news.event_id for group in taken for one in group if one]
    assert sorted(new) == sorted(ids)


async def test_event_ids_are_each_providers_own(portal: PortalStore) -> None:
    assert all(await portal.receive_all([event(), event(provider="alipay")]))


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
