"""Every refusal that Stripe's reference names, by its code and never by its text."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind
from integrations.stripe import StripePayments
from tests.integrations.stripe.script import Script, leg_row, list_body, refund_body

REFUSALS = [
    (400, {"code": "balance_insufficient"}, OutcomeKind.NEEDS_MERCHANT),
    (400, {"code": "charge_already_refunded"}, OutcomeKind.REJECTED),
    (400, {"code": "refund_disputed_payment"}, OutcomeKind.REJECTED),
    (400, {"code": "charge_not_refundable"}, OutcomeKind.REJECTED),
    (400, {"code": "account_closed"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "no_account"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "bank_account_restricted"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "bank_account_unusable"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "payment_method_bank_account_blocked"}, OutcomeKind.NEEDS_PAYEE),
    (402, {"type": "card_error", "code": "expired_card"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "expired_payment_method"}, OutcomeKind.NEEDS_PAYEE),
    (400, {"code": "insufficient_funds"}, OutcomeKind.NEEDS_MERCHANT),
    (400, {"code": "capability_not_active"}, OutcomeKind.NEEDS_MERCHANT),
    (400, {"code": "charge_disputed"}, OutcomeKind.REJECTED),
    (400, {"code": "amount_too_large", "param": "amount"}, OutcomeKind.REJECTED),
    (400, {"type": "invalid_request_error", "param": "amount"}, OutcomeKind.REJECTED),
    (400, {"type": "idempotency_error"}, OutcomeKind.CONFLICT),
    (400, {"type": "invalid_request_error", "code": "rate_limit"}, OutcomeKind.RETRY_SAME),
    (401, {"type": "invalid_request_error"}, OutcomeKind.NEEDS_MERCHANT),
    (401, {"code": "api_key_expired"}, OutcomeKind.NEEDS_MERCHANT),
    (402, {"type": "card_error", "code": "card_declined"}, OutcomeKind.REJECTED),
    (403, {"type": "invalid_request_error"}, OutcomeKind.NEEDS_MERCHANT),
    (404, {"code": "resource_missing"}, OutcomeKind.REJECTED),
    (409, {"type": "idempotency_error", "code": "idempotency_key_in_use"}, OutcomeKind.UNKNOWN),
    (409, {"type": "api_error"}, OutcomeKind.UNKNOWN),
    (429, {"code": "rate_limit"}, OutcomeKind.RETRY_SAME),
    (429, {"code": "lock_timeout"}, OutcomeKind.RETRY_SAME),
    (500, {"type": "api_error"}, OutcomeKind.UNKNOWN),
    (500, {"type": "invalid_request_error", "code": "charge_disputed"}, OutcomeKind.UNKNOWN),
    (503, {"type": "api_error"}, OutcomeKind.UNKNOWN),
    (418, {"type": "a_type_of_tomorrow"}, OutcomeKind.UNKNOWN),
]


@pytest.mark.parametrize(("status", "error", "kind"), REFUSALS)
async def test_what_a_refusal_means(
    script: Script, scripted: StripePayments, status: int, error: dict[str, str], kind: OutcomeKind
) -> None:
    script.refuse(status, **error)
    outcome = await scripted.refund(leg_row())
    assert outcome.kind is kind
    assert outcome.code
    assert outcome.sentence == "Stripe: as Stripe words it"


@pytest.mark.parametrize(("status", "error", "kind"), REFUSALS)
async def test_nothing_is_sent_a_second_time_by_itself(
    script: Script, scripted: StripePayments, status: int, error: dict[str, str], kind: OutcomeKind
) -> None:
    script.refuse(status, **error)
    await scripted.refund(leg_row())
    ends_the_number = kind in (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)
    spends_the_key = kind is OutcomeKind.NEEDS_MERCHANT and status == 400
    assert script.calls == (["POST", "GET"] if ends_the_number or spends_the_key else ["POST"])


@pytest.mark.parametrize(
    ("error", "elsewhere"),
    [
        ({"code": "expired_card"}, True),
        ({"code": "account_closed"}, True),
        ({"code": "charge_not_refundable"}, True),
        ({"code": "charge_disputed"}, False),
        ({"code": "refund_disputed_payment"}, False),
        ({"code": "charge_already_refunded"}, False),
        ({"code": "amount_too_large"}, False),
        ({"code": "balance_insufficient"}, False),
    ],
)
async def test_only_a_closed_way_is_left_for_another_destination(
    script: Script, scripted: StripePayments, error: dict[str, str], elsewhere: bool
) -> None:
    script.refuse(400, **error)
    assert (await scripted.refund(leg_row())).elsewhere is elsewhere


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0", 0), ("86400", 3600), ("soon", 0), ("-1", 0), ("1.5", 0), ("", 0)]
)
async def test_stripe_may_say_when_to_come_again(
    script: Script, scripted: StripePayments, header: str, seconds: int
) -> None:
    script.headers["Retry-After"] = header
    script.refuse(429, code="rate_limit")
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.retry_after_s) == (OutcomeKind.RETRY_SAME, seconds)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
@pytest.mark.parametrize(
    "body", [{}, [], None, "word", {"error": "word"}, {"object": "refund"}, b"", b"<html>", b"\xff\xfe"]
)
async def test_an_answer_that_is_not_stripes_is_unknown_whatever_its_status(
    script: Script, scripted: StripePayments, status: int, body: object
) -> None:
    script.post(status, body)
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "unreadable_answer")


async def test_a_replayed_500_spends_the_key(script: Script, scripted: StripePayments) -> None:
    script.headers["Idempotent-Replayed"] = "true"
    script.refuse(500, type="api_error")
    assert (await scripted.refund(leg_row())).key_spent


async def test_a_replayed_rejection_is_still_a_rejection(script: Script, scripted: StripePayments) -> None:
    script.headers["Idempotent-Replayed"] = "true"
    script.refuse(400, code="charge_disputed")
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.key_spent) == (OutcomeKind.REJECTED, False)


async def test_a_refusal_beside_our_own_refund_is_that_refund(script: Script, scripted: StripePayments) -> None:
    script.refuse(400, code="charge_disputed")
    script.get(200, list_body(refund_body()))
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "re_1")


async def test_a_refund_of_another_amount_is_no_success(script: Script, scripted: StripePayments) -> None:
    script.post(200, refund_body(amount=100_000))
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.CONFLICT


async def test_a_refund_in_another_currency_is_no_success(script: Script, scripted: StripePayments) -> None:
    script.post(200, refund_body(currency="eur"))
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.CONFLICT


async def test_an_answer_that_trickles_is_not_waited_for_without_end(script: Script, scripted: StripePayments) -> None:
    script.post(200, refund_body())
    script.trickle_s = 0.1
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "deadline_passed")
