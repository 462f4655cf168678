"""Whose answer it is and whether it can be read: everything else is unknown, whatever it says."""

from __future__ import annotations

import json

import pytest

from activities.types import OutcomeKind
from integrations.alipay import AlipayBlock, AlipayPayments
from integrations.alipay.gateway import UnclearError, read_answer
from integrations.alipay.keys import is_signed, sign, signed_text
from tests.integrations.alipay.conftest import adapter_of
from tests.integrations.alipay.script import REFUND, Script, key_of, leg_row, public_pem, refusal, success

DONE = success(fund_change="Y", trade_no="T", buyer_logon_id="张***")
KEYS = (key_of("alipay").public_key(),)


def worded(node_text: str, signer: str = "alipay", name: str = "alipay_trade_refund_response") -> bytes:
    """An answer with exactly this text for its node."""
    return f'{{"{name}":{node_text},"sign":"{sign(node_text, key_of(signer))}"}}'.encode()


@pytest.mark.parametrize(
    "node_text",
    [
        '{"code":"10000","msg":"Success","trade_no":"1"}',
        '{"code": "10000" , "msg":"a \\"quoted\\" } brace", "url":"http:\\/\\/x"}',
        '{\n  "code": "10000",\n  "nested": {"sign": "not the one"}\n}',
        '{"code":"10000","msg":"退款成功","amount":12.30,"n":1}',
    ],
)
def test_the_signature_counts_over_the_text_as_it_came(node_text: str) -> None:
    assert read_answer(worded(node_text), REFUND, KEYS).is_success


def test_numbers_stay_as_they_were_written() -> None:
    body = read_answer(worded('{"code":"10000","amount":12.30,"big":123456789012345678901}'), REFUND, KEYS).body
    assert (body["amount"], body["big"]) == ("12.30", "123456789012345678901")


def test_blanks_around_the_node_change_nothing() -> None:
    text = '{"code":"10000"}'
    body = f'{{ "sign" : "{sign(text, key_of("alipay"))}" , "alipay_trade_refund_response" :  {text} }}'
    assert read_answer(body.encode(), REFUND, KEYS).is_success


def test_an_error_of_the_gateway_itself_is_read_too() -> None:
    text = json.dumps(refusal("isv.invalid-method", "40002"))
    answer = read_answer(worded(text, name="error_response"), REFUND, KEYS)
    assert (answer.code, answer.sub_code, answer.message) == ("40002", "isv.invalid-method", "as Alipay words it")


def test_both_keys_count_while_one_replaces_the_other() -> None:
    keys = (key_of("new").public_key(), key_of("alipay").public_key())
    assert read_answer(worded('{"code":"10000"}'), REFUND, keys).is_success


@pytest.mark.parametrize(
    "body",
    [
        worded('{"code":"10000"}', signer="somebody else"),
        worded('{"code":"10000"}').replace(b"10000", b"10001"),
        b'{"alipay_trade_refund_response":{"code":"10000"}}',
        b'{"alipay_trade_refund_response":{"code":"10000"},"sign":7}',
        b'{"alipay_trade_refund_response":{"code":"10000"},"sign":"***"}',
        b'{"error_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}',
    ],
)
def test_what_alipay_did_not_sign_is_not_believed(body: bytes) -> None:
    with pytest.raises(UnclearError) as caught:
        read_answer(body, REFUND, KEYS)
    assert caught.value.code == "bad_signature"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"<html>", b"\xff\xfe", b"[]", b"null", b"{}", b"3", b'{"sign":"x"}'),
        b'{"alipay_trade_query_response":{"code":"10000"},"sign":"x"}',
        b'{"alipay_trade_refund_response":"10000","sign":"x"}',
        b'{"alipay_trade_refund_response":{"code":"10000"},"sign":"x"',
        b'{"alipay_trade_refund_response":' + b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_decides_nothing(body: bytes) -> None:
    with pytest.raises(UnclearError) as caught:
        read_answer(body, REFUND, KEYS)
    assert caught.value.code == "unreadable_answer"


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        (DONE, 500, "http_500"),
        (DONE, 302, "http_302"),
        (b"x" * 1_000_001, 200, "unreadable_answer"),
        (success(fund_change=["Y"]), 200, "unreadable_answer"),
        (b"", 200, "unreadable_answer"),
    ],
)
async def test_an_order_without_a_clear_answer_is_unknown(
    script: Script, scripted: AlipayPayments, order: dict[str, object] | bytes, status: int, code: str
) -> None:
    script.order, script.status = order, status
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, code)


async def test_a_forged_success_is_unknown(script: Script, scripted: AlipayPayments) -> None:
    script.order, script.signer = DONE, "somebody else"
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "bad_signature")


async def test_our_signature_is_over_the_sorted_parameters(script: Script, scripted: AlipayPayments) -> None:
    script.order = DONE
    await scripted.refund(leg_row())
    (form,) = script.asked
    assert is_signed(signed_text(form, "sign").encode(), form["sign"], [key_of("merchant").public_key()])
    assert signed_text({"b": "2", "a": "1", "sign": "x"}, "sign") == "a=1&b=2"


async def test_a_second_public_key_is_taken_from_the_settings(script: Script, scripted_block: AlipayBlock) -> None:
    script.order, script.signer = DONE, "new"
    block = scripted_block.model_copy(update={"public_keys": (public_pem("alipay"), public_pem("new"))})
    adapter = adapter_of(block)
    assert (await adapter.refund(leg_row())).kind is OutcomeKind.SUCCEEDED
    await adapter.close()
