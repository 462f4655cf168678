"""A payment that is disputed at Stripe's stand-in while its refund waits: never paid twice, and paid in the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.case_steps import CaseSteps
from activities.payments import PaymentCalls
from activities.types import LegCall, OutcomeKind
from domain.rails import Rail
from integrations.stripe import StripePayments, StripeSettings, parse_webhook
from sandbox.settings import SandboxSettings
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.portal import PortalStore, ProviderEvent
from storage.schema import upgrade
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import CARD_MINOR, KEYRING, NOW, application, items, order_record
from tests.fakes import FakeClock, FakePayees, FakePolicy
from tests.sandbox.servers import API_KEY, WEBHOOK_SECRET, Box, Receiver, sandbox, serving


class Shop:
    """One order paid by card at the sandbox, a refund of it reserved, and the portal's ear."""

    def __init__(self, box: Box, receiver: Receiver, engine: AsyncEngine) -> None:
        self.box = box
        self.engine = engine
        self.store = SqlStore(engine)
        self.desk = Desk(CaseSteps(self.store, FakePolicy(), KEYRING), self.store, engine)
        self.payments = StripePayments(StripeSettings(API_KEY, box.url, timeout_s=5))
        rail = Rail(provider="stripe")
        self.calls = PaymentCalls(self.payments, self.store, FakeClock(NOW), FakePayees(), rail)
        self._receiver = receiver

    async def dispute(self, *, is_open: bool, outcome: str = "won", news: int) -> None:
        """At Stripe; the portal hears of it by so many events."""
        self._receiver.clear()
        wanted = {"open": is_open, "outcome": outcome}
        answer = await self.box.admin.put("/admin/stripe/charges/ch_order-1/dispute", json=wanted)
        assert answer.status_code == 200, answer.text
        arrived = await self._receiver.wait_for(news)
        await PortalStore(self.engine).receive_all([_event(each.body, each.signature) for each in arrived])

    async def card_leg(self) -> LegCall:
        """What the gift card does not give back."""
        calls = [await self.desk.leg_call(index) for index in (0, 1)]
        return next(call for call in calls if call.provider == "stripe")

    async def submit(self) -> tuple[OutcomeKind, str]:
        outcome = await ActivityEnvironment().run(self.calls.submit_leg, await self.card_leg())
        return outcome.kind, outcome.code

    async def executions(self) -> int:
        return await self.box.executions((await self.card_leg()).provider_number)


def _event(body: bytes, signature: str) -> ProviderEvent:
    now = datetime.now(UTC)
    heard = parse_webhook(body, {"stripe-signature": signature}, [WEBHOOK_SECRET], now)
    return ProviderEvent(
        provider=heard.provider,
        event_id=heard.event_id,
        received_at=now,
        payload=body.decode(),
        kind=heard.kind,
        chargeback=heard.chargeback,
    )


@pytest.fixture
async def shop(sqlite_url: str) -> AsyncIterator[Shop]:
    await upgrade(sqlite_url)
    engine, receiver = create_store_engine(sqlite_url), Receiver()
    async with (
        serving(receiver, lifespan="off") as receiver.url,
        sandbox(SandboxSettings(webhook_url=receiver.url)) as box,
    ):
        await box.seed("ch_order-1", CARD_MINOR, "cny")
        await save_orders(engine, [order_record()])
        made = Shop(box, receiver, engine)
        await made.desk.apply(application(items=items(cups=3)))
        yield made
        await made.payments.close()
    await engine.dispose()


async def test_while_the_payment_is_disputed_nothing_is_sent_and_then_it_is_paid_once(shop: Shop) -> None:
    await shop.dispute(is_open=True, news=2)
    assert await shop.submit() == (OutcomeKind.NEEDS_MERCHANT, "chargeback_open")
    assert await shop.executions() == 0
    await shop.dispute(is_open=False, outcome="won", news=3)
    assert (await shop.submit())[0] is OutcomeKind.SUCCEEDED
    assert await shop.executions() == 1


async def test_after_a_lost_dispute_nothing_is_ever_sent(shop: Shop) -> None:
    await shop.dispute(is_open=True, news=2)
    await shop.dispute(is_open=False, outcome="lost", news=2)
    assert await shop.submit() == (OutcomeKind.REJECTED, "chargeback_lost")
    requests = [each for each in await shop.box.requests() if each["method"] == "POST"]
    assert requests == []
