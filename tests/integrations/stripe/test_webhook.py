"""Who may speak for Stripe, and what is believed of it (design: payments, callback)."""

from __future__ import annotations

import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from activities.ports import RefundNews
from activities.types import OutcomeKind
from aftersales.contract.values import Money
from integrations.hearing import WebhookEvent, WebhookRefusedError
from integrations.stripe import StripePayments, parse_webhook
from tests.integrations.stripe.script import LEG_NUMBER, leg_row
from tests.sandbox.servers import WEBHOOK_SECRET, Box, Receiver, serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "whsec_present"
BODY = json.dumps(
    {
        "id": "evt_1",
        "type": "refund.updated",
        "data": {"object": {"id": "re_1", "object": "refund", "metadata": {"leg": LEG_NUMBER}}},
    }
).encode()


def signed(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> dict[str, str]:
    """The header of a delivery, as Stripe's reference says to make it."""
    stamp = int(at.timestamp())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
    return {"Stripe-Signature": f"t={stamp},v1={mac},v0={'0' * 64}"}


def test_a_signed_event_tells_what_it_is_about() -> None:
    event = parse_webhook(BODY, signed(), [SECRET], NOW)
    assert event == WebhookEvent("stripe", "evt_1", "refund.updated", LEG_NUMBER, "re_1", RefundNews.UNKNOWN)


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        ({"object": "refund", "status": "succeeded"}, RefundNews.SUCCEEDED),
        ({"object": "refund", "status": "pending"}, RefundNews.PENDING),
        ({"object": "refund", "status": "requires_action"}, RefundNews.PENDING),
        ({"object": "refund", "status": "failed"}, RefundNews.FAILED),
        ({"object": "refund", "status": "canceled"}, RefundNews.FAILED),
        ({"object": "refund", "status": "a word of next year"}, RefundNews.UNKNOWN),
        ({"object": "refund", "status": {"not": "a word"}}, RefundNews.UNKNOWN),
        ({"object": "refund", "status": None}, RefundNews.UNKNOWN),
        ({"object": "charge", "status": "succeeded"}, RefundNews.UNKNOWN),
    ],
)
def test_an_event_says_in_our_words_what_became_of_the_refund(subject: dict[str, object], says: RefundNews) -> None:
    body = json.dumps({"id": "evt_1", "type": "x", "data": {"object": subject}}).encode()
    assert parse_webhook(body, signed(body), [SECRET], NOW).says is says


@pytest.mark.parametrize(
    ("subject", "amount"),
    [
        ({"object": "refund", "amount": 1_000, "currency": "usd"}, Money(minor=1_000, currency="USD")),
        ({"object": "refund", "amount": 500, "currency": "isk"}, Money(minor=5, currency="ISK")),
        ({"object": "refund", "amount": 501, "currency": "isk"}, None),
        ({"object": "refund", "amount": 10**30, "currency": "usd"}, None),
        ({"object": "refund", "amount": 1_000, "currency": "xxx"}, None),
        ({"object": "refund", "amount": True, "currency": "usd"}, None),
        ({"object": "refund", "amount": "1000", "currency": "usd"}, None),
        ({"object": "refund", "amount": 1_000, "currency": 1}, None),
        ({"object": "charge", "amount": 1_000, "currency": "usd"}, None),
    ],
)
def test_an_event_names_the_amount_in_our_minor_units(subject: dict[str, object], amount: Money | None) -> None:
    body = json.dumps({"id": "evt_1", "type": "x", "data": {"object": subject}}).encode()
    assert parse_webhook(body, signed(body), [SECRET], NOW).amount == amount


@pytest.mark.parametrize("change", [{"id": "evt\0"}, {"id": ""}, {"id": "e" * 256}, {"type": "a b"}])
def test_what_no_database_can_keep_as_an_id_is_refused(change: dict[str, object]) -> None:
    body = json.dumps(json.loads(BODY) | change).encode()
    with pytest.raises(WebhookRefusedError):
        parse_webhook(body, signed(body), [SECRET], NOW)


@pytest.mark.parametrize("leg", ["N-1\0", "", "9" * 65, 7])
def test_a_number_that_is_none_of_ours_matches_nothing(leg: object) -> None:
    subject = {"id": "re_1", "object": "refund", "metadata": {"leg": leg}}
    body = json.dumps({"id": "evt_1", "type": "refund.updated", "data": {"object": subject}}).encode()
    assert parse_webhook(body, signed(body), [SECRET], NOW).provider_number == ""


