"""What a refund is and what Stripe allows, seen through the real SDK."""

import pytest
import stripe

from tests.sandbox.servers import Box, sdk_for


async def test_a_refund_succeeds_at_once_and_looks_like_stripes(box: Box) -> None:
    refund = await box.refund(1_000, leg="AS-1-a")
    assert refund.id.startswith("re_")
    assert refund.object == "refund"
    assert (refund.status, refund.amount, refund.currency) == ("succeeded", 1_000, "usd")
    assert (refund.charge, refund.payment_intent) == ("ch_1", "pi_1")
    assert refund.metadata is not None
    assert refund.metadata["leg"] == "AS-1-a"
    assert str(refund.balance_transaction).startswith("txn_")
    assert refund.receipt_number is None
    assert "failure_reason" not in refund


async def test_the_bank_reference_follows_the_success(box: Box) -> None:
    refund = await box.refund()
    assert refund.destination_details is not None
    assert refund.destination_details.card is not None
    assert refund.destination_details.card.reference_status == "pending"
    later = await box.sdk.v1.refunds.retrieve_async(refund.id)
    assert later.destination_details is not None
    assert later.destination_details.card is not None
    assert later.destination_details.card.reference_status == "available"
    assert len(str(later.destination_details.card.reference)) == 23


async def test_every_answer_carries_a_request_id(box: Box) -> None:
    answer = await box.post("key-1", charge="ch_1", amount=1)
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["idempotency-key"] == "key-1"


async def test_a_refund_by_payment_intent_is_a_refund_of_its_charge(box: Box) -> None:
    refund = await box.sdk.v1.refunds.create_async({"payment_intent": "pi_1", "amount": 5})
    assert refund.charge == "ch_1"
    assert await box.refundable() == 9_995


async def test_without_an_amount_all_that_is_left_is_refunded(box: Box) -> None:
    await box.refund(4_000)
    rest = await box.sdk.v1.refunds.create_async({"charge": "ch_1"})
    assert rest.amount == 6_000
    assert await box.refundable() == 0


async def test_partial_refunds_are_allowed_up_to_the_captured_amount(box: Box) -> None:
    for number in range(4):
        await box.refund(2_500, leg=f"leg-{number}", key=f"key-{number}")
    charge = await box.sdk.v1.charges.retrieve_async("ch_1")
    assert charge.refunded
    assert charge.amount_refunded == charge.amount_captured == 10_000


async def test_second_full_refund_is_refused(box: Box) -> None:
    await box.refund(10_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund(10_000, key="key-2")
    assert refused.value.http_status == 400
    assert refused.value.code == "charge_already_refunded"
    assert await box.executions() == 1


async def test_a_second_partial_refund_of_the_same_leg_is_executed_and_counted(box: Box) -> None:
    # The oracle must see a double payment, so the sandbox must not hide one.
    await box.refund(key="key-1")
    await box.refund(key="key-2")
    tally = await box.tally()
    assert (tally["executions"], tally["executed_minor"]) == (2, 2_000)


async def test_more_than_what_is_left_is_refused_without_a_code(box: Box) -> None:
    await box.refund(9_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund(1_001, key="key-2")
    assert (refused.value.http_status, refused.value.param) == (400, "amount")
    assert refused.value.code is None
    assert await box.refundable() == 1_000


async def test_a_disputed_charge_refunds_nothing_until_the_dispute_is_closed(box: Box) -> None:
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": True})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund()
    assert refused.value.code == "charge_disputed"
    assert (await box.sdk.v1.charges.retrieve_async("ch_1")).disputed
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={"open": False})
    assert (await box.refund(key="key-2")).status == "succeeded"


async def test_the_merchants_balance_bounds_refunds_in_its_currency(box: Box) -> None:
    await box.admin.put("/admin/balance", json={"currency": "USD", "amount": 1_500})
    await box.refund(1_000)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund(501, key="key-2")
    assert refused.value.code == "balance_insufficient"
    await box.admin.put("/admin/balance", json={"currency": "usd", "amount": None})
    assert (await box.refund(501, key="key-3")).status == "succeeded"


async def test_amounts_are_in_the_currencys_own_minor_units(box: Box) -> None:
    await box.seed("ch_yen", 3_749, "JPY")
    refund = await box.refund(3_749, charge="ch_yen")
    assert (refund.amount, refund.currency) == (3_749, "jpy")


async def test_an_unknown_charge_is_missing(box: Box) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        await box.refund(charge="ch_nowhere")
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert refused.value.param == "charge"


@pytest.mark.parametrize("path", ["/v1/refunds/re_nowhere", "/v1/charges/ch_nowhere", "/v1/charges/pi_1"])
async def test_what_does_not_exist_answers_404(box: Box, path: str) -> None:
    answer = await box.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "resource_missing"


async def test_a_path_that_is_not_served_says_so(box: Box) -> None:
    answer = await box.get("/v1/customers")
    assert answer.status_code == 404
    assert "Unrecognized request URL" in answer.json()["error"]["message"]


async def test_a_wrong_api_key_is_refused_without_a_code(box: Box) -> None:
    with pytest.raises(stripe.AuthenticationError) as refused:
        await sdk_for(box.url, "sk_test_wrong_key").v1.refunds.retrieve_async("re_1")
    assert refused.value.http_status == 401
    assert refused.value.code is None


async def test_no_api_key_is_refused(box: Box) -> None:
    answer = await box.admin.get("/v1/refunds")
    assert answer.status_code == 401
    assert "did not provide" in answer.json()["error"]["message"]


async def test_basic_credentials_are_accepted_as_stripe_accepts_them(box: Box) -> None:
    good = await box.admin.get("/v1/refunds", auth=("sk_test_sandbox", ""))
    assert good.status_code == 200
    bad = await box.admin.get("/v1/refunds", headers={"authorization": "Basic not-base64!"})
    assert bad.status_code == 401


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"charge": "ch_1", "amount": "abc"}, "amount", "parameter_invalid_integer"),
        ({"charge": "ch_1", "amount": "1.5"}, "amount", "parameter_invalid_integer"),
        ({"charge": "ch_1", "amount": "0"}, "amount", "parameter_invalid_integer"),
        ({"charge": "ch_1", "amount": "-5"}, "amount", "parameter_invalid_integer"),
        ({"charge": "ch_1", "amount": ""}, "amount", "parameter_invalid_integer"),
        ({"charge": "ch_1", "reason": "bored"}, "reason", None),
        ({"charge": "ch_1", "leg": "a"}, "leg", "parameter_unknown"),
        ({"charge": "ch_1", "metadata[leg]": "a" * 501}, "metadata[leg]", None),
        ({"charge": "ch_1", f"metadata[{'k' * 41}]": "a"}, f"metadata[{'k' * 41}]", None),
        ({"amount": "5"}, "payment_intent", "parameter_missing"),
        ({"charge": "ch_1", "payment_intent": "pi_1"}, "charge", "parameters_exclusive"),
    ],
)
async def test_a_malformed_request_names_its_parameter(
    box: Box, params: dict[str, str], param: str, code: str | None
) -> None:
    answer = await box.post(None, **params)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert (error["param"], error.get("code")) == (param, code)
    assert await box.refundable() == 10_000


async def test_an_error_with_a_code_points_to_its_documentation(box: Box) -> None:
    error = (await box.post(None, charge="ch_2")).json()["error"]
    assert error["doc_url"] == "https://stripe.com/docs/error-codes/resource-missing"
    assert "/logs/req_" in error["request_log_url"]
