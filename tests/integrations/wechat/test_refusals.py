"""Every refusal of the table, by its code and never by its text; and answers that are none."""

from __future__ import annotations

import json
from typing import Final

import pytest

from activities.types import OutcomeKind
from integrations.wechat import WeChatPayments, WeChatWire
from integrations.wechat.outcomes import REFUSALS, STATUSES
from tests.integrations.wechat.servers import REFERENCE, Script, WeChatBox, leg_row

# status, code, kind, another destination would do
TABLE: Final = [
    (500, "SYSTEM_ERROR", OutcomeKind.UNKNOWN, False),
    (429, "FREQUENCY_LIMITED", OutcomeKind.RETRY_SAME, False),
    (403, "NOT_ENOUGH", OutcomeKind.NEEDS_MERCHANT, False),
    (401, "SIGN_ERROR", OutcomeKind.NEEDS_MERCHANT, False),
    (403, "NO_AUTH", OutcomeKind.NEEDS_MERCHANT, False),
    (404, "MCH_NOT_EXISTS", OutcomeKind.NEEDS_MERCHANT, False),
    (400, "APPID_MCHID_NOT_MATCH", OutcomeKind.NEEDS_MERCHANT, False),
    (403, "REQUEST_BLOCKED", OutcomeKind.NEEDS_MERCHANT, False),
    (403, "USER_ACCOUNT_ABNORMAL", OutcomeKind.NEEDS_PAYEE, True),
    (403, "TRADE_OVERDUE", OutcomeKind.REJECTED, True),
    (400, "REFUND_FEE_MISMATCH", OutcomeKind.CONFLICT, False),
    (400, "INVALID_REQUEST", OutcomeKind.REJECTED, False),
    (400, "PARAM_ERROR", OutcomeKind.REJECTED, False),
    (404, "RESOURCE_NOT_EXISTS", OutcomeKind.REJECTED, False),
]
BY_STATUS: Final = [
    (400, "A_CODE_OF_TOMORROW", OutcomeKind.REJECTED, False),
    (401, "A_CODE_OF_TOMORROW", OutcomeKind.NEEDS_MERCHANT, False),
    (403, "A_CODE_OF_TOMORROW", OutcomeKind.NEEDS_MERCHANT, False),
    (404, "A_CODE_OF_TOMORROW", OutcomeKind.REJECTED, False),
    (409, "A_CODE_OF_TOMORROW", OutcomeKind.UNKNOWN, False),
    (429, "A_CODE_OF_TOMORROW", OutcomeKind.RETRY_SAME, False),
    (503, "NOT_ENOUGH", OutcomeKind.UNKNOWN, False),
    (502, "INVALID_REQUEST", OutcomeKind.UNKNOWN, False),
    (301, "INVALID_REQUEST", OutcomeKind.UNKNOWN, False),
]
LOOKED_FOR: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE, OutcomeKind.CONFLICT, OutcomeKind.RETRY_SAME)


def test_each_row_of_the_table_is_tested() -> None:
    assert [code for _, code, _, _ in TABLE] == list(REFUSALS)
    assert list(STATUSES) == ["PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"]


@pytest.mark.parametrize(("status", "code", "kind", "elsewhere"), TABLE)
async def test_what_a_refusal_of_the_sandbox_means(
    wechat: WeChatBox, payments: WeChatPayments, status: int, code: str, kind: OutcomeKind, elsewhere: bool
) -> None:
    await wechat.post("/admin/wechat/errors", code=code, status=status)
    outcome = await payments.refund(leg_row())
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (kind, code, elsewhere)
    assert outcome.retry_after_s == (60 if kind is OutcomeKind.RETRY_SAME else 0)
    assert await wechat.executions() == 0


@pytest.mark.parametrize(("status", "code", "kind", "elsewhere"), TABLE + BY_STATUS)
async def test_nothing_is_ordered_a_second_time_and_what_ends_a_number_is_looked_for(
    script: Script, scripted: WeChatPayments, status: int, code: str, kind: OutcomeKind, elsewhere: bool
) -> None:
    script.refuse(status, code)
    outcome = await scripted.refund(leg_row())
    assert (outcome.kind, outcome.elsewhere) == (kind, elsewhere)
    assert outcome.sentence == "WeChat Pay: as WeChat Pay words it"
    assert script.calls == (["POST", "GET"] if kind in LOOKED_FOR else ["POST"])


@pytest.mark.parametrize(
    "code", ["INVALID_REQUEST", "TRADE_OVERDUE", "USER_ACCOUNT_ABNORMAL", "FREQUENCY_LIMITED", "REFUND_FEE_MISMATCH"]
)
async def test_a_refusal_beside_our_own_refund_is_that_refund(
    wechat: WeChatBox, payments: WeChatPayments, code: str
) -> None:
    await payments.refund(leg_row())
    await wechat.finish("success")
    await wechat.post("/admin/wechat/errors", code=code)
    assert (await payments.refund(leg_row())).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize("code", ["INVALID_REQUEST", "USER_ACCOUNT_ABNORMAL", "FREQUENCY_LIMITED"])
