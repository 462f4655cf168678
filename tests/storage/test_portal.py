"""The portal's tables: an event is kept once and told until told, a token is used once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.contract.values import EvidenceRef
from storage.errors import RowMissingError
from storage.portal import PortalStore, ProviderEvent, TokenPurpose
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, leg_row

PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def portal(engine: AsyncEngine) -> PortalStore:
    return PortalStore(engine)


def event(event_id: str, provider: str = "stripe") -> ProviderEvent:
    return ProviderEvent(
        provider=provider, event_id=event_id, payload='{"id":1}', received_at=NOON, provider_number="n-1-1"
    )


async def test_an_event_that_comes_ten_times_is_new_once(portal: PortalStore) -> None:
    answers = await asyncio.gather(*(portal.receive(event("evt_1")) for _ in range(10)))
    assert sorted(answers) == [False] * 9 + [True]


async def test_event_ids_are_each_providers_own(portal: PortalStore) -> None:
    assert await portal.receive(event("evt_1"))
    assert await portal.receive(event("evt_1", "alipay"))


async def test_an_event_is_swept_up_until_its_case_was_told(portal: PortalStore) -> None:
    first, second = event("evt_1"), event("evt_2")
    await portal.receive(first)
    await portal.receive(second)
    assert set(await portal.unsignalled(LATER)) == {first, second}
    await portal.mark_signalled("stripe", "evt_1", LATER)
    assert await portal.unsignalled(LATER) == (second,)


async def test_an_event_that_just_came_is_not_swept_up_yet(portal: PortalStore) -> None:
    await portal.receive(event("evt_1"))
    assert await portal.unsignalled(NOON) == ()


async def test_an_event_nobody_received_cannot_be_marked(portal: PortalStore) -> None:
    with pytest.raises(RowMissingError, match="evt_9"):
        await portal.mark_signalled("stripe", "evt_9", NOON)


async def test_a_provider_number_leads_to_its_case(portal: PortalStore, store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.insert_leg(leg_row())
    assert await portal.number_of(leg_row().leg.provider_number) == NUMBER
    assert await portal.number_of("nobody's") is None


async def test_the_same_picture_may_be_evidence_in_two_cases(portal: PortalStore) -> None:
    assert await portal.add_evidence(NUMBER, PHOTO, NOON)
    assert not await portal.add_evidence(NUMBER, PHOTO, LATER)
    assert await portal.add_evidence(OTHER_NUMBER, PHOTO, NOON)
    assert await portal.evidence_of(NUMBER) == (PHOTO,)


async def test_of_many_uses_of_a_token_at_once_one_counts(portal: PortalStore) -> None:
    spend = [portal.spend_token(TokenPurpose.SURVEY, "h" * 64, NOON) for _ in range(20)]
    assert sum(await asyncio.gather(*spend)) == 1


async def test_a_token_is_spent_for_its_own_purpose_and_by_use_alone(portal: PortalStore) -> None:
    assert not await portal.token_spent(TokenPurpose.SURVEY, "h" * 64)
    assert await portal.spend_token(TokenPurpose.SURVEY, "h" * 64, NOON)
    assert await portal.token_spent(TokenPurpose.SURVEY, "h" * 64)
    assert not await portal.token_spent(TokenPurpose.UPLOAD, "h" * 64)
