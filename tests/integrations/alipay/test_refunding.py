"""Refunding a trade: what each answer and each missing answer means, counted at the provider (P3.2, P3.3)."""

from __future__ import annotations

import json
import socket

import pytest

from activities.types import OutcomeKind
from aftersales.contract.values import LegState
from integrations.alipay import AlipayBlock, AlipayPayments, Bounce
from tests.integrations.alipay.conftest import adapter_of, block_for
from tests.integrations.alipay.merchant import TRADE, Merchant
from tests.integrations.alipay.script import LEG_NUMBER, NUMBER, Script, leg_row, refund_seen, success


async def test_a_refund_is_executed_once_under_our_number(merchant: Merchant, payments: AlipayPayments) -> None:
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, TRADE)
    assert outcome.destination == "138****5620"
    assert await merchant.box.executions(LEG_NUMBER) == 1
    assert len(await merchant.box.requests()) == 1


async def test_a_second_refund_with_the_same_number_moves_no_money(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    outcomes = [await payments.refund(leg_row()) for _ in range(2)]
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.SUCCEEDED}
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_the_shops_own_number_of_the_trade_will_do(merchant: Merchant, payments: AlipayPayments) -> None:
    leg = leg_row(reference=f"out:order-{TRADE}")
    assert (await payments.refund(leg)).provider_reference == TRADE
    assert (await payments.query(leg)).kind is OutcomeKind.SUCCEEDED
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_success_is_code_10000_with_a_change_of_funds(script: Script, scripted: AlipayPayments) -> None:
    script.order = success(fund_change="Y", trade_no=TRADE)
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    assert script.methods == ["alipay.trade.refund"]


@pytest.mark.parametrize(("login", "shown"), [("138****5620", "138****5620"), ("13812345620", ""), ("a@b.example", "")])
async def test_where_the_money_went_is_shown_as_alipay_masks_it_or_not_at_all(
    script: Script, scripted: AlipayPayments, login: str, shown: str
) -> None:
    script.order = success(fund_change="Y", trade_no=TRADE, buyer_logon_id=login)
    assert (await scripted.refund(leg_row())).destination == shown


@pytest.mark.parametrize("change", [{"fund_change": "N"}, {"fund_change": "y"}, {}])
async def test_code_10000_alone_is_looked_into(
    script: Script, scripted: AlipayPayments, change: dict[str, str]
) -> None:
    script.order, script.look = success(trade_no=TRADE, **change), refund_seen()
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    assert script.methods == ["alipay.trade.refund", "alipay.trade.fastpay.refund.query"]


async def test_what_was_taken_and_is_not_shown_is_unknown(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.box.script("pending")
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "not_confirmed")
    assert (await payments.query(leg_row())).kind is OutcomeKind.NOT_FOUND
    assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_a_request_says_everything_that_alipay_needs(script: Script, scripted: AlipayPayments) -> None:
    script.order = success(fund_change="Y", trade_no=TRADE)
    await scripted.refund(leg_row(minor=1_205))
    (form,) = script.asked
    assert form["notify_url"] == "https://shop.example/webhooks/alipay"
    assert (form["sign_type"], form["charset"], form["version"], form["format"]) == ("RSA2", "utf-8", "1.0", "JSON")
    assert json.loads(form["biz_content"]) == {
        "trade_no": TRADE,
        "out_request_no": LEG_NUMBER,
        "refund_amount": "12.05",
        "refund_reason": NUMBER,
        "query_options": ["refund_detail_item_list", "deposit_back_info"],
    }


async def test_the_same_number_with_another_amount_is_a_conflict(merchant: Merchant, payments: AlipayPayments) -> None:
    await payments.refund(leg_row())
    outcome = await payments.refund(leg_row(minor=1_001))
    assert (outcome.kind, outcome.code) == (OutcomeKind.CONFLICT, "ACQ.DISCORDANT_REPEAT_REQUEST")
    assert await merchant.box.executions(LEG_NUMBER) == 1


