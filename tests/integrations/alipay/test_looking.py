"""Looking for our number: only an answer that can be believed may say that nothing is there."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind
from integrations.alipay import AlipayPayments
from tests.integrations.alipay.merchant import Merchant
from tests.integrations.alipay.script import Script, leg_row, payout_row, refund_seen, refusal, success


@pytest.mark.parametrize("fault", ["drop_request", "truncate", "unreadable", "429", "error_500"])
@pytest.mark.parametrize("leg", [leg_row(), payout_row()], ids=["refund", "payout"])
async def test_a_look_that_fails_says_nothing_about_the_leg(
    merchant: Merchant, payments: AlipayPayments, fault: str, leg: object
) -> None:
    assert isinstance(leg, type(leg_row()))
    await merchant.box.script(fault, method="GET")
    assert (await payments.query(leg)).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("leg", [leg_row(), payout_row()], ids=["refund", "payout"])
async def test_a_number_that_was_never_sent_is_not_found(payments: AlipayPayments, leg: object) -> None:
    assert isinstance(leg, type(leg_row()))
    assert (await payments.query(leg)).kind is OutcomeKind.NOT_FOUND


async def test_a_trade_that_alipay_does_not_know_has_no_refund(payments: AlipayPayments) -> None:
    found = await payments.query(leg_row(reference="nobody-s"))
    assert (found.kind, found.code) == (OutcomeKind.NOT_FOUND, "TRADE_NOT_EXIST")


async def test_what_is_found_is_what_was_ordered(payments: AlipayPayments) -> None:
    sent = await payments.refund(leg_row())
    found = await payments.query(leg_row())
    assert (found.kind, found.provider_reference) == (OutcomeKind.SUCCEEDED, sent.provider_reference)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (success(), OutcomeKind.NOT_FOUND),
        (success(trade_no="T", out_request_no="N"), OutcomeKind.NOT_FOUND),
        (refund_seen(), OutcomeKind.SUCCEEDED),
        (refund_seen(refund_amount=10.00), OutcomeKind.SUCCEEDED),
        (refund_seen(refund_amount="10"), OutcomeKind.SUCCEEDED),
        (refund_seen(refund_amount="10.01"), OutcomeKind.CONFLICT),
        (refund_seen(refund_amount="1O.00"), OutcomeKind.UNKNOWN),
        (refund_seen(refund_amount=None), OutcomeKind.UNKNOWN),
        (success(refund_amount="10.00"), OutcomeKind.UNKNOWN),
        (success(gmt_refund_pay="2026-11-23 10:00:00"), OutcomeKind.UNKNOWN),
        (success(refund_status="REFUND_SUCCESS"), OutcomeKind.UNKNOWN),
        (refund_seen(refund_status="REFUND_PROCESSING"), OutcomeKind.UNKNOWN),
        (refund_seen(refund_status={"word": "none"}), OutcomeKind.UNKNOWN),
        (refund_seen(deposit_back_info=[]), OutcomeKind.UNKNOWN),
        (refusal("TRADE_NOT_EXIST"), OutcomeKind.NOT_FOUND),
        (refusal("ACQ.TRADE_NOT_EXIST"), OutcomeKind.NOT_FOUND),
        (refusal("ORDER_NOT_EXIST"), OutcomeKind.NOT_FOUND),
        (refusal("ACQ.SYSTEM_ERROR"), OutcomeKind.UNKNOWN),
        (refusal("ACQ.TRADE_HAS_FINISHED"), OutcomeKind.UNKNOWN),
        (refusal("isp.unknow-error", "20000"), OutcomeKind.UNKNOWN),
        (refusal("isv.insufficient-isv-permissions", "40006"), OutcomeKind.NEEDS_MERCHANT),
        (refusal("isv.app-call-limited", "40005"), OutcomeKind.UNKNOWN),
    ],
)
async def test_what_a_look_means(
    script: Script, scripted: AlipayPayments, answer: dict[str, object], kind: OutcomeKind
) -> None:
    script.look = answer
    assert (await scripted.query(leg_row())).kind is kind


async def test_a_look_names_no_address_for_notifications(script: Script, scripted: AlipayPayments) -> None:
    await scripted.query(leg_row())
    assert "notify_url" not in script.asked[0]
