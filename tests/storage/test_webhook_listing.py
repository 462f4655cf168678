"""What ops read of the inbox: each list holds what it says, newest first, and nothing is changed by looking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, RefundNews
from storage.portal import PortalStore, ProviderEvent
from storage.store import SqlStore
from storage.webhook_listing import WebhookListing, Which
from tests.storage.builders import NOON, NUMBER, leg_row, yuan

LEG = leg_row()
MINUTE = timedelta(minutes=1)


def event(event_id: str, minutes: int, **changes: object) -> ProviderEvent:
    about = ProviderEvent(
        provider="stripe",
        event_id=event_id,
        payload='{"id":1}',
        received_at=NOON + minutes * MINUTE,
        provider_number=LEG.leg.provider_number,
        reference=event_id,
        says=RefundNews.SUCCEEDED,
        kind="refund.updated",
        amount=yuan(1000),
    )
    return about.model_copy(update=changes)


@pytest.fixture
async def listing(engine: AsyncEngine, store: SqlStore) -> WebhookListing:
    """One event of each standing: told, waiting with another amount, nobody's, and another provider's."""
    async with store.begin() as unit:
        await unit.insert_leg(LEG)
    portal = PortalStore(engine)
    await portal.receive_all([event("evt_told", 1)])
    await portal.mark_handled(event("evt_told", 1), Bearing.NEWS, NOON)
    await portal.receive_all([event("evt_more", 2, amount=yuan(1001))])
    await portal.receive_all([event("evt_lost", 3, provider_number="nobody's", amount=None)])
    await portal.receive_all([event("evt_told", 4, provider="alipay", provider_number="")])
    return WebhookListing(engine)


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (Which.ALL, ["evt_told", "evt_lost", "evt_more", "evt_told"]),
        (Which.UNMATCHED, ["evt_told", "evt_lost"]),
        (Which.AMOUNT_DIFFERS, ["evt_more"]),
        (Which.UNHANDLED, ["evt_more"]),
    ],
)
async def test_a_list_holds_what_it_says_the_newest_first(
    listing: WebhookListing, which: Which, found: list[str]
) -> None:
    assert [entry.news.event_id for entry in await listing.events(which)] == found


async def test_a_list_is_narrowed_by_provider_time_and_length(listing: WebhookListing) -> None:
    of_alipay = await listing.events(Which.ALL, provider="alipay")
    assert [entry.news.event_id for entry in of_alipay] == ["evt_told"]
    late = await listing.events(Which.ALL, since=NOON + 3 * MINUTE)
    assert [entry.news.event_id for entry in late] == ["evt_told", "evt_lost"]
    assert len(await listing.events(Which.ALL, limit=3)) == 3


async def test_an_entry_shows_the_amount_that_was_named_beside_ours_and_no_payload_in_a_list(
    listing: WebhookListing,
) -> None:
    [entry] = await listing.events(Which.AMOUNT_DIFFERS)
    assert (entry.amount, entry.ours, entry.kind) == (yuan(1001), yuan(1000), "refund.updated")
    assert (entry.news.number, entry.bearing, entry.handled_at) == (NUMBER, Bearing.AWAITED, None)
    assert entry.payload == ""


async def test_an_event_is_found_by_its_provider_and_its_id_with_its_payload(listing: WebhookListing) -> None:
    found = await listing.event("stripe", "evt_lost")
    assert found is not None
    assert (found.payload, found.amount, found.ours) == ('{"id":1}', None, None)
    assert await listing.event("alipay", "evt_lost") is None
