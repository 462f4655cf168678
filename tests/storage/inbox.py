"""The events of one leg, as the portal takes them in; for the tests of this folder."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, RefundNews
from aftersales.contract.values import LegState
from storage.portal import PortalStore, ProviderEvent
from storage.store import SqlStore
from storage.tables import WEBHOOK_INBOX
from tests.storage.builders import NOON, NUMBER, leg_row

LATER = NOON + timedelta(minutes=5)
SECOND = timedelta(seconds=1)
PROVIDER_NUMBER = leg_row().leg.provider_number
SUCCEEDED, PENDING, FAILED, UNKNOWN = RefundNews


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
    (taken,) = await portal.receive_all([coming])
    assert taken is not None
    return taken.bearing


async def waiting(portal: PortalStore) -> list[str]:
    return [news.event_id for news in await portal.unhandled(LATER)]


async def stored(engine: AsyncEngine) -> dict[str, tuple[str, datetime | None]]:
    columns = WEBHOOK_INBOX.c
    async with engine.connect() as connection:
        rows = await connection.execute(select(columns.event_id, columns.bearing, columns.handled_at))
        return {event_id: (bearing, handled_at) for event_id, bearing, handled_at in rows}
