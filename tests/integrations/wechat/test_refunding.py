"""Ordering a refund: what the adapter makes of WeChat Pay's answers, and that money moves once."""

from __future__ import annotations

import asyncio

import pytest

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import LegState, PayoutMethod
from integrations.wechat import WeChatPayments, WeChatWire
from tests.integrations.wechat.servers import LEG_NUMBER, OUT_TRADE_NO, WeChatBox, leg_row


async def test_an_accepted_refund_is_pending_until_it_has_succeeded(
    wechat: WeChatBox, payments: WeChatPayments
) -> None:
    accepted = await payments.refund(leg_row())
    assert (accepted.kind, accepted.code) == (OutcomeKind.PENDING, "PROCESSING")
    await wechat.finish("success")
    done = await payments.query(leg_row())
    assert (done.kind, done.code, done.sentence) == (OutcomeKind.SUCCEEDED, "", "")
    assert done.provider_reference == accepted.provider_reference
    assert done.destination == "支付用户零钱"


async def test_a_second_refund_with_the_same_number_moves_no_money(wechat: WeChatBox, payments: WeChatPayments) -> None:
    first = await payments.refund(leg_row())
    await wechat.finish("success")
    again = await payments.refund(leg_row())
    assert (again.kind, again.provider_reference) == (OutcomeKind.SUCCEEDED, first.provider_reference)
    assert await wechat.executions() == 1


async def test_an_order_is_also_found_by_the_merchants_own_number(wechat: WeChatBox, payments: WeChatPayments) -> None:
    assert (await payments.refund(leg_row(reference=f"out:{OUT_TRADE_NO}"))).kind is OutcomeKind.PENDING
    assert await wechat.executions() == 1


@pytest.mark.parametrize(
    ("leg", "code"),
    [
        (leg_row(currency="USD"), "currency_not_offered"),
        (leg_row(minor=0), "amount_not_sendable"),
        (leg_row(minor=10_001), "amount_not_sendable"),
        (leg_row(reference=""), "reference_unknown"),
        (leg_row(reference="out:"), "reference_unknown"),
    ],
)
async def test_what_cannot_be_said_to_wechat_pay_is_rejected_unsent(
    wechat: WeChatBox, payments: WeChatPayments, leg: LegRow, code: str
) -> None:
    outcome = await payments.refund(leg)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, code)
    assert outcome.sentence
    assert (await wechat.admin.get("/admin/requests")).json()["requests"] == []


async def test_a_payout_is_not_offered(wechat: WeChatBox, payments: WeChatPayments) -> None:
    outcome = await payments.pay_out(leg_row(), Payee(token="p-1", method=PayoutMethod.WECHAT_PAY))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.REJECTED, "not_offered", False)
    assert (await wechat.admin.get("/admin/requests")).json()["requests"] == []


@pytest.mark.parametrize("fault", ["execute_then_drop", "execute_then_500", "truncate", "unreadable"])
async def test_an_executed_refund_whose_answer_is_lost_is_unknown_and_found(
    wechat: WeChatBox, payments: WeChatPayments, fault: str
) -> None:
    await wechat.script(fault)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    assert (await payments.query(leg_row())).kind is OutcomeKind.PENDING
    assert (await payments.refund(leg_row())).kind is OutcomeKind.PENDING
    assert await wechat.executions() == 1


@pytest.mark.parametrize("fault", ["drop_request", "error_500"])
async def test_a_request_that_got_lost_is_unknown_and_not_found(
    wechat: WeChatBox, payments: WeChatPayments, fault: str
) -> None:
    await wechat.script(fault)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    assert (await payments.query(leg_row())).kind is OutcomeKind.NOT_FOUND
    assert await wechat.executions() == 0


async def test_an_answer_slower_than_our_patience_is_unknown(wechat: WeChatBox) -> None:
    hasty = WeChatPayments(WeChatWire(wechat.account(timeout_s=0.5)))
    await wechat.script("hold_after_execute")
    outcome = await hasty.refund(leg_row())
    await hasty.close()
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "deadline_passed")


async def test_a_connection_that_is_refused_has_sent_nothing(wechat: WeChatBox) -> None:
    unreachable = WeChatPayments(WeChatWire(wechat.account(api_base="http://127.0.0.1:1")))
    assert (await unreachable.refund(leg_row())).kind is OutcomeKind.RETRY_SAME
    assert (await unreachable.query(leg_row())).kind is OutcomeKind.UNKNOWN
    await unreachable.close()


async def test_another_refund_of_the_order_waits_for_its_minute(wechat: WeChatBox, payments: WeChatPayments) -> None:
    await payments.refund(leg_row())
    second = leg_row(provider_number="another-leg")
    early = await payments.refund(second)
    assert (early.kind, early.code, early.retry_after_s) == (OutcomeKind.RETRY_SAME, "FREQUENCY_LIMITED", 60)
    await wechat.advance(60)
    assert (await payments.refund(second)).kind is OutcomeKind.PENDING
    assert await wechat.executions("another-leg") == 1


async def test_too_many_calls_are_told_from_an_executed_one_by_a_look(
    wechat: WeChatBox, payments: WeChatPayments
) -> None:
    await payments.refund(leg_row())
    await wechat.script("429")
    assert (await payments.refund(leg_row())).kind is OutcomeKind.PENDING


async def test_too_many_calls_may_be_believed_by_setting(wechat: WeChatBox) -> None:
    adapter = WeChatPayments(WeChatWire(wechat.account()), spacing_s=7, rate_limited="retry_same")
    await wechat.script("429")
    outcome = await adapter.refund(leg_row())
    assert (outcome.kind, outcome.retry_after_s) == (OutcomeKind.RETRY_SAME, 7)
    methods = [each["method"] for each in (await wechat.admin.get("/admin/requests")).json()["requests"]]
    assert methods == ["POST"]
    await adapter.close()


