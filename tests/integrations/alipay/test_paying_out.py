"""Paying to an Alipay account that the customer named (P3.2)."""

from __future__ import annotations

import json

import pytest

from activities.ports import Payee
from activities.types import OutcomeKind
from aftersales.contract.values import LegState, PayoutMethod
from integrations.alipay import AlipayPayments
from tests.integrations.alipay.merchant import HOLDER, LOGIN, Merchant
from tests.integrations.alipay.script import (
    LEG_NUMBER,
    NUMBER,
    PAYEE,
    Script,
    payout_row,
    refusal,
    success,
    transfer_seen,
)


async def test_an_account_is_paid_once_under_our_number(merchant: Merchant, payments: AlipayPayments) -> None:
    outcomes = [await payments.pay_out(payout_row(), PAYEE) for _ in range(2)]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.SUCCEEDED}
    assert outcomes[0].provider_reference == outcomes[1].provider_reference
    assert outcomes[0].trace
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_the_payee_is_named_by_login_and_holder(script: Script, scripted: AlipayPayments) -> None:
    script.order = success(order_id="O1", status="SUCCESS", out_biz_no=LEG_NUMBER)
    await scripted.pay_out(payout_row(), PAYEE)
    content = json.loads(script.asked[0]["biz_content"])
    assert content["payee_info"] == {"identity": LOGIN, "identity_type": "ALIPAY_LOGON_ID", "name": HOLDER}
    assert (content["trans_amount"], content["out_biz_no"]) == ("10.00", LEG_NUMBER)
    assert (content["order_title"], content["remark"]) == ("退款", NUMBER)


async def test_a_transfer_under_way_pends_until_it_ends_well(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.box.script("pending")
    assert (await payments.pay_out(payout_row(), PAYEE)).kind is OutcomeKind.PENDING
    assert (await payments.query(payout_row())).kind is OutcomeKind.PENDING
    await merchant.told(f"transfers/{LEG_NUMBER}/finish", {"outcome": "succeed"})
    assert (await payments.query(payout_row(state=LegState.PENDING))).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize(
    ("error_code", "kind"),
    [("PAYEE_NOT_EXIST", OutcomeKind.NEEDS_PAYEE), ("A_CODE_OF_TOMORROW", OutcomeKind.REJECTED)],
)
async def test_a_transfer_that_fails_needs_another_destination(
    merchant: Merchant, payments: AlipayPayments, error_code: str, kind: OutcomeKind
) -> None:
    await merchant.box.script("pending")
    await payments.pay_out(payout_row(), PAYEE)
    await merchant.told(f"transfers/{LEG_NUMBER}/finish", {"outcome": "fail", "error_code": error_code})
    for outcome in (
        await payments.query(payout_row(state=LegState.PENDING)),
        await payments.pay_out(payout_row(), PAYEE),
    ):
        assert (outcome.kind, outcome.code, outcome.elsewhere) == (kind, error_code, True)
    assert (await merchant.box.tally(LEG_NUMBER))["not_reversed"] == 0


async def test_a_success_that_comes_back_is_reversed(merchant: Merchant, payments: AlipayPayments) -> None:
    await payments.pay_out(payout_row(), PAYEE)
    await merchant.told(f"transfers/{LEG_NUMBER}/return", {})
    outcome = await payments.query(payout_row(state=LegState.SUCCEEDED))
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.REVERSED, True)
    assert outcome.code == "PAYEE_ACCOUNT_STATUS_ERROR"


@pytest.mark.parametrize("state", ["not_exist", "frozen", "unverified", "several"])
async def test_an_account_that_takes_no_money_needs_another(
    merchant: Merchant, payments: AlipayPayments, state: str
) -> None:
    await merchant.payee(LOGIN, state=state)
    outcome = await payments.pay_out(payout_row(), PAYEE)
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, True)
    assert await merchant.box.executions(LEG_NUMBER) == 0


