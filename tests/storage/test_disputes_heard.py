"""A provider's word about a dispute: in the inbox and among the chargebacks in one transaction, or in neither."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Bearing, RefundNews
from domain.chargebacks import Chargeback, ChargebackState
from domain.orders import OrderRecord
from storage.portal import PortalStore, ProviderEvent
from storage.risk import RiskBook
from storage.store import SqlStore
from tests.storage.builders import NOON
from tests.storage.inbox import event, stored, waiting

OPEN, WON = ChargebackState.OPEN, ChargebackState.WON


def news(event_id: str, state: ChargebackState, after_s: int = 0, payment: str = "pi_1") -> ProviderEvent:
    chargeback = Chargeback(
        provider="stripe",
        dispute_id="du_1",
        payment_reference="ch_1",
        other_reference=payment,
        state=state,
        opened_at=NOON,
        as_of=NOON + timedelta(seconds=after_s),
    )
    return event(event_id, RefundNews.UNKNOWN, provider_number="", reference="du_1", chargeback=chargeback)


@pytest.fixture
def portal(engine: AsyncEngine) -> PortalStore:
    return PortalStore(engine)


async def disputed(store: SqlStore) -> bool:
    async with store.begin() as unit:
        return await unit.chargeback_open("order-1")


async def test_a_dispute_stands_in_the_way_as_soon_as_it_is_stored(
    portal: PortalStore, store: SqlStore, engine: AsyncEngine, stored_order: OrderRecord
) -> None:
    assert stored_order.order_id == "order-1"
    (taken,) = await portal.receive_all([news("evt_1", OPEN)])
    assert taken is not None
    assert taken.bearing is Bearing.KNOWN  # dealt with: no case is to be told
    assert await waiting(portal) == []
    assert (await stored(engine))["evt_1"] == (Bearing.KNOWN, NOON)
    assert await disputed(store)


async def test_disputes_may_come_together_twice_and_in_any_order(
    portal: PortalStore, store: SqlStore, engine: AsyncEngine, stored_order: OrderRecord
) -> None:
    assert stored_order.order_id == "order-1"
    await portal.receive_all([news("evt_3", WON, 20), news("evt_1", OPEN), news("evt_1", OPEN)])
    await portal.receive_all([news("evt_2", OPEN, 10), news("evt_3", WON, 20)])
    (row,) = await RiskBook(engine).chargebacks(limit=9)
    assert row.state is WON
    assert not await disputed(store)


async def test_a_dispute_of_a_payment_that_is_not_ours_is_shown_and_kept_for_the_order_that_comes_later(
    portal: PortalStore, store: SqlStore, engine: AsyncEngine
) -> None:
    (taken,) = await portal.receive_all([news("evt_1", OPEN, payment="pi_9")])
    assert taken is not None
    assert taken.bearing is Bearing.UNMATCHED
    assert not await disputed(store)
    assert len(await RiskBook(engine).chargebacks(limit=9)) == 1


async def test_the_log_says_that_the_provider_told_so(
    portal: PortalStore, store: SqlStore, stored_order: OrderRecord
) -> None:
    assert stored_order.order_id == "order-1"
    await portal.receive_all([news("evt_1", OPEN)])
    async with store.begin() as unit:
        (told,) = await unit.log("risk")
    assert (told.actor, told.channel, told.after) == ("system", "stripe", "open")