async def test_a_refusal_after_our_own_refund_was_executed_is_its_success(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await payments.refund(leg_row())
    await merchant.told("errors", {"sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"})
    assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED


async def test_a_refusal_that_cannot_be_made_sure_of_is_unknown(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.status("TRADE_FINISHED")
    await merchant.box.script("drop_request", method="GET")
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_past_the_deadline_another_destination_would_do(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.box.advance(366 * 86_400)
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "ACQ.TRADE_HAS_FINISHED")
    assert outcome.elsewhere


async def test_a_closed_trade_may_be_refunded_already_so_nobody_is_asked_for_another_destination(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await merchant.refund("100.00", number="by hand in the console")
    await merchant.box.advance(4)
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.REJECTED, False)


async def test_a_buyer_who_left_alipay_needs_another_destination(merchant: Merchant, payments: AlipayPayments) -> None:
    await merchant.payee("13800005620", state="not_exist")
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, True)


async def test_a_refund_too_soon_after_another_waits_three_seconds(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await payments.refund(leg_row())
    outcome = await payments.refund(leg_row(provider_number="another-leg"))
    assert (outcome.kind, outcome.retry_after_s) == (OutcomeKind.RETRY_SAME, 3)
    await merchant.box.advance(outcome.retry_after_s)
    assert (await payments.refund(leg_row(provider_number="another-leg"))).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize("fault", ["drop_request", "execute_then_drop", "truncate", "unreadable", "execute_then_500"])
async def test_after_an_answer_that_tells_nothing_a_look_says_what_happened(
    merchant: Merchant, payments: AlipayPayments, fault: str
) -> None:
    await merchant.box.script(fault)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    executed = await merchant.box.executions(LEG_NUMBER)
    found = await payments.query(leg_row())
    assert found.kind is (OutcomeKind.SUCCEEDED if executed else OutcomeKind.NOT_FOUND)


async def test_a_late_answer_is_unknown_and_the_money_is_found(merchant: Merchant, payments: AlipayPayments) -> None:
    hasty = adapter_of(block_for(merchant, timeout_s=0.5))
    await merchant.box.script("hold_after_execute")
    assert (await hasty.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    await merchant.box.let_go()
    await hasty.close()
    assert (await payments.query(leg_row())).kind is OutcomeKind.SUCCEEDED


async def test_an_answer_that_trickles_is_cut_off(script: Script, scripted_block: AlipayBlock) -> None:
    hasty = adapter_of(scripted_block.model_copy(update={"timeout_s": 0.5}))
    script.order, script.trickle_s = success(fund_change="Y", trade_no=TRADE), 0.05
    outcome = await hasty.refund(leg_row())
    await hasty.close()
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "deadline_passed")


async def test_a_refused_connection_was_certainly_not_executed(merchant: Merchant) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        adapter = adapter_of(block_for(merchant, gateway=f"http://127.0.0.1:{taken.getsockname()[1]}/gateway.do"))
        outcome = await adapter.refund(leg_row())
        assert (outcome.kind, outcome.code) == (OutcomeKind.RETRY_SAME, "not_connected")
        assert (await adapter.query(leg_row())).kind is OutcomeKind.UNKNOWN
        await adapter.close()


@pytest.mark.parametrize(
    ("leg", "code"),
    [
        (leg_row(currency="USD"), "currency_not_offered"),
        (leg_row(reference=""), "reference_unknown"),
        (leg_row(reference="a trade"), "reference_unknown"),
        (leg_row(reference="out:"), "reference_unknown"),
    ],
)
async def test_what_alipay_has_no_words_for_is_never_sent(
    merchant: Merchant, payments: AlipayPayments, leg: object, code: str
) -> None:
    assert isinstance(leg, type(leg_row()))
    outcome = await payments.refund(leg)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)
    assert (await payments.query(leg)).kind is OutcomeKind.NOT_FOUND
    assert await merchant.box.requests() == []


async def test_a_refund_to_a_card_is_a_success_while_the_bank_takes_its_time(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await merchant.seed("card", channel="BANKCARD")
    await payments.refund(leg_row(reference="card"))
    for status in ("P", "S"):
        if status == "S":
            await merchant.told(f"refunds/{LEG_NUMBER}/deposit-back", {"status": status})
        outcome = await payments.query(leg_row(reference="card", state=LegState.SUCCEEDED))
        assert (outcome.kind, outcome.destination) == (OutcomeKind.SUCCEEDED, "")


async def test_what_the_bank_refuses_is_in_the_buyers_alipay_balance_and_is_not_paid_again(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    await merchant.seed("card", channel="BANKCARD")
    await payments.refund(leg_row(reference="card"))
    await merchant.told(f"refunds/{LEG_NUMBER}/deposit-back", {"status": "F"})
    outcome = await payments.query(leg_row(reference="card", state=LegState.SUCCEEDED))
    assert (outcome.kind, outcome.destination) == (OutcomeKind.SUCCEEDED, "支付宝余额")
    assert (await merchant.box.tally(LEG_NUMBER))["not_reversed"] == 1


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (LegState.SUCCEEDED, OutcomeKind.REVERSED),
        (LegState.REVERSED, OutcomeKind.REVERSED),
        (LegState.CONFIRMING, OutcomeKind.REJECTED),
    ],
)
async def test_where_it_comes_back_to_the_merchant_the_success_is_reversed(
    merchant: Merchant, state: LegState, kind: OutcomeKind
) -> None:
    adapter = adapter_of(block_for(merchant, bounced_refund=Bounce.MERCHANT))
    await merchant.seed("card", channel="BANKCARD")
    await adapter.refund(leg_row(reference="card"))
    await merchant.told(f"refunds/{LEG_NUMBER}/deposit-back", {"status": "F", "to": "merchant"})
    outcome = await adapter.query(leg_row(reference="card", state=state))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (kind, "deposit_back_failed", True)
    await adapter.close()
