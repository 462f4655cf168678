"""Callbacks and bills, read by the real SDK: sealed, signed, delivered again until acknowledged."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest

from sandbox.wechat import WeChatProvider
from sandbox.wechat.bill import COLUMNS
from tests.integrations.wechat.servers import LEG_NUMBER, Listener, WeChatBox, listening, wechat_box
from tests.sandbox.servers import until

Heard = tuple[dict[str, str], bytes]


@pytest.fixture(scope="module")
async def module_box() -> AsyncIterator[WeChatBox]:
    async with wechat_box() as running:
        yield running


@pytest.fixture
async def wechat(module_box: WeChatBox) -> WeChatBox:
    """A new sandbox with one paid order of 100.00 CNY."""
    await module_box.reset()
    return module_box


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    async with listening() as running:
        yield running


def read(wechat: WeChatBox, heard: Heard) -> dict[str, object]:
    """The callback as the real SDK verifies and decrypts it."""
    found: dict[str, object] = wechat.sdk.callback(*heard)
    return found


@pytest.mark.parametrize("outcome", ["success", "closed", "abnormal"])
async def test_the_end_of_a_refund_is_told_to_the_address_in_its_request(
    wechat: WeChatBox, listener: Listener, outcome: str
) -> None:
    await wechat.refund(notify_url=listener.url)
    await wechat.finish(outcome)
    [heard] = await listener.wait_for(1)
    told = read(wechat, heard)
    subject = told["resource"]
    assert isinstance(subject, dict)
    assert told["event_type"] == f"REFUND.{outcome.upper()}"
    assert (subject["out_refund_no"], subject["refund_status"]) == (LEG_NUMBER, outcome.upper())
    assert subject["amount"]["refund"] == 1_000


@pytest.mark.parametrize("status", [201, 302, 400, 500])
async def test_anything_but_200_and_204_is_delivered_again(wechat: WeChatBox, listener: Listener, status: int) -> None:
    listener.statuses = [status, 200]
    await wechat.refund(notify_url=listener.url)
    await wechat.finish("success")
    first, again = await listener.wait_for(2)
    assert first[1] == again[1]
    assert read(wechat, first) == read(wechat, again)


def test_redelivery_is_fifteen_times_in_a_day() -> None:
    schedule = WeChatProvider.redelivery_s
    assert len(schedule) == 15
    assert sum(schedule) == 24 * 3600 + 4 * 60
    assert all(earlier <= later for earlier, later in pairwise(schedule))


async def test_a_forged_callback_does_not_verify_and_its_repetition_does(wechat: WeChatBox, listener: Listener) -> None:
    listener.statuses = [401]
    await wechat.script("bad_signature")
    await wechat.refund(notify_url=listener.url)
    await wechat.finish("success")
    forged, genuine = await listener.wait_for(2)
    assert read(wechat, forged) is None
    assert read(wechat, genuine)


async def test_a_probe_begins_as_wechat_pays_do(wechat: WeChatBox, listener: Listener) -> None:
    listener.statuses = [401]
    await wechat.post("/admin/wechat/probe", times=1)
    await wechat.refund(notify_url=listener.url)
    await wechat.finish("success")
    probe, genuine = await listener.wait_for(2)
    assert probe[0]["wechatpay-signature"].startswith("WECHATPAY/SIGNTEST/")
    assert read(wechat, genuine)


@pytest.mark.parametrize(("fault", "times"), [("never_call_back", 0), ("call_back_twice", 2)])
async def test_callbacks_come_as_often_as_a_fault_says(
    wechat: WeChatBox, listener: Listener, fault: str, times: int
) -> None:
    await wechat.script(fault)
    await wechat.refund(notify_url=listener.url)
    await wechat.finish("success")

    async def delivered() -> bool:
        return bool((await wechat.admin.get("/admin/deliveries")).json()["waiting"] == 0)

    await until(delivered)
    assert len(listener.heard) == times


async def test_the_first_callback_of_a_refund_can_be_overtaken_by_the_next(
    wechat: WeChatBox, listener: Listener
) -> None:
    await wechat.script("out_of_order")
    await wechat.refund(notify_url=listener.url)
    await wechat.finish("success")
    await wechat.reverse()
    told = [read(wechat, heard)["event_type"] for heard in await listener.wait_for(2)]
    assert told == ["REFUND.ABNORMAL", "REFUND.SUCCESS"]


async def test_a_refund_without_an_address_of_its_own_is_told_to_the_sandboxs(
    wechat: WeChatBox, listener: Listener
) -> None:
    await wechat.admin.put("/admin/webhooks", json={"url": listener.url})
    await wechat.refund()
    await wechat.finish("success")
    assert read(wechat, (await listener.wait_for(1))[0])


async def bill_of(wechat: WeChatBox, day: str, tar_type: str = "GZIP") -> tuple[dict[str, str], bytes]:
    """What was announced, and the file."""
    status, body = await wechat.sdk.trade_bill(day, "REFUND", tar_type)
    assert status == 200, body
    announced: dict[str, str] = json.loads(body)
    status, file = await wechat.sdk.download_bill(announced["download_url"])
    assert status == 200
    return announced, file


async def at(wechat: WeChatBox, moment: str) -> None:
    assert (await wechat.admin.put("/admin/clock", json={"now": moment})).status_code == 200


async def test_a_days_bill_has_its_refunds_and_their_totals(wechat: WeChatBox) -> None:
    await at(wechat, "2026-11-22T23:59:00+08:00")
    await wechat.refund(1_234)
    await wechat.finish("success")
    await wechat.advance(61)
    await wechat.refund(100, "of-the-next-day")
    await at(wechat, "2026-11-23T10:00:00+08:00")
    announced, packed = await bill_of(wechat, "2026-11-22")
    file = gzip.decompress(packed)
    assert announced["hash_type"] == "SHA1"
    assert announced["hash_value"] == hashlib.sha1(file, usedforsecurity=False).hexdigest()
    header, refund, _, totals = file.decode("utf-8-sig").splitlines()
    assert header.split(",") == list(COLUMNS)
    values = dict(zip(COLUMNS, refund.removeprefix("`").split(",`"), strict=True))
    assert (values["商户退款单号"], values["申请退款金额"], values["退款状态"]) == (LEG_NUMBER, "12.34", "SUCCESS")
    assert totals.startswith("`1,`")
    _, plain = await bill_of(wechat, "2026-11-22", tar_type="")
    assert plain == file


@pytest.mark.parametrize(
    ("day", "bill_type", "code"),
    [
        ("2026-11-22", "REFUND", "STATEMENT_CREATING"),
        ("2026-11-21", "REFUND", "NO_STATEMENT_EXIST"),
        ("2026-11-23", "REFUND", "INVALID_REQUEST"),
        ("2026-07-22", "REFUND", "INVALID_REQUEST"),
        ("20261122", "REFUND", "INVALID_REQUEST"),
        ("2026-13-22", "REFUND", "INVALID_REQUEST"),
        ("2026-11-22", "ALL", "PARAM_ERROR"),
    ],
)
async def test_a_bill_that_there_is_not_is_refused(wechat: WeChatBox, day: str, bill_type: str, code: str) -> None:
    await at(wechat, "2026-11-22T12:00:00+08:00")
    await wechat.refund()
    status, body = await wechat.sdk.trade_bill(day, bill_type)
    assert (status, json.loads(body)["code"]) == (400, code)


async def test_a_download_needs_the_address_that_was_given(wechat: WeChatBox) -> None:
    status, body = await wechat.sdk.download_bill(f"{wechat.url}/v3/billdownload/file?token=guessed")
    assert (status, json.loads(body)["code"]) == (400, "INVALID_REQUEST")
