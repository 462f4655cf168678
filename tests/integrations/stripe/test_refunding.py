"""Ordering a refund: what each answer and each missing answer means, counted at the provider (P3.2, P3.3)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from activities.ports import Payee
from activities.types import OutcomeKind
from aftersales.contract.values import LegState, PayoutMethod
from integrations.stripe import StripePayments, StripeSettings
from tests.integrations.stripe.script import LEG_NUMBER, leg_row
from tests.sandbox.servers import API_KEY, Box

DAY_S = 24 * 3600


async def test_a_refund_is_executed_once_under_our_number(box: Box, payments: StripePayments) -> None:
    outcome = await payments.refund(leg_row())
    assert outcome.kind is OutcomeKind.SUCCEEDED
    assert outcome.provider_reference.startswith("re_")
    assert await box.executions(LEG_NUMBER) == 1
    assert [row["idempotency_key"] for row in await box.requests()] == [f"{LEG_NUMBER}-1"]
    assert await box.refundable() == 9_000


async def test_a_second_refund_with_the_same_number_moves_no_money(box: Box, payments: StripePayments) -> None:
    first, second = await payments.refund(leg_row()), await payments.refund(leg_row())
    assert (second.kind, second.provider_reference) == (OutcomeKind.SUCCEEDED, first.provider_reference)
    assert await box.executions(LEG_NUMBER) == 1


async def test_a_payment_intent_is_refunded_like_a_charge(box: Box, payments: StripePayments) -> None:
    assert (await payments.refund(leg_row(reference="pi_1"))).kind is OutcomeKind.SUCCEEDED
    assert (await payments.query(leg_row(reference="pi_1"))).kind is OutcomeKind.SUCCEEDED
    assert await box.refundable() == 9_000


@pytest.mark.parametrize("status", ["pending", "requires_action"])
async def test_a_refund_that_takes_its_time_is_pending_until_it_ends(
    box: Box, payments: StripePayments, status: str
) -> None:
    await box.script(status)
    first = await payments.refund(leg_row())
    assert first.kind is OutcomeKind.PENDING
    await box.admin.post(f"/admin/stripe/refunds/{first.provider_reference}/finish", json={"outcome": "succeed"})
    last = await payments.query(leg_row(state=LegState.PENDING))
    assert last.kind is OutcomeKind.SUCCEEDED
    assert last.trace.startswith("7")


@pytest.mark.parametrize(("ending", "code"), [("fail", "expired_or_canceled_card"), ("cancel", "merchant_request")])
async def test_a_pending_refund_that_fails_is_rejected(
    box: Box, payments: StripePayments, ending: str, code: str
) -> None:
    await box.script("pending")
    first = await payments.refund(leg_row())
    await box.admin.post(f"/admin/stripe/refunds/{first.provider_reference}/finish", json={"outcome": ending})
    last = await payments.query(leg_row(state=LegState.PENDING))
    assert (last.kind, last.code) == (OutcomeKind.REJECTED, code)


async def test_a_success_that_fails_days_later_is_reversed(box: Box, payments: StripePayments) -> None:
    first = await payments.refund(leg_row())
    await box.admin.post(f"/admin/stripe/refunds/{first.provider_reference}/reverse", json={})
    last = await payments.query(leg_row(state=LegState.SUCCEEDED))
    assert (last.kind, last.code) == (OutcomeKind.REVERSED, "lost_or_stolen_card")


@pytest.mark.parametrize("fault", ["drop_request", "execute_then_drop", "truncate", "unreadable", "execute_then_500"])
async def test_an_answer_that_is_lost_or_spoilt_is_unknown(box: Box, payments: StripePayments, fault: str) -> None:
    await box.script(fault)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    executed = await box.executions(LEG_NUMBER)
    found = await payments.query(leg_row())
    assert found.kind is (OutcomeKind.SUCCEEDED if executed else OutcomeKind.NOT_FOUND)
    assert len([row for row in await box.requests() if row["method"] == "POST"]) == 1


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_an_answer_later_than_we_wait_is_unknown_and_found_later(
    box: Box, payments: StripePayments, hasty: StripePayments, phase: str
) -> None:
    await box.script(f"hold_{phase}_execute")
    assert (await hasty.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    await box.let_go()
    await box.executed(LEG_NUMBER)
    assert (await payments.query(leg_row())).kind is OutcomeKind.SUCCEEDED
    assert await box.executions(LEG_NUMBER) == 1


async def test_a_key_that_is_at_work_is_unknown_and_executed_once(box: Box, payments: StripePayments) -> None:
    await box.script("hold_before_execute")
    first = asyncio.create_task(payments.refund(leg_row()))
    await box.held()
    second = await payments.refund(leg_row())
    assert (second.kind, second.code) == (OutcomeKind.UNKNOWN, "idempotency_key_in_use")
    await box.admin.post("/admin/release", json={})
    assert (await first).kind is OutcomeKind.SUCCEEDED
    assert await box.executions(LEG_NUMBER) == 1


async def test_a_refused_connection_was_certainly_not_executed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        payments = StripePayments(StripeSettings(API_KEY, api_base=nobody))
        assert (await payments.refund(leg_row())).kind is OutcomeKind.RETRY_SAME
        assert (await payments.query(leg_row())).kind is OutcomeKind.UNKNOWN
        await payments.close()


async def test_the_rate_limit_was_certainly_not_executed(box: Box, payments: StripePayments) -> None:
    await box.script("429")
    assert (await payments.refund(leg_row())).kind is OutcomeKind.RETRY_SAME
    assert await box.executions(LEG_NUMBER) == 0


async def test_a_stored_500_spends_the_key_and_the_next_key_pays_once(box: Box, payments: StripePayments) -> None:
    await box.script("error_500")
    first, again = await payments.refund(leg_row()), await payments.refund(leg_row())
    assert (first.kind, first.key_spent) == (OutcomeKind.UNKNOWN, False)
    assert (again.kind, again.key_spent) == (OutcomeKind.UNKNOWN, True)
    assert (await payments.query(leg_row())).kind is OutcomeKind.NOT_FOUND
    assert (await payments.refund(leg_row(key_try=2))).kind is OutcomeKind.SUCCEEDED
    assert await box.executions(LEG_NUMBER) == 1


async def test_the_key_is_trusted_for_less_time_than_stripe_keeps_it(box: Box, payments: StripePayments) -> None:
    await payments.refund(leg_row())
    await box.advance(payments.key_life_s)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    assert await box.executions(LEG_NUMBER) == 1
    await box.advance(DAY_S - payments.key_life_s + 1)
    assert (await payments.query(leg_row())).kind is OutcomeKind.SUCCEEDED


async def test_already_refunded_by_ourselves_is_a_success_and_no_rejection(box: Box, payments: StripePayments) -> None:
    whole = leg_row(minor=10_000)
    await payments.refund(whole)
    await box.advance(DAY_S + 1)
    assert (await payments.refund(whole)).kind is OutcomeKind.SUCCEEDED
    assert await box.executions(LEG_NUMBER) == 1


async def test_already_refunded_by_others_is_rejected(box: Box, payments: StripePayments) -> None:
    await box.refund(10_000, leg="somebody-else")
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "charge_already_refunded")


async def test_more_than_is_left_is_rejected(box: Box, payments: StripePayments) -> None:
    outcome = await payments.refund(leg_row(minor=10_001))
    assert outcome.kind is OutcomeKind.REJECTED
    assert await box.refundable() == 10_000


async def test_a_disputed_payment_is_rejected(box: Box, payments: StripePayments) -> None:
    await box.admin.put("/admin/stripe/charges/ch_1/dispute", json={})
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "charge_disputed")


async def test_an_empty_balance_is_the_merchants_and_spends_the_key(box: Box, payments: StripePayments) -> None:
    await box.admin.put("/admin/balance", json={"currency": "usd", "amount": 0})
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.NEEDS_MERCHANT, "balance_insufficient")
    assert outcome.key_spent
    await box.admin.put("/admin/balance", json={"currency": "usd", "amount": None})
    assert (await payments.refund(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT
    assert (await payments.refund(leg_row(key_try=2))).kind is OutcomeKind.SUCCEEDED


async def test_a_wrong_key_is_the_merchants_and_spends_nothing(box: Box) -> None:
    payments = StripePayments(StripeSettings("sk_test_of_yesterday", api_base=box.url))
    for outcome in (await payments.refund(leg_row()), await payments.query(leg_row())):
        assert outcome.kind is OutcomeKind.NEEDS_MERCHANT
        assert not outcome.key_spent
    await payments.close()


async def test_the_same_number_with_another_amount_is_a_conflict(box: Box, payments: StripePayments) -> None:
    await payments.refund(leg_row(minor=1_000))
    assert (await payments.refund(leg_row(minor=2_000))).kind is OutcomeKind.CONFLICT
    assert (await payments.query(leg_row(minor=2_000))).kind is OutcomeKind.CONFLICT
    assert await box.refundable() == 9_000


@pytest.mark.usefixtures("box")
async def test_a_payment_that_stripe_does_not_know_is_rejected(payments: StripePayments) -> None:
    lost = leg_row(reference="ch_lost")
    assert (await payments.query(lost)).kind is OutcomeKind.NOT_FOUND
    outcome = await payments.refund(lost)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "resource_missing")


@pytest.mark.parametrize(
    ("unsendable", "code"),
    [
        (leg_row(reference="2026112200001"), "reference_unknown"),
        (leg_row(minor=5_123, currency="KWD"), "amount_not_sendable"),
    ],
)
async def test_what_stripe_has_no_words_for_is_never_sent(
    box: Box, payments: StripePayments, unsendable: object, code: str
) -> None:
    assert isinstance(unsendable, type(leg_row()))
    outcome = await payments.refund(unsendable)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)
    assert (await payments.query(unsendable)).kind is OutcomeKind.NOT_FOUND
    assert await box.requests() == []


async def test_nothing_is_paid_out_by_stripe(box: Box, payments: StripePayments) -> None:
    outcome = await payments.pay_out(leg_row(), Payee(token="payee-1", method=PayoutMethod.BANK_TRANSFER))
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
    assert await box.requests() == []
