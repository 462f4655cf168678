"""Alipay's notifications: signed forms, redelivered until the seven letters come back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from sandbox.alipay import AlipayProvider, AlipaySettings
from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from tests.integrations.alipay.merchant import TRADE, Listener, Merchant
from tests.sandbox.conftest import RETRY_SCALE
from tests.sandbox.servers import Box, sandbox, serving, until


@pytest.fixture(scope="module")
async def endpoint() -> AsyncIterator[Listener]:
    listener = Listener()
    async with serving(listener, lifespan="off") as url:
        listener.url = f"{url}/webhooks/alipay"
        yield listener


@pytest.fixture(scope="module")
async def patient_box() -> AsyncIterator[Box]:
    """A sandbox that redelivers within milliseconds, and that sends other providers' events elsewhere."""
    settings = SandboxSettings(webhook_retry_scale=RETRY_SCALE, webhook_url="http://127.0.0.1:9/webhooks/stripe")
    async with sandbox(settings) as running:
        yield running


@pytest.fixture
async def listener(endpoint: Listener) -> Listener:
    endpoint.answers.clear()
    endpoint.bodies.clear()
    endpoint.types.clear()
    return endpoint


@pytest.fixture
async def merchant(patient_box: Box, listener: Listener) -> Merchant:
    """A merchant whose notifications go to `listener`."""
    await patient_box.reset()
    merchant = await Merchant.of(patient_box)
    await patient_box.admin.put("/admin/alipay/notify-url", json={"url": listener.url})
    return merchant


async def test_a_refund_is_told_by_a_form_that_the_sdk_believes(merchant: Merchant, listener: Listener) -> None:
    await merchant.refund("10.00")
    (form,) = await listener.wait_for(1)
    assert merchant.verifies(form)
    assert form["notify_type"] == "trade_status_sync"
    assert (form["out_biz_no"], form["trade_no"], form["refund_fee"]) == ("leg-1", TRADE, "10.00")
    assert listener.types == ["application/x-www-form-urlencoded; charset=utf-8"]


async def test_a_changed_form_is_not_believed(merchant: Merchant, listener: Listener) -> None:
    await merchant.refund("10.00")
    (form,) = await listener.wait_for(1)
    assert not merchant.verifies({**form, "refund_fee": "90.00"})


async def test_a_transfer_is_told_when_it_ends_and_when_it_comes_back(merchant: Merchant, listener: Listener) -> None:
    await merchant.box.script("pending")
    await merchant.transfer()
    await merchant.told("transfers/leg-1/finish", {"outcome": "succeed"})
    await merchant.told("transfers/leg-1/return", {"error_code": "PAYEE_ACCOUNT_STATUS_ERROR"})
    forms = await listener.wait_for(2)
    told = [json.loads(form["biz_content"]) for form in forms]
    assert [each["status"] for each in told] == ["SUCCESS", "REFUND"]
    assert told[0]["out_biz_no"] == "leg-1"
    assert told[1]["error_code"] == "PAYEE_ACCOUNT_STATUS_ERROR"
    assert all(merchant.verifies(form) for form in forms)


@pytest.mark.parametrize("status", ["S", "F"])
async def test_what_a_bank_did_is_told(merchant: Merchant, listener: Listener, status: str) -> None:
    await merchant.seed("card", channel="BANKCARD")
    await merchant.refund(trade="card")
    await merchant.told("refunds/leg-1/deposit-back", {"status": status})
    form = (await listener.wait_for(2))[1]
    content = json.loads(form["biz_content"])
    assert form["msg_method"] == "alipay.trade.refund.depositback.completed"
    assert (content["out_request_no"], content["dback_status"]) == ("leg-1", status)
    assert merchant.verifies(form)


async def test_only_the_word_success_ends_redelivery(merchant: Merchant, listener: Listener) -> None:
    listener.answers = [(200, b"fail"), (503, b"success"), (200, b""), (200, b" success\n")]
    await merchant.refund()
    forms = await listener.wait_for(4)
    assert len({form["notify_id"] for form in forms}) == 1

    async def acknowledged() -> bool:
        health = (await merchant.box.admin.get("/admin/health")).json()
        return int(health["deliveries_waiting"]) == 0

    await until(acknowledged)
    assert len(listener.bodies) == 4


async def test_eight_deliveries_within_25_hours_are_all() -> None:
    provider = create_app(SandboxSettings()).state.alipay
    assert isinstance(provider, AlipayProvider)
    assert len(provider.redelivery_s) + 1 == 8
    assert 24 * 3600 < sum(provider.redelivery_s) <= 25 * 3600


async def test_a_forged_notification_comes_before_the_genuine_one(merchant: Merchant, listener: Listener) -> None:
    await merchant.box.script("bad_signature")
    await merchant.refund()
    forms = await listener.wait_for(2)
    assert [merchant.verifies(form) for form in forms] == [False, True]


@pytest.mark.parametrize(("fault", "times"), [("call_back_twice", 2), ("never_call_back", 0)])
async def test_callbacks_come_as_often_as_scripted(
    merchant: Merchant, listener: Listener, fault: str, times: int
) -> None:
    await merchant.box.script(fault)
    await merchant.refund()
    await merchant.transfer(number="leg-2")
    forms = await listener.wait_for(times + 1)
    assert [form.get("out_biz_no") for form in forms].count("leg-1") == times


async def test_a_success_may_be_told_after_its_return(merchant: Merchant, listener: Listener) -> None:
    await merchant.box.script("out_of_order")
    await merchant.transfer()
    await merchant.told("transfers/leg-1/return", {})
    forms = await listener.wait_for(2)
    assert [json.loads(form["biz_content"])["status"] for form in forms] == ["REFUND", "SUCCESS"]


async def test_a_request_may_name_its_own_address(merchant: Merchant, listener: Listener) -> None:
    await merchant.box.admin.put("/admin/alipay/notify-url", json={"url": "http://127.0.0.1:9/nobody"})
    await merchant.refund(notify_url=listener.url)
    assert (await listener.wait_for(1))[0]["out_biz_no"] == "leg-1"


async def test_without_an_address_nothing_is_sent_to_where_another_providers_events_go(merchant: Merchant) -> None:
    await merchant.box.admin.put("/admin/alipay/notify-url", json={"url": None})
    await merchant.refund()
    report = (await merchant.box.admin.get("/admin/deliveries", params={"object": "leg-1"})).json()
    assert (report["attempts"], report["waiting"]) == ([], 0)
    assert len((await merchant.box.admin.get("/admin/events", params={"object": "leg-1"})).json()["events"]) == 1


def test_the_setting_is_where_notifications_go_until_a_test_says_otherwise() -> None:
    settings = AlipaySettings(notify_url="https://shop.example/webhooks/alipay")
    messenger = create_app(SandboxSettings(), alipay_settings=settings).state.alipay.messenger
    assert messenger.url == "https://shop.example/webhooks/alipay"
    messenger.set_url("https://elsewhere.example/")
    assert messenger.url == "https://elsewhere.example/"
