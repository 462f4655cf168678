import json
from datetime import timedelta

import pytest

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged
from aftersales.contract.values import ErrorCode, LegState
from tests.portal.conftest import NUMBER, PROVIDER_NUMBER, House
from tests.portal.stripe_events import deliver, refund_event


@pytest.fixture
async def paying(house: House) -> House:
    """A case with a leg whose end is not known."""
    await house.leg_in(LegState.CONFIRMING)
    return house


async def test_a_verified_event_is_stored_and_its_case_told(paying: House) -> None:
    answer = await deliver(paying, refund_event())
    assert answer.status_code == 200
    assert paying.cases.hints == [(NUMBER, PaymentChanged(provider="stripe", provider_number=PROVIDER_NUMBER))]
    assert await paying.waiting() == []


async def test_the_same_event_again_is_acknowledged_and_told_once(paying: House) -> None:
    await deliver(paying, refund_event())
    assert (await deliver(paying, refund_event())).status_code == 200
    assert len(paying.cases.hints) == 1


async def test_an_event_whose_case_cannot_be_told_is_acknowledged_and_left_to_the_sweep(paying: House) -> None:
    paying.cases.failure = AftersalesError(ErrorCode.ENGINE_UNAVAILABLE, "Temporal is down.")
    assert (await deliver(paying, refund_event())).status_code == 200
    assert await paying.waiting() == ["evt_1"]


@pytest.mark.parametrize("number", ["", "somebody-elses-number"])
async def test_an_event_that_matches_no_leg_is_kept_and_nobody_is_told(paying: House, number: str) -> None:
    assert (await deliver(paying, refund_event(number=number))).status_code == 200
    assert (await deliver(paying, refund_event(number=number))).status_code == 200
    assert paying.cases.hints == []
    assert await paying.waiting() == []
    async with paying.engine.connect() as connection:
        kept = await connection.exec_driver_sql("SELECT event_id, number, payload FROM webhook_inbox")
        [row] = kept.all()
    assert (row.event_id, row.number) == ("evt_1", "")
    assert json.loads(row.payload)["type"] == "refund.updated"


async def test_a_forged_event_is_refused_and_not_stored(paying: House) -> None:
    answer = await deliver(paying, refund_event(), secret="whsec_other")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_verified")
    assert await paying.waiting() == []


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
