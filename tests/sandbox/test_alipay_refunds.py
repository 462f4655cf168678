"""Refunds of trades as Alipay executes and refuses them, asked for by python-alipay-sdk."""

from __future__ import annotations

from asyncio import to_thread

import pytest

from sandbox.alipay import AlipaySettings
from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from tests.integrations.alipay.merchant import TRADE, Merchant
from tests.sandbox.servers import Box, serving

DAY_S = 86_400


@pytest.fixture
async def merchant(box: Box) -> Merchant:
    return await Merchant.of(box)


async def test_the_sdks_own_refund_and_query_are_understood_and_their_answers_verified(merchant: Merchant) -> None:
    sdk = merchant.sdk()
    done = await to_thread(sdk.api_alipay_trade_refund, "10.00", trade_no=TRADE, out_request_no="leg-1")
    assert (done["code"], done["fund_change"], done["refund_fee"]) == ("10000", "Y", "10.00")
    seen = await to_thread(sdk.api_alipay_trade_fastpay_refund_query, "leg-1", trade_no=TRADE)
    assert (seen["refund_status"], seen["refund_amount"]) == ("REFUND_SUCCESS", "10.00")
    trade = await to_thread(sdk.api_alipay_trade_query, out_trade_no=f"order-{TRADE}")
    assert (trade["trade_no"], trade["trade_status"], trade["total_amount"]) == (TRADE, "TRADE_SUCCESS", "100.00")


