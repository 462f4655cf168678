"""What WeChat Pay accepts, refuses and finishes, seen through its real SDK (申请退款, 查询单笔退款)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.wechat import WeChatSandboxSettings
from tests.integrations.wechat.servers import (
    LEG_NUMBER,
    OUT_TRADE_NO,
    REFERENCE,
    WeChatBox,
    wechat_box,
)
from tests.sandbox.servers import until

DAY_S = 86_400


@pytest.fixture(scope="module")
async def module_box() -> AsyncIterator[WeChatBox]:
    async with wechat_box() as running:
        yield running


@pytest.fixture
async def wechat(module_box: WeChatBox) -> WeChatBox:
    """A new sandbox with one paid order of 100.00 CNY."""
    await module_box.reset()
    return module_box


async def test_an_accepted_refund_is_under_way_and_counts_by_our_number(wechat: WeChatBox) -> None:
    status, refund = await wechat.refund()
    assert (status, refund["status"], refund["out_refund_no"]) == (200, "PROCESSING", LEG_NUMBER)
    assert refund["amount"]["refund"] == 1_000
    assert refund["transaction_id"] == REFERENCE
    assert "success_time" not in refund
    tally = await wechat.tally()
    assert (tally["executions"], tally["executed_minor"]) == (1, 1_000)


async def test_the_same_number_again_is_the_same_refund(wechat: WeChatBox) -> None:
    _, first = await wechat.refund()
    await wechat.finish("success")
    _, again = await wechat.refund()
    assert (again["refund_id"], again["status"]) == (first["refund_id"], "SUCCESS")
    assert await wechat.executions() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"minor": 999},
        {"amount": {"refund": 1_000, "total": 9_999, "currency": "CNY"}},
        {"transaction_id": "4200000000"},
    ],
)
async def test_the_same_number_with_other_parameters_is_a_mismatch(wechat: WeChatBox, change: dict[str, Any]) -> None:
    await wechat.refund()
    status, error = await wechat.refund(**change)
    assert (status, error["code"]) == (400, "REFUND_FEE_MISMATCH")
    assert await wechat.executions() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "no spaces"}, "/out_refund_no"),
        ({"number": "x" * 65}, "/out_refund_no"),
        ({"reason": "长" * 27}, "/reason"),
        ({"notify_url": "https://shop.example/?a=1"}, "/notify_url"),
        ({"notify_url": "shop.example"}, "/notify_url"),
        ({"amount": {"refund": 0, "total": 10_000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": 1.5, "total": 10_000, "currency": "CNY"}}, "/amount/refund"),
        ({"amount": {"refund": 1, "currency": "CNY"}}, "/amount/total"),
        ({"amount": {"refund": 1, "total": 10_000}}, "/amount/currency"),
        ({"amount": {"refund": 1, "total": 10_000, "currency": "USD"}}, "/amount/currency"),
        ({"amount": [1]}, "/amount"),
    ],
)
async def test_a_malformed_field_is_named(wechat: WeChatBox, change: dict[str, Any], field: str) -> None:
    status, error = await wechat.refund(**change)
    assert (status, error["code"], error["detail"]["field"]) == (400, "PARAM_ERROR", field)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"transaction_id": "4200000000"}, 404, "RESOURCE_NOT_EXISTS"),
        ({"transaction_id": OUT_TRADE_NO}, 404, "RESOURCE_NOT_EXISTS"),
        ({"minor": 10_001}, 400, "INVALID_REQUEST"),
        ({"amount": {"refund": 1, "total": 9_999, "currency": "CNY"}}, 400, "REFUND_FEE_MISMATCH"),
    ],
)
async def test_a_refund_that_the_order_does_not_bear_is_refused(
    wechat: WeChatBox, change: dict[str, Any], status: int, code: str
) -> None:
    refused, error = await wechat.refund(**change)
    assert (refused, error["code"]) == (status, code)
    assert await wechat.executions() == 0


async def test_an_order_is_known_by_either_number(wechat: WeChatBox) -> None:
    status, refund = await wechat.refund(transaction_id=None, out_trade_no=OUT_TRADE_NO)
    assert (status, refund["transaction_id"]) == (200, REFERENCE)
    status, again = await wechat.refund()
    assert (status, again["refund_id"]) == (200, refund["refund_id"])


async def test_two_refunds_of_an_order_are_a_minute_apart(wechat: WeChatBox) -> None:
    await wechat.refund()
    await wechat.advance(59)
    status, error = await wechat.refund(number="another-leg")
    assert (status, error["code"]) == (429, "FREQUENCY_LIMITED")
    await wechat.advance(1)
    assert (await wechat.refund(number="another-leg"))[0] == 200


async def test_refunds_never_exceed_the_order_and_a_closed_one_gives_its_part_back(wechat: WeChatBox) -> None:
    await wechat.refund(9_000)
    await wechat.advance(60)
    assert (await wechat.refund(1_001, "another-leg"))[1]["code"] == "INVALID_REQUEST"
    await wechat.finish("closed")
    assert (await wechat.refund(1_001, "another-leg"))[0] == 200
    assert (await wechat.tally())["not_reversed"] == 0


async def test_a_year_after_the_payment_nothing_is_refunded(wechat: WeChatBox) -> None:
    await wechat.advance(365 * DAY_S - 60)
    assert (await wechat.refund())[0] == 200
    await wechat.advance(120)
    assert (await wechat.refund(number="another-leg"))[1]["code"] == "TRADE_OVERDUE"


async def test_the_merchants_balance_pays_and_is_given_back(wechat: WeChatBox) -> None:
    await wechat.admin.put("/admin/balance", json={"provider": "wechat", "currency": "CNY", "amount": 1_500})
    await wechat.refund()
    await wechat.advance(60)
    status, error = await wechat.refund(number="another-leg")
    assert (status, error["code"]) == (403, "NOT_ENOUGH")
    await wechat.finish("abnormal")
    assert (await wechat.refund(number="another-leg"))[0] == 200


async def test_an_abnormal_account_is_told_before_anything_moves(wechat: WeChatBox) -> None:
    path = f"/admin/wechat/payments/{REFERENCE}/payer"
    assert (await wechat.admin.put(path, json={})).json()["payer_abnormal"] is True
    status, error = await wechat.refund()
    assert (status, error["code"]) == (403, "USER_ACCOUNT_ABNORMAL")
    await wechat.admin.put(path, json={"abnormal": False})
    assert (await wechat.refund())[0] == 200


@pytest.mark.parametrize("outcome", ["success", "closed", "abnormal"])
async def test_a_look_shows_the_present_state(wechat: WeChatBox, outcome: str) -> None:
    await wechat.refund()
    await wechat.finish(outcome)
    status, refund = await wechat.look()
    assert (status, refund["status"]) == (200, outcome.upper())
    assert ("success_time" in refund) == (outcome == "success")


async def test_a_look_knows_the_merchants_number_alone(wechat: WeChatBox) -> None:
    _, refund = await wechat.refund()
    for number in ("unknown-leg", refund["refund_id"]):
        status, error = await wechat.look(number)
        assert (status, error["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_an_abnormal_refund_goes_to_another_card(wechat: WeChatBox) -> None:
    _, refund = await wechat.refund()
    card = ("USER_BANK_CARD", "ICBC_DEBIT", "6222020000000000", "王芳")
    status, _ = await wechat.sdk.abnormal_refund(refund["refund_id"], LEG_NUMBER, *card)
    assert status == 400  # still under way
    await wechat.finish("abnormal")
    assert (await wechat.tally())["not_reversed"] == 0
    status, _ = await wechat.sdk.abnormal_refund(refund["refund_id"], LEG_NUMBER, *card)
    assert status == 200
    await wechat.finish("success")
    _, shown = await wechat.look()
    assert (shown["status"], shown["channel"]) == ("SUCCESS", "OTHER_BANKCARD")
    tally = await wechat.tally()
    assert (tally["executions"], tally["not_reversed"]) == (2, 1)


async def test_an_abnormal_refund_given_up_to_the_merchant_moves_nothing_more(wechat: WeChatBox) -> None:
    _, refund = await wechat.refund()
    await wechat.finish("abnormal")
    status, _ = await wechat.sdk.abnormal_refund(refund["refund_id"], LEG_NUMBER, "MERCHANT_BANK_CARD")
    assert status == 200
    assert (await wechat.tally())["not_reversed"] == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((LEG_NUMBER, "BY_POST"), 400),
        ((LEG_NUMBER, "USER_BANK_CARD"), 400),
        (("another-leg", "MERCHANT_BANK_CARD"), 404),
    ],
)
async def test_an_abnormal_refund_needs_its_number_a_way_and_encrypted_details(
    wechat: WeChatBox, arguments: tuple[str, str], status: int
) -> None:
    _, refund = await wechat.refund()
    await wechat.finish("abnormal")
    assert (await wechat.sdk.abnormal_refund(refund["refund_id"], *arguments))[0] == status


async def test_refunds_end_by_themselves_after_a_moment_and_as_a_fault_says() -> None:
    settings = WeChatSandboxSettings(settle_after_s=0.05, spacing_s=0, most_parts=3)
    async with wechat_box(settings) as wechat:
        await wechat.reset()
        for kind, number in ((None, "one"), ("requires_action", "two"), ("pending", "three")):
            if kind:
                await wechat.script(kind)
            assert (await wechat.refund(number=number))[1]["status"] == "PROCESSING"
        assert (await wechat.refund(number="four"))[1]["code"] == "INVALID_REQUEST"

        async def ended() -> bool:
            return [(await wechat.look(number))[1]["status"] for number in ("one", "two")] == ["SUCCESS", "ABNORMAL"]

        await until(ended)
        assert (await wechat.look("three"))[1]["status"] == "PROCESSING"


@pytest.mark.parametrize("fault", ["execute_then_drop", "execute_then_500"])
async def test_a_fault_after_the_execution_leaves_it_executed(wechat: WeChatBox, fault: str) -> None:
    await wechat.script(fault)
    if fault == "execute_then_500":
        assert (await wechat.refund())[0] == 500
    else:
        with pytest.raises(Exception, match="disconnected"):
            await wechat.refund()
    assert await wechat.executions() == 1


async def test_faults_are_matched_by_leg_and_by_either_name_of_the_order(wechat: WeChatBox) -> None:
    await wechat.script("error_500", leg="another-leg")
    await wechat.script("429", payment=OUT_TRADE_NO)
    assert (await wechat.refund())[0] == 429
    assert (await wechat.refund(number="another-leg"))[0] == 500
    assert await wechat.executions() == 0
