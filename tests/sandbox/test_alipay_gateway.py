"""Alipay's gateway at the wire: who may ask, how it refuses, and the faults that strike it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.alipay.keys import is_signed, read_private_key, read_public_key, sign, signed_text
from sandbox.alipay.keys import KeyRing
from sandbox.alipay.objects import BEIJING, fen, masked, yuan
from sandbox.alipay.settings import AlipaySettings
from tests.integrations.alipay.merchant import TRADE, Merchant
from tests.sandbox.servers import Box


@pytest.fixture
async def merchant(box: Box) -> Merchant:
    return await Merchant.of(box)


async def ask(merchant: Merchant, signer: rsa.RSAPrivateKey | None = None, /, **changes: str | None) -> dict[str, Any]:
    """A look at the trade by hand, with other public parameters; the bare answer."""
    wanted = {
        "app_id": merchant.app_id,
        "method": "alipay.trade.query",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}",
        "version": "1.0",
        "biz_content": json.dumps({"trade_no": TRADE}),
        **changes,
    }
    form = {name: value for name, value in wanted.items() if value is not None}
    form.setdefault("sign", sign(signed_text(form), signer or read_private_key(merchant.private_key, "")))
    answer = await merchant.box.admin.post("/gateway.do", data={name: value for name, value in form.items() if value})
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_form_and_a_query_string_are_read_alike(merchant: Merchant) -> None:
    assert (await ask(merchant))["alipay_trade_query_response"]["trade_no"] == TRADE


async def test_the_signature_is_over_the_exact_text_of_the_node(merchant: Merchant) -> None:
    form = {"app_id": merchant.app_id, "method": "alipay.trade.query", "sign": "x", "timestamp": "x", "version": "1.0"}
    text = (await merchant.box.admin.post("/gateway.do", data=form)).text
    node = text[text.index(":") + 1 : text.index(',"sign"')]
    key = read_public_key(merchant.public_keys[0], "")
    assert is_signed(node.encode(), json.loads(text)["sign"], [key])
    assert not is_signed(node.encode() + b" ", json.loads(text)["sign"], [key])


@pytest.mark.parametrize(
    ("changes", "code", "sub_code"),
    [
        ({"sign": None, "sign_type": "RSA"}, "40002", "isv.invalid-signature-type"),
        ({"sign": ""}, "40001", "isv.missing-signature"),
        ({"sign": "bm90IHNpZ25lZA=="}, "40002", "isv.invalid-signature"),
        ({"sign": "*"}, "40002", "isv.invalid-signature"),
        ({"timestamp": None}, "40001", "isv.missing-timestamp"),
        ({"timestamp": "yesterday"}, "40002", "isv.invalid-timestamp"),
        ({"charset": "gbk"}, "40002", "isv.invalid-charset"),
        ({"version": None}, "40001", "isv.missing-version"),
        ({"version": "2.0"}, "40002", "isv.invalid-parameter"),
        ({"biz_content": "{"}, "40002", "isv.invalid-parameter"),
    ],
)
async def test_wrong_public_parameters_are_refused_by_a_signed_answer(
    merchant: Merchant, changes: dict[str, str | None], code: str, sub_code: str
) -> None:
    answer = await ask(merchant, **changes)
    node = answer["alipay_trade_query_response"]
    assert (node["code"], node["sub_code"]) == (code, sub_code)
    assert node["msg"]
    assert answer["sign"]


@pytest.mark.parametrize("hours", [-25, 25])
async def test_a_request_of_another_day_is_refused(merchant: Merchant, hours: int) -> None:
    stamp = f"{datetime.now(BEIJING) + timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
    node = (await ask(merchant, timestamp=stamp))["alipay_trade_query_response"]
    assert node["sub_code"] == "isv.invalid-timestamp"


async def test_a_stranger_gets_an_answer_that_nobody_signed(merchant: Merchant) -> None:
    answer = await ask(merchant, app_id="2021999999999999")
    assert answer["error_response"]["sub_code"] == "isv.invalid-app-id"
    assert "sign" not in answer


async def test_an_interface_that_does_not_exist_has_no_name_for_its_answer(merchant: Merchant) -> None:
    answer = await ask(merchant, method="alipay.trade.undo")
    assert answer["error_response"]["sub_code"] == "isv.invalid-method"
    assert answer["sign"]


async def test_somebody_elses_key_signs_nothing(merchant: Merchant) -> None:
    stranger = KeyRing(AlipaySettings()).stranger
    node = (await ask(merchant, stranger))["alipay_trade_query_response"]
    assert node["sub_code"] == "isv.invalid-signature"


@pytest.mark.parametrize(
    ("fault", "code", "sub_code", "executed"),
    [
        ("error_500", "20000", "isp.unknow-error", 0),
        ("execute_then_500", "40004", "ACQ.SYSTEM_ERROR", 1),
        ("429", "40005", "isv.app-call-limited", 0),
    ],
)
async def test_a_fault_has_alipays_words(
    merchant: Merchant, fault: str, code: str, sub_code: str, executed: int
) -> None:
    await merchant.box.script(fault)
    answer = await merchant.refund()
    assert (answer["code"], answer["sub_code"]) == (code, sub_code)
    assert await merchant.box.executions() == executed


async def test_a_transfer_that_fails_after_it_was_executed_says_system_error(merchant: Merchant) -> None:
    await merchant.box.script("execute_then_500")
    assert (await merchant.transfer())["sub_code"] == "SYSTEM_ERROR"
    assert await merchant.box.executions() == 1


async def test_a_look_counts_as_a_get_so_that_a_fault_finds_orders_alone(merchant: Merchant) -> None:
    await merchant.box.script("error_500")
    assert (await merchant.refund_of())["code"] == "10000"
    assert (await merchant.refund())["code"] == "20000"
    await merchant.box.script("execute_then_500", method="GET")
    assert (await merchant.refund())["code"] == "10000"
    assert (await merchant.refund_of())["sub_code"] == "aop.unknow-error"
    assert [row["method"] for row in await merchant.box.requests()] == ["GET", "POST", "POST", "GET"]


async def test_the_log_names_interface_leg_and_trade(merchant: Merchant) -> None:
    await merchant.call("alipay.trade.refund", {"out_trade_no": f"order-{TRADE}", "refund_amount": "100.00"})
    await merchant.refund_of("leg-7")
    first, second = await merchant.box.requests()
    assert (first["query"], first["payment"], first["leg"]) == ("method=alipay.trade.refund", TRADE, None)
    assert (second["leg"], second["payment"]) == ("leg-7", TRADE)


async def test_a_fault_finds_its_payment_by_either_name(merchant: Merchant) -> None:
    await merchant.box.script("error_500", payment=f"order-{TRADE}")
    assert (await merchant.refund())["code"] == "20000"


@pytest.mark.parametrize(("executes", "executed"), [(False, 0), (True, 1)])
async def test_a_scripted_refusal_meets_the_next_call_of_its_interface(
    merchant: Merchant, executes: bool, executed: int
) -> None:
    await merchant.told("errors", {"sub_code": "ACQ.TRADE_NOT_ALLOW_REFUND", "executes": executes})
    assert (await merchant.transfer(number="leg-2"))["code"] == "10000"
    answer = await merchant.refund()
    assert (answer["code"], answer["sub_code"]) == ("40004", "ACQ.TRADE_NOT_ALLOW_REFUND")
    assert await merchant.box.executions("leg-1") == executed
    assert (await merchant.refund())["code"] == "10000"


async def test_a_refusal_can_be_scripted_for_one_leg_and_several_times(merchant: Merchant) -> None:
    script = {"code": "40006", "sub_code": "isv.insufficient-isv-permissions", "leg": "leg-1", "times": 2}
    await merchant.told("errors", {**script, "method": "alipay.fund.trans.uni.transfer"})
    assert (await merchant.transfer(number="leg-2"))["code"] == "10000"
    assert [(await merchant.transfer())["code"] for _ in range(3)] == ["40006", "40006", "10000"]


async def test_the_same_seed_again_changes_nothing_and_another_of_its_name_is_refused(merchant: Merchant) -> None:
    await merchant.refund("10.00")
    await merchant.seed()
    assert (await merchant.refund("10.00"))["fund_change"] == "N"
    other = {"reference": TRADE, "amount": 1}
    assert (await merchant.box.admin.post("/admin/alipay/payments", json=other)).status_code == 409


async def test_many_payments_are_seeded_all_or_none(merchant: Merchant) -> None:
    wrong = [{"reference": "new", "amount": 5}, {"reference": TRADE, "amount": 1}]
    answer = await merchant.box.admin.post("/admin/alipay/payments/bulk", json={"payments": wrong})
    assert answer.status_code == 409
    assert (await merchant.refund("0.05", trade="new"))["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert await merchant.told("payments/bulk", {"payments": wrong[:1]}) == {"payments": 1}
    assert (await merchant.refund("0.05", trade="new"))["code"] == "10000"


async def test_a_trade_in_another_currency_cannot_be_seeded(merchant: Merchant) -> None:
    body = {"reference": "dollars", "amount": 100, "currency": "USD"}
    assert (await merchant.box.admin.post("/admin/alipay/payments", json=body)).status_code == 422


def test_keys_that_are_set_are_used_and_the_merchants_private_one_is_not_known() -> None:
    made = KeyRing(AlipaySettings())
    private = str(made.shown()["private_key"])
    public = made.shown()["public_keys"]
    assert isinstance(public, list)
    ring = KeyRing(AlipaySettings.model_validate({"private_key": private, "merchant_public_key": public[0]}))
    assert ring.shown()["private_key"] is None
    assert ring.is_merchants("text", sign("text", made.alipay))
    assert is_signed(b"text", sign("text", ring.alipay), [read_private_key(private, "").public_key()])


@pytest.mark.parametrize(
    ("text", "minor"), [("12.30", 1_230), ("12.3", 1_230), ("0.01", 1), ("7", 700), ("0.00", None), ("1.234", None)]
)
def test_yuan_are_read_as_fen(text: str, minor: int | None) -> None:
    assert fen(text) == minor


def test_fen_are_shown_as_yuan_and_logins_masked() -> None:
    assert [yuan(1_230), yuan(-5), yuan(0)] == ["12.30", "-0.05", "0.00"]
    assert [masked("13800005620"), masked("alice@example.com")] == ["138****5620", "al***@example.com"]