async def test_a_refund_is_counted_by_its_number_and_its_trade(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    report = (await merchant.box.admin.get("/admin/executions")).json()
    assert report["legs"]["leg-1"]["executed_minor"] == 1_000
    assert report["payments"][TRADE]["executions"] == 1


async def test_the_same_number_again_says_that_no_money_moved(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    again = await merchant.refund("10.00")
    assert (again["code"], again["fund_change"]) == ("10000", "N")
    assert await merchant.box.executions() == 1


async def test_what_a_repeat_says_is_a_setting(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    monkeypatch.setenv("SANDBOX_ALIPAY_REPEAT_FUND_CHANGE", "Y")
    async with serving(create_app(SandboxSettings())) as url:
        merchant = await Merchant.of(Box(url, type(box.admin)(base_url=url), box.sdk))
        answers = [await merchant.refund("10.00") for _ in range(2)]
        await merchant.box.admin.aclose()
    assert [answer["fund_change"] for answer in answers] == ["Y", "Y"]


async def test_the_same_number_with_another_amount_is_refused(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    assert (await merchant.refund("10.01"))["sub_code"] == "ACQ.DISCORDANT_REPEAT_REQUEST"


async def test_a_number_is_unique_within_its_trade_alone(merchant: Merchant) -> None:
    await merchant.seed("2026112222001400000000000002")
    await merchant.refund("10.00")
    assert (await merchant.refund("10.00", trade="2026112222001400000000000002"))["fund_change"] == "Y"
    assert await merchant.box.executions() == 2


async def test_what_is_refunded_adds_up_in_the_answer(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    await merchant.box.advance(4)
    second = await merchant.refund("20.50", number="leg-2")
    assert second["refund_fee"] == "30.50"


async def test_two_refunds_of_a_trade_need_three_seconds_between_them(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    assert (await merchant.refund("10.00", number="leg-2"))["code"] == "40005"
    await merchant.box.advance(3)
    assert (await merchant.refund("10.00", number="leg-2"))["fund_change"] == "Y"


async def test_a_refund_of_everything_needs_no_number_and_closes_the_trade(merchant: Merchant) -> None:
    content = {"trade_no": TRADE, "refund_amount": "100.00"}
    assert (await merchant.call("alipay.trade.refund", content))["fund_change"] == "Y"
    assert (await merchant.call("alipay.trade.query", {"trade_no": TRADE}))["trade_status"] == "TRADE_CLOSED"
    await merchant.box.advance(4)
    assert (await merchant.refund("1.00"))["sub_code"] == "ACQ.TRADE_HAS_CLOSE"


async def test_a_part_needs_a_number(merchant: Merchant) -> None:
    answer = await merchant.call("alipay.trade.refund", {"trade_no": TRADE, "refund_amount": "1.00"})
    assert answer["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"


@pytest.mark.parametrize("yuan", ["0", "-1.00", "1.001", "1,00", "", "ten"])
async def test_what_is_no_amount_is_refused(merchant: Merchant, yuan: str) -> None:
    assert (await merchant.refund(yuan))["sub_code"] == "ACQ.INVALID_PARAMETER"


async def test_more_than_is_left_is_refused(merchant: Merchant) -> None:
    await merchant.refund("60.00")
    await merchant.box.advance(4)
    assert (await merchant.refund("40.01", number="leg-2"))["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"


async def test_past_the_deadline_the_trade_is_finished(merchant: Merchant) -> None:
    await merchant.box.advance(AlipaySettings().refund_within_days * DAY_S + 1)
    assert (await merchant.refund())["sub_code"] == "ACQ.TRADE_HAS_FINISHED"


@pytest.mark.parametrize(
    ("status", "sub_code"),
    [
        ("WAIT_BUYER_PAY", "ACQ.TRADE_STATUS_ERROR"),
        ("TRADE_FINISHED", "ACQ.TRADE_HAS_FINISHED"),
        ("TRADE_CLOSED", "ACQ.TRADE_HAS_CLOSE"),
    ],
)
async def test_a_trade_that_is_not_paid_and_open_refunds_nothing(
    merchant: Merchant, status: str, sub_code: str
) -> None:
    await merchant.status(status)
    assert (await merchant.refund())["sub_code"] == sub_code
    assert await merchant.box.executions() == 0


@pytest.mark.parametrize(
    ("state", "sub_code"), [("not_exist", "ACQ.BUYER_NOT_EXIST"), ("frozen", "ACQ.BUYER_ENABLE_STATUS_FORBID")]
)
async def test_a_buyer_who_cannot_take_money_gets_none(merchant: Merchant, state: str, sub_code: str) -> None:
    await merchant.payee("13800005620", state=state)
    assert (await merchant.refund())["sub_code"] == sub_code


async def test_an_empty_balance_refunds_nothing_until_it_is_filled(merchant: Merchant) -> None:
    await merchant.fund(999)
    assert (await merchant.refund("10.00"))["sub_code"] == "ACQ.SELLER_BALANCE_NOT_ENOUGH"
    await merchant.fund(1_000)
    assert (await merchant.refund("10.00"))["fund_change"] == "Y"


@pytest.mark.parametrize("method", ["alipay.trade.refund", "alipay.trade.query"])
async def test_a_trade_that_nobody_paid_does_not_exist(merchant: Merchant, method: str) -> None:
    content = {"trade_no": "nobody's", "refund_amount": "1.00", "out_request_no": "leg-1"}
    assert (await merchant.call(method, content))["sub_code"] == "ACQ.TRADE_NOT_EXIST"


async def test_a_look_for_a_number_that_was_never_sent_shows_nothing_but_the_code(merchant: Merchant) -> None:
    assert await merchant.refund_of() == {"code": "10000", "msg": "Success"}


async def test_a_look_into_a_trade_that_does_not_exist_says_so(merchant: Merchant) -> None:
    assert (await merchant.refund_of(trade="nobody's"))["sub_code"] == "TRADE_NOT_EXIST"


async def test_a_refund_that_was_only_accepted_is_not_shown_until_it_is_executed(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    assert (await merchant.refund())["fund_change"] == "N"
    assert "refund_status" not in await merchant.refund_of()
    assert await merchant.box.executions() == 0
    await merchant.told("refunds/leg-1/finish", {"outcome": "succeed"})
    assert (await merchant.refund_of())["refund_status"] == "REFUND_SUCCESS"
    assert await merchant.box.executions() == 1


async def test_asking_again_executes_what_was_only_accepted(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    await merchant.refund()
    assert (await merchant.refund())["fund_change"] == "Y"
    assert await merchant.box.executions() == 1


async def test_an_accepted_refund_that_is_dropped_was_never_asked_for(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    await merchant.refund()
    await merchant.told("refunds/leg-1/finish", {"outcome": "fail"})
    assert "refund_status" not in await merchant.refund_of()
    await merchant.box.advance(4)
    assert (await merchant.refund("12.00"))["fund_change"] == "Y"


async def test_an_accepted_refund_that_finds_nothing_left_is_refused(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    await merchant.refund("60.00")
    await merchant.box.advance(4)
    await merchant.refund("60.00", number="leg-2")
    answer = await merchant.box.admin.post("/admin/alipay/refunds/leg-1/finish", json={"outcome": "succeed"})
    assert (answer.status_code, answer.json()["detail"]["message"]) == (409, "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
    assert (await merchant.refund("60.00"))["sub_code"] == "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"


async def test_the_bank_of_a_card_takes_its_time(merchant: Merchant) -> None:
    await merchant.seed("card", channel="BANKCARD")
    await merchant.refund(trade="card")
    seen = await merchant.refund_of("leg-1", "card", "deposit_back_info", "refund_detail_item_list", "gmt_refund_pay")
    assert seen["deposit_back_info"] == {"has_deposit_back": "true", "dback_status": "P", "dback_amount": "10.00"}
    assert seen["refund_detail_item_list"] == [{"fund_channel": "BANKCARD", "amount": "10.00"}]
    assert seen["gmt_refund_pay"]
    await merchant.told("refunds/leg-1/deposit-back", {"status": "S"})
    seen = await merchant.refund_of("leg-1", "card", "deposit_back_info")
    assert seen["deposit_back_info"]["dback_status"] == "S"


@pytest.mark.parametrize(("to", "left"), [("buyer", 1), ("merchant", 0)])
async def test_what_a_bank_refuses_stays_with_the_buyer_or_comes_back(merchant: Merchant, to: str, left: int) -> None:
    await merchant.seed("card", channel="BANKCARD")
    await merchant.refund(trade="card")
    await merchant.told("refunds/leg-1/deposit-back", {"status": "F", "to": to})
    seen = await merchant.refund_of("leg-1", "card", "deposit_back_info")
    assert seen["deposit_back_info"] == {"has_deposit_back": "true", "dback_status": "F"}
    assert (await merchant.box.tally())["not_reversed"] == left