@pytest.mark.parametrize(
    ("ended", "state", "kind", "elsewhere"),
    [
        ("closed", LegState.PENDING, OutcomeKind.REJECTED, False),
        ("closed", LegState.SUCCEEDED, OutcomeKind.REVERSED, False),
        ("abnormal", LegState.PENDING, OutcomeKind.NEEDS_PAYEE, True),
        ("abnormal", LegState.SUCCEEDED, OutcomeKind.REVERSED, True),
        ("abnormal", LegState.REVERSED, OutcomeKind.REVERSED, True),
    ],
)
async def test_how_a_refund_that_fails_in_the_end_is_told(
    wechat: WeChatBox, payments: WeChatPayments, ended: str, state: LegState, kind: OutcomeKind, elsewhere: bool
) -> None:
    await payments.refund(leg_row())
    await wechat.finish(ended)
    outcome = await payments.query(leg_row(state=state))
    assert (outcome.kind, outcome.elsewhere, outcome.code) == (kind, elsewhere, ended.upper())
    assert (await wechat.tally())["not_reversed"] == 0


async def test_a_success_that_a_bank_sends_back_is_reversed(wechat: WeChatBox, payments: WeChatPayments) -> None:
    await payments.refund(leg_row())
    await wechat.finish("success")
    await wechat.reverse()
    outcome = await payments.query(leg_row(state=LegState.SUCCEEDED))
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.REVERSED, True)


@pytest.mark.parametrize("setting", ["REFUND_FEE_MISMATCH", "INVALID_REQUEST"])
async def test_the_same_number_with_another_amount_is_a_conflict(
    wechat: WeChatBox, payments: WeChatPayments, setting: str
) -> None:
    await payments.refund(leg_row())
    if setting == "INVALID_REQUEST":
        await wechat.post("/admin/wechat/errors", code=setting)
    outcome = await payments.refund(leg_row(minor=2_000))
    assert outcome.kind is OutcomeKind.CONFLICT
    assert await wechat.executions() == 1


async def test_a_look_reads_another_amount_as_a_conflict(wechat: WeChatBox, payments: WeChatPayments) -> None:
    await payments.refund(leg_row())
    await wechat.finish("abnormal")
    outcome = await payments.query(leg_row(minor=2_000))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.CONFLICT, "other_amount", False)


async def test_what_the_merchants_platform_changes_by_hand_is_seen(wechat: WeChatBox, payments: WeChatPayments) -> None:
    await payments.refund(leg_row())
    await wechat.finish("abnormal")
    refund_id = (await payments.query(leg_row())).provider_reference
    status, _ = await wechat.sdk.abnormal_refund(
        refund_id, LEG_NUMBER, "USER_BANK_CARD", "ICBC_DEBIT", "6222020000000000", "王芳"
    )
    assert status == 200
    await wechat.finish("success")
    outcome = await payments.query(leg_row())
    assert (outcome.kind, outcome.destination) == (OutcomeKind.SUCCEEDED, "招商银行借记卡0403")
    assert (await wechat.tally())["not_reversed"] == 1


async def test_each_refund_asks_for_its_callback(wechat: WeChatBox) -> None:
    adapter = WeChatPayments(WeChatWire(wechat.account(notify_url="https://shop.example/webhooks/wechat")))
    assert (await adapter.refund(leg_row())).kind is OutcomeKind.PENDING
    await adapter.close()
    await adapter.close()


async def test_many_refunds_at_once_share_the_connections(wechat: WeChatBox, payments: WeChatPayments) -> None:
    orders = [f"42000009{number:04d}" for number in range(8)]
    seeds = [{"reference": order, "amount": 10_000} for order in orders]
    await wechat.post("/admin/wechat/payments/bulk", payments=seeds)
    legs = [leg_row(reference=order, provider_number=f"leg-{order}") for order in orders]
    outcomes = await asyncio.gather(*map(payments.refund, legs))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.PENDING}


BAD_DAYS = ("drop_request", "execute_then_drop", "execute_then_500", "error_500", "429", "truncate", "unreadable")


async def paid(payments: WeChatPayments, leg: LegRow) -> PaymentOutcome:
    """What the workflow does: whatever is unknown is looked up, and only sent again if nothing is there."""
    outcome = await payments.refund(leg)
    while outcome.kind is not OutcomeKind.PENDING:
        assert outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.RETRY_SAME, OutcomeKind.NOT_FOUND)
        look = outcome.kind is OutcomeKind.UNKNOWN
        outcome = await (payments.query(leg) if look else payments.refund(leg))
    return outcome


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_on_the_worst_of_days_each_leg_is_executed_once(
    wechat: WeChatBox, payments: WeChatPayments, seed: int
) -> None:
    orders = [f"42000009{number:04d}" for number in range(20)]
    seeds = [{"reference": order, "amount": 10_000} for order in orders]
    await wechat.post("/admin/wechat/payments/bulk", payments=seeds)
    faults = {"kinds": BAD_DAYS, "method": "*", "rate": 0.6, "seed": seed}
    await wechat.admin.put("/admin/faults/random", json=faults)
    legs = [leg_row(reference=order, provider_number=f"leg-{order}") for order in orders]
    await asyncio.gather(*(paid(payments, leg) for leg in legs))
    report = (await wechat.admin.get("/admin/executions")).json()["legs"]
    assert {leg: tally["executions"] for leg, tally in report.items()} == {leg.leg.provider_number: 1 for leg in legs}
