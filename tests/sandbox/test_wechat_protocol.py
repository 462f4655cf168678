"""Signatures, addresses and the admin side: who may call WeChat Pay, and what a test can tell it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from wechatpayv3.async_.type import RequestType
from wechatpayv3.async_.utils import build_authorization, load_private_key

from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from sandbox.wechat import WeChatSandboxSettings
from tests.integrations.wechat.servers import LEG_NUMBER, REFERENCE, WeChatBox, sdk_for, wechat_box
from tests.sandbox.servers import serving

PATH = f"/v3/refund/domestic/refunds/{LEG_NUMBER}"


@pytest.fixture(scope="module")
async def module_box() -> AsyncIterator[WeChatBox]:
    async with wechat_box() as running:
        yield running


@pytest.fixture
async def wechat(module_box: WeChatBox) -> WeChatBox:
    """A new sandbox with one paid order of 100.00 CNY."""
    await module_box.reset()
    return module_box


def authorization(wechat: WeChatBox, path: str = PATH) -> str:
    """The header of a look, as the SDK makes it."""
    keys = wechat.keys
    made: str = build_authorization(
        path, "GET", keys["mchid"], keys["serial_no"], load_private_key(keys["private_key"])
    )
    return made


async def test_a_good_signature_is_admitted_and_the_answer_signed(wechat: WeChatBox) -> None:
    answer = await wechat.admin.get(PATH, headers={"authorization": authorization(wechat)})
    assert answer.status_code == 404
    assert answer.headers["wechatpay-serial"] == wechat.keys["public_key_id"]
    assert wechat.sdk._core._verify_signature(answer.headers, answer.text)
    assert not wechat.sdk._core._verify_signature(answer.headers, answer.text + " ")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3"),
        ('mchid="1900000109"', 'mchid="1900000110"'),
        ('serial_no="5', 'serial_no="6'),
        ('nonce_str="', 'nonce_str="0'),
        ('timestamp="', 'timestamp="0'),
        ('timestamp="', 'timestamp="soon'),
        ('signature="', 'signature="!'),
        ('signature="', 'signature="AAAA'),
    ],
)
async def test_a_signature_that_does_not_hold_is_refused(wechat: WeChatBox, old: str, new: str) -> None:
    header = authorization(wechat)
    assert old in header
    answer = await wechat.admin.get(PATH, headers={"authorization": header.replace(old, new, 1)})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGN_ERROR")


async def test_a_signature_holds_for_its_own_address_alone_and_for_five_minutes(
    wechat: WeChatBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = authorization(wechat, "/v3/refund/domestic/refunds/another-leg")
    present = time.time()
    with monkeypatch.context() as at:
        at.setattr(time, "time", lambda: present - 301)
        old = authorization(wechat)
    for header in ("", elsewhere, old):
        assert (await wechat.admin.get(PATH, headers={"authorization": header})).status_code == 401


async def test_an_address_that_is_not_served_is_not_found(wechat: WeChatBox) -> None:
    status, body = await wechat.sdk._core.request("/v3/pay/transactions/native", RequestType.POST, {"mchid": "1"})
    assert (status, json.loads(body)["code"]) == (404, "RESOURCE_NOT_EXISTS")


async def test_a_body_that_is_no_json_is_a_wrong_parameter(wechat: WeChatBox) -> None:
    path = "/v3/refund/domestic/refunds"
    for said in ("[1]", "{"):
        status, body = await wechat.sdk._core.request(path, RequestType.POST, data=said, sign_data=json.dumps(said))
        assert (status, json.loads(body)["code"]) == (400, "PARAM_ERROR")


async def test_a_merchant_with_keys_of_its_own_calls_by_them(wechat: WeChatBox) -> None:
    given = WeChatSandboxSettings.model_validate(
        {"merchant_public_key": wechat.keys["public_key"], "apiv3_key": "k" * 32, "mchid": "1"}
    )
    async with (
        serving(create_app(SandboxSettings(), given)) as url,
        httpx.AsyncClient(base_url=url) as admin,
    ):
        keys = (await admin.get("/admin/wechat/keys")).json()
        assert (keys["private_key"], keys["apiv3_key"], keys["mchid"]) == (None, "k" * 32, "1")
        stranger = {**keys, "private_key": wechat.keys["private_key"]}
        async with sdk_for(url, stranger) as sdk:
            assert (await sdk.query_refund("1"))[0] == 401


async def test_keys_that_were_made_survive_a_restart(tmp_path: Path) -> None:
    shown = []
    for _ in range(2):
        app = create_app(SandboxSettings(state_file=tmp_path / "sandbox.db"))
        async with serving(app) as url, httpx.AsyncClient(base_url=url) as admin:
            shown.append((await admin.get("/admin/wechat/keys")).json())
    assert shown[0] == shown[1]
    assert "BEGIN PRIVATE KEY" in shown[0]["private_key"]


async def test_a_refund_that_was_under_way_at_a_restart_ends_after_it(tmp_path: Path) -> None:
    common = SandboxSettings(state_file=tmp_path / "sandbox.db")
    statuses: list[str] = []
    for settle_after_s in (0.05, None):
        app = create_app(common, WeChatSandboxSettings(settle_after_s=settle_after_s))
        async with serving(app) as url, httpx.AsyncClient(base_url=url) as admin:
            keys = (await admin.get("/admin/wechat/keys")).json()
            async with sdk_for(url, keys) as sdk:
                box = WeChatBox(url, admin, sdk, keys)
                if not statuses:
                    await box.reset()
                    statuses.append((await box.refund())[1]["status"])
                    continue
                statuses.append((await box.look())[1]["status"])
    assert statuses == ["PROCESSING", "SUCCESS"]


async def test_the_same_order_again_changes_nothing_and_another_of_its_name_is_refused(wechat: WeChatBox) -> None:
    path, order = "/admin/wechat/payments", {"reference": REFERENCE, "out_trade_no": "SO-1001", "amount": 10_000}
    assert (await wechat.admin.post(path, json=order)).status_code == 200
    for change in ({"amount": 1}, {"out_trade_no": "SO-1002"}):
        assert (await wechat.admin.post(path, json={**order, **change})).status_code == 409
    assert (await wechat.admin.post(path, json={**order, "currency": "USD"})).status_code == 422


async def test_many_orders_are_seeded_all_or_none(wechat: WeChatBox) -> None:
    orders = [{"reference": f"42{number}", "amount": 1_000} for number in range(3)]
    taken = {"reference": REFERENCE, "amount": 1}
    path = "/admin/wechat/payments/bulk"
    assert (await wechat.admin.post(path, json={"payments": [*orders, taken]})).status_code == 409
    assert (await wechat.admin.post(path, json={"payments": orders})).json() == {"payments": 3}


async def test_an_old_payment_can_be_seeded(wechat: WeChatBox) -> None:
    await wechat.post("/admin/wechat/payments", reference="42", amount=10_000, paid_at="2020-01-01T00:00:00+08:00")
    assert (await wechat.refund(transaction_id="42"))[1]["code"] == "TRADE_OVERDUE"


async def test_scripted_refusals_meet_the_calls_that_they_are_for(wechat: WeChatBox) -> None:
    await wechat.post("/admin/wechat/errors", code="NOT_ENOUGH", leg="another-leg")
    await wechat.post("/admin/wechat/errors", code="A_CODE", status=418, method="*", times=2)
    assert (await wechat.look())[0] == 418
    assert (await wechat.refund(number="another-leg"))[1]["code"] == "NOT_ENOUGH"
    assert (await wechat.refund())[1]["code"] == "A_CODE"
    assert (await wechat.refund())[0] == 200
    await wechat.post("/admin/wechat/errors", code="NO_AUTH", times=None, method="*")
    assert [(await wechat.look())[0] for _ in range(3)] == [403] * 3
    await wechat.admin.delete("/admin/wechat/errors")
    assert (await wechat.look())[0] == 200


async def test_a_refund_ends_once_and_only_a_success_is_reversed(wechat: WeChatBox) -> None:
    await wechat.refund()
    path = f"/admin/wechat/refunds/{LEG_NUMBER}"
    assert (await wechat.admin.post(f"{path}/reverse")).status_code == 409
    await wechat.finish("success")
    assert (await wechat.admin.post(f"{path}/finish", json={"outcome": "closed"})).status_code == 409
    await wechat.reverse()
    [refund] = (await wechat.admin.get("/admin/wechat/refunds")).json()["refunds"]
    assert refund["status"] == "ABNORMAL"
    assert (await wechat.tally())["not_reversed"] == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "refunds/unknown/finish"), ("POST", "refunds/unknown/reverse"), ("PUT", "payments/unknown/payer")],
)
async def test_what_is_not_there_is_said_so(wechat: WeChatBox, method: str, path: str) -> None:
    body = {"outcome": "closed"} if path.endswith("finish") else {}
    assert (await wechat.admin.request(method, f"/admin/wechat/{path}", json=body)).status_code == 404
