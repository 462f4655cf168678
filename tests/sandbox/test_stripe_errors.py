"""Every refusal has the shape of Stripe's, and the real SDK raises for it what it raises for Stripe."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import httpx
import pytest
import stripe
from stripe.params import RefundCreateParams

from sandbox.stripe.objects import API_VERSION
from tests.sandbox.servers import API_KEY, Box

ALWAYS = {"message", "type", "request_log_url"}
INVALID = "invalid_request_error"


@dataclass(frozen=True)
class Refusal:
    """A request that is refused: after which preparation, and how."""

    status: int
    kind: str = INVALID
    code: str | None = None
    param: str | None = None
    raises: type[stripe.StripeError] = stripe.InvalidRequestError
    params: Mapping[str, str] = field(default_factory=lambda: {"charge": "ch_1", "amount": "5"})
    fault: str | None = None
    prepared: str | None = None
    api_key: str = API_KEY
    stored: bool = False


REFUSALS = {
    "wrong API key": Refusal(401, raises=stripe.AuthenticationError, api_key="sk_test_of_somebody_else"),
    "too many requests": Refusal(429, code="rate_limit", raises=stripe.RateLimitError, fault="429"),
    "server error": Refusal(500, "api_error", raises=stripe.APIError, fault="error_500", stored=True),
    "error after executing": Refusal(500, "api_error", raises=stripe.APIError, fault="execute_then_500", stored=True),
    "unknown charge": Refusal(404, code="resource_missing", param="charge", params={"charge": "ch_9"}, stored=True),
    "unknown intent": Refusal(
        404, code="resource_missing", param="payment_intent", params={"payment_intent": "pi_9"}, stored=True
    ),
    "no payment": Refusal(400, code="parameter_missing", param="payment_intent", params={"amount": "5"}),
    "two payments": Refusal(
        400, code="parameters_exclusive", param="charge", params={"charge": "ch_1", "payment_intent": "pi_1"}
    ),
    "unknown parameter": Refusal(400, code="parameter_unknown", param="leg", params={"charge": "ch_1", "leg": "a"}),
    "no integer": Refusal(
        400, code="parameter_invalid_integer", param="amount", params={"charge": "ch_1", "amount": "5.00"}
    ),
    "not positive": Refusal(
        400, code="parameter_invalid_integer", param="amount", params={"charge": "ch_1", "amount": "0"}
    ),
    "unknown reason": Refusal(400, param="reason", params={"charge": "ch_1", "reason": "bored"}),
    "over the amount": Refusal(400, param="amount", params={"charge": "ch_1", "amount": "10001"}, stored=True),
    "disputed": Refusal(400, code="charge_disputed", prepared="dispute", stored=True),
    "already refunded": Refusal(400, code="charge_already_refunded", prepared="refund", stored=True),
    "no balance": Refusal(400, code="balance_insufficient", prepared="balance", stored=True),
    "key of another request": Refusal(
        400, "idempotency_error", raises=stripe.IdempotencyError, prepared="key", stored=True
    ),
}


async def prepare(box: Box, refusal: Refusal) -> None:
    match refusal.prepared:
        case "dispute":
            await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
        case "refund":
            await box.refund(10_000, key="first")
        case "balance":
            await box.admin.put("/admin/balance", json={"currency": "usd", "amount": 4})
        case "key":
            await box.refund(7, key="key-1")
    if refusal.fault:
        await box.script(refusal.fault)


async def asked(box: Box, refusal: Refusal) -> httpx.Response:
    headers = {"authorization": f"Bearer {refusal.api_key}", "idempotency-key": "key-1"}
    return await box.admin.post("/v1/refunds", data=dict(refusal.params), headers=headers)


@pytest.mark.parametrize("name", REFUSALS)
async def test_a_refusal_is_shaped_like_stripes(box: Box, name: str) -> None:
    refusal = REFUSALS[name]
    await prepare(box, refusal)
    answer = await asked(box, refusal)
    error, headers = answer.json()["error"], answer.headers
    assert list(answer.json()) == ["error"]
    assert (answer.status_code, error["type"]) == (refusal.status, refusal.kind)
    assert (error.get("code"), error.get("param")) == (refusal.code, refusal.param)
    assert set(error) == (
        ALWAYS | ({"code", "doc_url"} if refusal.code else set()) | ({"param"} if refusal.param else set())
    )
    assert error["message"]
    assert str(error["request_log_url"]).endswith(headers["request-id"])
    assert (headers["stripe-version"], headers["content-type"]) == (API_VERSION, "application/json")
    assert headers["idempotency-key"] == "key-1"


@pytest.mark.parametrize("name", REFUSALS)
async def test_the_sdk_raises_what_it_raises_for_stripe(box: Box, name: str) -> None:
    refusal = REFUSALS[name]
    await prepare(box, refusal)
    with pytest.raises(refusal.raises) as raised:
        await box.sdk.v1.refunds.create_async(
            cast("RefundCreateParams", refusal.params),
            {"idempotency_key": "key-1", "api_key": refusal.api_key},
        )
    assert type(raised.value) is refusal.raises
    assert raised.value.http_status == refusal.status
    assert json.loads(str(raised.value.http_body))["error"].get("code") == refusal.code


@pytest.mark.parametrize("name", [name for name in REFUSALS if name != "key of another request"])
async def test_a_key_keeps_exactly_the_refusals_that_came_after_execution_began(box: Box, name: str) -> None:
    refusal = REFUSALS[name]
    await prepare(box, refusal)
    first, again = await asked(box, refusal), await asked(box, refusal)
    assert ("idempotent-replayed" in again.headers) is refusal.stored
    assert not refusal.stored or again.content == first.content


@pytest.mark.parametrize(
    "name", [name for name in REFUSALS if name not in ("error after executing", "already refunded")]
)
async def test_a_refusal_moves_no_money(box: Box, name: str) -> None:
    refusal = REFUSALS[name]
    await prepare(box, refusal)
    before = await box.refundable()
    await asked(box, refusal)
    assert await box.refundable() == before
    balances = (await box.admin.get("/admin/balance")).json()["balances"]
    assert [line["amount_minor"] for line in balances] == ([4] if refusal.prepared == "balance" else [])


async def test_a_refused_api_key_is_not_shown_whole(box: Box) -> None:
    refused = await asked(box, REFUSALS["wrong API key"])
    assert refused.json()["error"]["message"] == "Invalid API Key provided: sk_test****else"


async def test_the_end_of_a_dispute_is_no_longer_in_the_way_of_a_refund_under_way(box: Box) -> None:
    await box.script("pending")
    refund = await box.refund()
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    ended = await box.admin.post(f"/admin/stripe/refunds/{refund.id}/finish", json={"outcome": "succeed"})
    assert ended.json()["status"] == "succeeded"
    assert (await box.post("key-2", charge="ch_1", amount=5)).json()["error"]["code"] == "charge_disputed"


async def test_a_charge_that_is_refunded_and_disputed_is_refused_as_disputed(box: Box) -> None:
    # Beside a chargeback a refund pays twice, so that is the news the merchant needs.
    await box.refund(10_000)
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    assert (await box.post("key-2", charge="ch_1")).json()["error"]["code"] == "charge_disputed"