async def test_another_name_than_the_accounts_needs_another_account(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await merchant.payee(LOGIN, name="李四")
    assert (await payments.pay_out(payout_row(), PAYEE)).code == "PAYEE_USER_INFO_ERROR"


async def test_other_parameters_under_our_number_are_a_conflict(merchant: Merchant, payments: AlipayPayments) -> None:
    await payments.pay_out(payout_row(), PAYEE)
    assert (await payments.pay_out(payout_row(minor=1_001), PAYEE)).kind is OutcomeKind.CONFLICT
    other = PAYEE.model_copy(update={"account": "other@example.com"})
    assert (await payments.pay_out(payout_row(), other)).kind is OutcomeKind.CONFLICT
    assert (await payments.query(payout_row(minor=1_001))).code == "other_amount"
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_an_empty_balance_is_the_merchants(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.fund(0)
    assert (await payments.pay_out(payout_row(), PAYEE)).kind is OutcomeKind.NEEDS_MERCHANT


@pytest.mark.parametrize("method", [each for each in PayoutMethod if each is not PayoutMethod.ALIPAY])
async def test_no_other_destination_is_sent_to_alipay(
    merchant: Merchant, payments: AlipayPayments, method: PayoutMethod
) -> None:
    payee = Payee(token="payee-1", method=method, account="somebody", holder="Somebody")
    outcome = await payments.pay_out(payout_row(), payee)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
    assert await merchant.box.requests() == []


@pytest.mark.parametrize("missing", ["account", "holder"])
async def test_an_account_without_login_or_name_is_not_sent_but_an_earlier_transfer_counts(
    merchant: Merchant, payments: AlipayPayments, missing: str
) -> None:
    erased = PAYEE.model_copy(update={missing: ""})
    outcome = await payments.pay_out(payout_row(), erased)
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, "payee_incomplete", True)
    await payments.pay_out(payout_row(), PAYEE)
    assert (await payments.pay_out(payout_row(), erased)).kind is OutcomeKind.SUCCEEDED
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_dollars_are_not_sent(merchant: Merchant, payments: AlipayPayments) -> None:
    assert (await payments.pay_out(payout_row(currency="USD"), PAYEE)).code == "currency_not_offered"
    assert (await payments.query(payout_row(currency="USD"))).kind is OutcomeKind.NOT_FOUND
    assert await merchant.box.requests() == []


@pytest.mark.parametrize("fault", ["drop_request", "execute_then_drop", "truncate", "unreadable", "execute_then_500"])
async def test_after_an_answer_that_tells_nothing_a_look_says_what_happened(
    merchant: Merchant, payments: AlipayPayments, fault: str
) -> None:
    await merchant.box.script(fault)
    assert (await payments.pay_out(payout_row(), PAYEE)).kind is OutcomeKind.UNKNOWN
    executed = await merchant.box.executions(LEG_NUMBER)
    found = await payments.query(payout_row())
    assert found.kind is (OutcomeKind.SUCCEEDED if executed else OutcomeKind.NOT_FOUND)


async def test_a_refusal_after_the_transfer_was_executed_is_its_success(
    script: Script, scripted: AlipayPayments
) -> None:
    script.order, script.look = refusal("PAYEE_NOT_EXIST"), transfer_seen()
    assert (await scripted.pay_out(payout_row(), PAYEE)).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (success(order_id="O1", status="A_WORD_OF_TOMORROW"), OutcomeKind.UNKNOWN),
        (success(order_id="O1", status=""), OutcomeKind.UNKNOWN),
        (success(status="SUCCESS"), OutcomeKind.UNKNOWN),
        (success(order_id="", status="SUCCESS"), OutcomeKind.UNKNOWN),
        (success(order_id="O1", status=["SUCCESS"]), OutcomeKind.UNKNOWN),
        (success(order_id="O1", status="SUCCESS", trans_amount="ten"), OutcomeKind.UNKNOWN),
        (success(order_id="O1", status="SUCCESS", trans_amount=10), OutcomeKind.SUCCEEDED),
        (success(order_id="O1", status="SUCCESS", trans_amount=10.5), OutcomeKind.CONFLICT),
    ],
)
async def test_only_a_transfer_that_can_be_read_decides(
    script: Script, scripted: AlipayPayments, answer: dict[str, object], kind: OutcomeKind
) -> None:
    script.order = answer
    assert (await scripted.pay_out(payout_row(), PAYEE)).kind is kind


def test_neither_account_nor_holder_is_shown_when_a_payee_is_printed() -> None:
    assert LOGIN not in repr(PAYEE)
    assert HOLDER not in repr(PAYEE)
