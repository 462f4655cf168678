"""Transfers to Alipay accounts, as Alipay executes, refuses, finishes and gives them back."""

from __future__ import annotations

from asyncio import to_thread

import pytest

from tests.integrations.alipay.merchant import HOLDER, LOGIN, TRANSFER, Merchant
from tests.sandbox.servers import Box


@pytest.fixture
async def merchant(box: Box) -> Merchant:
    return await Merchant.of(box)


async def test_the_sdks_own_transfer_with_certificates_is_understood(merchant: Merchant) -> None:
    order = merchant.certified_sdk().api_alipay_fund_trans_uni_transfer
    done = await to_thread(order, "leg-1", "ALIPAY_LOGON_ID", LOGIN, "10.00", HOLDER)
    assert (done["code"], done["status"]) == ("10000", "SUCCESS")
    assert await merchant.box.executions() == 1


async def test_a_transfer_is_executed_and_found_by_either_number(merchant: Merchant) -> None:
    done = await merchant.transfer("10.00")
    assert (done["code"], done["status"]) == ("10000", "SUCCESS")
    seen = await merchant.transfer_of()
    assert (seen["order_id"], seen["trans_amount"], seen["status"]) == (done["order_id"], "10.00", "SUCCESS")
    by_theirs = await merchant.call("alipay.fund.trans.common.query", {"order_id": done["order_id"]})
    assert by_theirs["out_biz_no"] == "leg-1"
    assert (await merchant.box.tally())["executed_minor"] == 1_000


async def test_the_same_number_again_is_the_same_transfer(merchant: Merchant) -> None:
    answers = [await merchant.transfer() for _ in range(2)]
    assert answers[0]["order_id"] == answers[1]["order_id"]
    assert await merchant.box.executions() == 1


@pytest.mark.parametrize("change", [{"yuan": "10.01"}, {"login": "somebody@example.com"}, {"name": "李四"}])
async def test_the_same_number_with_other_parameters_is_refused(merchant: Merchant, change: dict[str, str]) -> None:
    await merchant.transfer()
    assert (await merchant.transfer(**change))["sub_code"] == "PAYMENT_INFO_INCONSISTENCY"


@pytest.mark.parametrize(
    ("state", "sub_code"),
    [
        ("not_exist", "PAYEE_NOT_EXIST"),
        ("frozen", "PAYEE_ACCOUNT_STATUS_ERROR"),
        ("unverified", "PERM_AML_NOT_REALNAME_REV"),
        ("several", "PAYEE_ACC_OCUPIED"),
    ],
)
async def test_an_account_that_takes_no_money_gets_none(merchant: Merchant, state: str, sub_code: str) -> None:
    await merchant.payee(LOGIN, state=state)
    assert (await merchant.transfer())["sub_code"] == sub_code
    assert (await merchant.transfer_of())["sub_code"] == "ORDER_NOT_EXIST"


async def test_the_name_must_be_the_accounts(merchant: Merchant) -> None:
    await merchant.payee(LOGIN, name="李四")
    assert (await merchant.transfer())["sub_code"] == "PAYEE_USER_INFO_ERROR"
    await merchant.payee(LOGIN, name=HOLDER)
    assert (await merchant.transfer())["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("yuan", "sub_code"), [("0.09", "EXCEED_LIMIT_SM_MIN_AMOUNT"), ("50000.01", "EXCEED_LIMIT_PERSONAL_SM_AMOUNT")]
)
async def test_an_amount_beyond_the_limits_is_refused(merchant: Merchant, yuan: str, sub_code: str) -> None:
    assert (await merchant.transfer(yuan))["sub_code"] == sub_code


async def test_an_empty_balance_pays_nothing(merchant: Merchant) -> None:
    await merchant.fund(0)
    assert (await merchant.transfer())["sub_code"] == "PAYER_BALANCE_NOT_ENOUGH"


@pytest.mark.parametrize(
    "change",
    [
        {"out_biz_no": ""},
        {"out_biz_no": "9" * 65},
        {"product_code": "STD_RED_PACKET"},
        {"trans_amount": "much"},
        {"payee_info": "somebody"},
        {"payee_info": {"identity": LOGIN, "identity_type": "PASSPORT", "name": HOLDER}},
        {"payee_info": {"identity": LOGIN, "identity_type": "ALIPAY_LOGON_ID"}},
    ],
)
async def test_a_transfer_with_wrong_parameters_is_refused(merchant: Merchant, change: dict[str, object]) -> None:
    payee = {"identity": LOGIN, "identity_type": "ALIPAY_LOGON_ID", "name": HOLDER}
    content = {**TRANSFER, "out_biz_no": "leg-1", "trans_amount": "1.00", "payee_info": payee, **change}
    assert (await merchant.call("alipay.fund.trans.uni.transfer", content))["sub_code"] == "INVALID_PARAMETER"


async def test_a_look_by_our_number_needs_product_and_scene(merchant: Merchant) -> None:
    await merchant.transfer()
    answer = await merchant.call("alipay.fund.trans.common.query", {"out_biz_no": "leg-1"})
    assert answer["sub_code"] == "INVALID_PARAMETER"


@pytest.mark.parametrize("fault", ["pending", "requires_action"])
async def test_a_transfer_under_way_ends_well(merchant: Merchant, fault: str) -> None:
    await merchant.box.script(fault)
    assert (await merchant.transfer())["status"] == "DEALING"
    assert await merchant.box.executions() == 1
    await merchant.told("transfers/leg-1/finish", {"outcome": "succeed"})
    assert (await merchant.transfer_of())["status"] == "SUCCESS"


async def test_a_transfer_under_way_ends_badly_with_a_reason_and_its_money_back(merchant: Merchant) -> None:
    await merchant.box.script("pending")
    await merchant.transfer()
    await merchant.told("transfers/leg-1/finish", {"outcome": "fail", "error_code": "PAYEE_NOT_EXIST"})
    seen = await merchant.transfer_of()
    assert (seen["status"], seen["error_code"]) == ("FAIL", "PAYEE_NOT_EXIST")
    assert (await merchant.box.tally())["not_reversed"] == 0


async def test_a_success_comes_back_days_later(merchant: Merchant) -> None:
    await merchant.transfer()
    await merchant.box.advance(3 * 86_400)
    await merchant.told("transfers/leg-1/return", {})
    assert (await merchant.transfer_of())["status"] == "REFUND"
    assert (await merchant.box.tally())["not_reversed_minor"] == 0


@pytest.mark.parametrize(
    ("path", "status"),
    [("transfers/leg-1/finish", 409), ("transfers/leg-9/finish", 404), ("refunds/leg-9/finish", 404)],
)
async def test_what_is_not_under_way_cannot_be_finished(merchant: Merchant, path: str, status: int) -> None:
    await merchant.transfer()
    answer = await merchant.box.admin.post(f"/admin/alipay/{path}", json={"outcome": "fail"})
    assert answer.status_code == status


async def test_what_happened_is_listed_oldest_first(merchant: Merchant) -> None:
    for number in ("leg-1", "leg-2"):
        await merchant.transfer(number=number)
    await merchant.refund(number="leg-3")
    transfers = (await merchant.box.admin.get("/admin/alipay/transfers")).json()["transfers"]
    refunds = (await merchant.box.admin.get("/admin/alipay/refunds")).json()["refunds"]
    assert [each["out_biz_no"] for each in transfers] == ["leg-1", "leg-2"]
    assert [each["out_request_no"] for each in refunds] == ["leg-3"]