@pytest.mark.parametrize("look", [(500, "SYSTEM_ERROR"), (429, "FREQUENCY_LIMITED"), (401, "SIGN_ERROR"), (400, "X")])
async def test_a_refusal_that_no_look_confirms_is_unknown(
    wechat: WeChatBox, payments: WeChatPayments, code: str, look: tuple[int, str]
) -> None:
    await wechat.post("/admin/wechat/errors", code=code)
    await wechat.post("/admin/wechat/errors", status=look[0], code=look[1], method="GET")
    assert (await payments.refund(leg_row())).kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "RESOURCE_NOT_EXISTS", OutcomeKind.NOT_FOUND),
        (404, "MCH_NOT_EXISTS", OutcomeKind.NEEDS_MERCHANT),
        (404, "A_CODE_OF_TOMORROW", OutcomeKind.UNKNOWN),
        (401, "SIGN_ERROR", OutcomeKind.NEEDS_MERCHANT),
        (403, "NO_AUTH", OutcomeKind.NEEDS_MERCHANT),
        (400, "PARAM_ERROR", OutcomeKind.UNKNOWN),
        (400, "RESOURCE_NOT_EXISTS", OutcomeKind.UNKNOWN),
        (403, "USER_ACCOUNT_ABNORMAL", OutcomeKind.UNKNOWN),
        (429, "FREQUENCY_LIMITED", OutcomeKind.UNKNOWN),
        (500, "SYSTEM_ERROR", OutcomeKind.UNKNOWN),
    ],
)
async def test_only_no_such_refund_says_that_nothing_is_there(
    wechat: WeChatBox, payments: WeChatPayments, status: int, code: str, kind: OutcomeKind
) -> None:
    await wechat.post("/admin/wechat/errors", code=code, status=status, method="GET")
    outcome = await payments.query(leg_row())
    assert (outcome.kind, outcome.elsewhere, outcome.retry_after_s) == (kind, False, 0)


@pytest.mark.parametrize("status", [200, 202, 204, 400, 404, 429, 500])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"word"', b'{"code": 7}', b"\xff\xfe"])
async def test_an_answer_that_is_not_wechat_pays_is_unknown_whatever_its_status(
    script: Script, scripted: WeChatPayments, status: int, body: bytes
) -> None:
    script.posts = script.gets = (status, b"" if status == 204 else body)
    assert (await scripted.refund(leg_row())).kind is OutcomeKind.UNKNOWN
    assert (await scripted.query(leg_row())).kind is OutcomeKind.UNKNOWN


async def test_a_success_that_wechat_pay_did_not_sign_is_unknown(
    wechat: WeChatBox, script: Script, scripted: WeChatPayments
) -> None:
    await wechat.refund()
    await wechat.finish("success")
    _, shown = await wechat.look()
    script.gets = (200, json.dumps(shown).encode())
    outcome = await scripted.query(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, "bad_signature")


async def test_a_request_in_anothers_name_needs_the_merchant(wechat: WeChatBox) -> None:
    stranger = WeChatPayments(WeChatWire(wechat.account(serial_no="0000")))
    assert (await stranger.refund(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT
    assert (await stranger.query(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT
    await stranger.close()


async def test_the_limits_of_an_order_are_refusals_too(wechat: WeChatBox, payments: WeChatPayments) -> None:
    await wechat.admin.put("/admin/balance", json={"provider": "wechat", "currency": "CNY", "amount": 999})
    assert (await payments.refund(leg_row())).kind is OutcomeKind.NEEDS_MERCHANT
    await wechat.admin.put("/admin/balance", json={"provider": "wechat", "currency": "CNY", "amount": None})
    await wechat.admin.put(f"/admin/wechat/payments/{REFERENCE}/payer", json={"abnormal": True})
    assert (await payments.refund(leg_row())).kind is OutcomeKind.NEEDS_PAYEE
    await wechat.advance(366 * 86_400)
    overdue = await payments.refund(leg_row())
    assert (overdue.kind, overdue.code, overdue.elsewhere) == (OutcomeKind.REJECTED, "TRADE_OVERDUE", True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"out_refund_no": "another-leg"}, "other_refund"),
        ({"status": "A_WORD_OF_TOMORROW"}, "A_WORD_OF_TOMORROW"),
        ({"status": None}, "unreadable_answer"),
        ({"refund_id": ""}, "unreadable_answer"),
        ({"amount": {"refund": "1000", "currency": "CNY"}}, "unreadable_answer"),
        ({"amount": None}, "unreadable_answer"),
    ],
)
async def test_a_signed_answer_that_is_not_about_this_refund_decides_nothing(
    wechat: WeChatBox, script: Script, change: dict[str, object], code: str
) -> None:
    await wechat.refund()
    await wechat.finish("success")
    _, shown = await wechat.look()
    script.gets = (200, json.dumps({**shown, **change}).encode())
    adapter = WeChatPayments(WeChatWire(wechat.account(api_base=script.url, public_key=script.sign_answers())))
    outcome = await adapter.query(leg_row())
    assert (outcome.kind, outcome.code) == (OutcomeKind.UNKNOWN, code)
    await adapter.close()