def test_the_name_of_the_header_may_be_written_in_any_case() -> None:
    headers = {"STRIPE-SIGNATURE": signed()["Stripe-Signature"]}
    assert parse_webhook(BODY, headers, [SECRET], NOW).event_id == "evt_1"


@pytest.mark.parametrize("secret", ["whsec_present", "whsec_former"])
def test_both_secrets_count_while_one_replaces_the_other(secret: str) -> None:
    secrets = ["whsec_present", "whsec_former"]
    assert parse_webhook(BODY, signed(secret=secret), secrets, NOW).event_id == "evt_1"


def test_one_of_several_signatures_is_enough() -> None:
    ours, theirs = signed()["Stripe-Signature"], signed(secret="whsec_other")["Stripe-Signature"]
    header = f"{theirs},v1={ours.partition('v1=')[2].partition(',')[0]}"
    assert parse_webhook(BODY, {"stripe-signature": header}, [SECRET], NOW).event_id == "evt_1"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_forgiven(seconds: int) -> None:
    assert parse_webhook(BODY, signed(at=NOW + timedelta(seconds=seconds)), [SECRET], NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
def test_an_old_or_a_future_signature_is_refused(seconds: int) -> None:
    with pytest.raises(WebhookRefusedError, match="300 s"):
        parse_webhook(BODY, signed(at=NOW + timedelta(seconds=seconds)), [SECRET], NOW)


@pytest.mark.parametrize(
    ("headers", "secrets"),
    [
        pytest.param(signed(secret="whsec_of_somebody_else"), [SECRET], id="another secret"),
        pytest.param(signed(body=BODY + b" "), [SECRET], id="another body"),
        pytest.param(signed(), [], id="no secret configured"),
        pytest.param(signed(secret=""), [""], id="an empty secret"),
        pytest.param({}, [SECRET], id="no header"),
        pytest.param({"Stripe-Signature": "t=soon,v1=0"}, [SECRET], id="no time"),
        pytest.param({"Stripe-Signature": "t=1,t=2,v1=0"}, [SECRET], id="two times"),
        pytest.param({"Stripe-Signature": f"t={'9' * 5_000},v1=0"}, [SECRET], id="a time without end"),
        pytest.param({"Stripe-Signature": f"t={int(NOW.timestamp())}"}, [SECRET], id="no signature"),
        pytest.param({"Stripe-Signature": f"t={int(NOW.timestamp())},v1=é"}, [SECRET], id="not even letters"),
    ],
)
def test_what_stripe_did_not_sign_is_refused(headers: dict[str, str], secrets: list[str]) -> None:
    with pytest.raises(WebhookRefusedError):
        parse_webhook(BODY, headers, secrets, NOW)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "evt_1"}', b'{"id": "", "type": "x", "data": {}}'])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookRefusedError, match="not an event"):
        parse_webhook(body, signed(body), [SECRET], NOW)


@pytest.mark.parametrize(
    "subject",
    [
        {"id": "ch_1", "object": "charge", "metadata": {"leg": "not a refund's"}},
        {"id": "re_1", "object": "refund", "metadata": {"leg": "x" * 65}},
        {"id": "re_1", "object": "refund", "metadata": {"leg": 7}},
        {"id": "re_1", "object": "refund", "metadata": None},
        {"id": "re_1", "object": "refund"},
    ],
)
def test_an_event_about_nothing_of_ours_is_kept_without_a_number(subject: dict[str, object]) -> None:
    body = json.dumps({"id": "evt_1", "type": "x", "data": {"object": subject}}).encode()
    assert parse_webhook(body, signed(body), [SECRET], NOW).provider_number == ""


async def test_a_delivery_of_the_provider_names_our_leg(box: Box, payments: StripePayments) -> None:
    receiver = Receiver()
    async with serving(receiver, lifespan="off") as url:
        await box.admin.put("/admin/webhooks", json={"url": f"{url}/webhooks/stripe"})
        await box.script("bad_signature")
        assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
        forged = (await receiver.wait_for(1))[0]
        await payments.refund(leg_row(provider_number="another-leg"))
        genuine = next(each for each in await receiver.wait_for(6) if b"another-leg" in each.body)
        await box.admin.put("/admin/webhooks", json={"url": None})
    now = datetime.now(UTC)
    event = parse_webhook(genuine.body, {"Stripe-Signature": genuine.signature}, [WEBHOOK_SECRET], now)
    assert (event.provider_number, event.says) == ("another-leg", RefundNews.SUCCEEDED)
    assert event.amount == leg_row().leg.amount
    with pytest.raises(WebhookRefusedError, match="secrets"):
        parse_webhook(forged.body, {"Stripe-Signature": forged.signature}, [WEBHOOK_SECRET], now)
