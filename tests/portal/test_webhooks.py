import hashlib
import hmac
import json
from datetime import datetime, timedelta

import httpx2
import pytest

from activities.ports import LegRow
from activities.types import Leg
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, Money
from storage.store import SqlStore
from tests.portal.conftest import NUMBER, WEBHOOK_SECRET, House

PROVIDER_NUMBER = f"{NUMBER}-1-1"


def refund_event(event_id: str = "evt_1", number: str = PROVIDER_NUMBER) -> bytes:
    refund = {"id": "re_1", "object": "refund", "metadata": {"leg": number}}
    return json.dumps({"id": event_id, "type": "refund.updated", "data": {"object": refund}}).encode()


async def deliver(
    house: House, body: bytes, *, secret: str = WEBHOOK_SECRET, at: datetime | None = None
) -> httpx2.Response:
    stamp = int((at or house.clock.now()).timestamp())
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={stamp},v1={signature}"}
    return await house.client.post("/webhooks/stripe", content=body, headers=headers)


@pytest.fixture
async def paying(house: House) -> House:
    """A case with a leg under way."""
    leg = Leg(
        leg=1,
        attempt=1,
        provider="stripe",
        provider_number=PROVIDER_NUMBER,
        amount=Money(minor=1000, currency="USD"),
    )
    async with SqlStore(house.engine).begin() as unit:
        await unit.insert_leg(LegRow(number=NUMBER, order_id="o-1", tender_id="t-1", reference="ch_1", leg=leg))
    return house


async def unsignalled(house: House) -> list[str]:
    found = await house.records.unsignalled(house.clock.now() + timedelta(days=1))
    return [event.event_id for event in found]


async def test_a_verified_event_is_stored_and_its_case_told(paying: House) -> None:
    answer = await deliver(paying, refund_event())
    assert answer.status_code == 200
    assert paying.cases.hints == [(NUMBER, PaymentChanged(provider="stripe", provider_number=PROVIDER_NUMBER))]
    assert await unsignalled(paying) == []


async def test_the_same_event_again_is_acknowledged_and_told_once(paying: House) -> None:
    await deliver(paying, refund_event())
    assert (await deliver(paying, refund_event())).status_code == 200
    assert len(paying.cases.hints) == 1


async def test_an_event_whose_case_cannot_be_told_is_acknowledged_and_left_to_the_sweep(paying: House) -> None:
    paying.cases.failure = AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")
    assert (await deliver(paying, refund_event())).status_code == 200
    assert await unsignalled(paying) == ["evt_1"]


@pytest.mark.parametrize("number", ["", "somebody-elses-number"])
async def test_an_event_that_matches_no_leg_is_kept_and_nobody_is_told(paying: House, number: str) -> None:
    assert (await deliver(paying, refund_event(number=number))).status_code == 200
    assert (await deliver(paying, refund_event(number=number))).status_code == 200
    assert paying.cases.hints == []
    assert await unsignalled(paying) == []
    async with paying.engine.connect() as connection:
        kept = await connection.exec_driver_sql("SELECT event_id, number, payload FROM webhook_inbox")
        [row] = kept.all()
    assert (row.event_id, row.number) == ("evt_1", "")
    assert json.loads(row.payload)["type"] == "refund.updated"


async def test_a_forged_event_is_refused_and_not_stored(paying: House) -> None:
    answer = await deliver(paying, refund_event(), secret="whsec_other")
    assert (answer.status_code, answer.json()["code"]) == (400, "not_verified")
    assert await unsignalled(paying) == []


@pytest.mark.parametrize("minutes", [-10, 10])
async def test_an_old_or_a_future_event_is_refused(paying: House, minutes: int) -> None:
    at = paying.clock.now() + timedelta(minutes=minutes)
    assert (await deliver(paying, refund_event(), at=at)).status_code == 400


async def test_an_unsigned_event_is_refused(paying: House) -> None:
    assert (await paying.client.post("/webhooks/stripe", content=refund_event())).status_code == 400


async def test_a_provider_that_is_not_set_up_is_unknown(house: House) -> None:
    assert (await house.client.post("/webhooks/nobody", content=b"{}")).status_code == 404


async def test_a_body_that_is_too_large_is_refused_unread(paying: House) -> None:
    answer = await deliver(paying, refund_event() + b" " * 5000)
    assert answer.status_code == 413


async def test_without_a_database_the_provider_is_asked_to_come_again(without_database: House) -> None:
    answer = await deliver(without_database, refund_event())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert without_database.cases.hints == []
