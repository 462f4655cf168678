"""Who may speak for Alipay, and what is believed of it (design: payments, callback)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest

from activities.ports import RefundNews
from activities.types import OutcomeKind
from aftersales.contract.values import LegState, Money
from integrations.alipay import AlipayPayments, AlipayWebhooks
from integrations.alipay.keys import sign, signed_text
from integrations.hearing import WebhookEvent, WebhookRefusedError
from tests.integrations.alipay.conftest import block_for
from tests.integrations.alipay.merchant import TRADE, Listener, Merchant
from tests.integrations.alipay.script import APP_ID, LEG_NUMBER, PAYEE, key_of, leg_row, payout_row
from tests.sandbox.servers import serving

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEIJING = ZoneInfo("Asia/Shanghai")
TRANSFER = {"out_biz_no": LEG_NUMBER, "order_id": "O1", "status": "SUCCESS", "trans_amount": "10.00"}
DEPOSIT = {"out_request_no": LEG_NUMBER, "trade_no": TRADE, "dback_status": "S", "dback_amount": "7.00"}
NOTICE = {
    "notify_type": "trade_status_sync",
    "notify_time": "2026-11-22 20:00:00",
    "notify_id": "n-1",
    "app_id": APP_ID,
    "charset": "utf-8",
    "trade_no": TRADE,
    "out_biz_no": LEG_NUMBER,
    "refund_fee": "55.00",
    "gmt_refund": "2026-11-22 20:00:00.000",
    "body": "",
}


def form(params: dict[str, str], signer: str = "alipay", **changes: str) -> bytes:
    """A notification as Alipay signs and sends it."""
    told = {**params, **changes}
    signature = sign(signed_text(told), key_of(signer))
    return urlencode({"sign_type": "RSA2", "sign": signature, **told}).encode()


def message(method: str, content: object, at: datetime = NOW, **changes: str) -> bytes:
    """A message of the open platform."""
    params = {
        "msg_method": method,
        "utc_timestamp": str(int(at.timestamp() * 1000)),
        "notify_id": "m-1",
        "app_id": APP_ID,
        "version": "1.1",
        "charset": "UTF-8",
        "biz_content": json.dumps(content, ensure_ascii=False),
    }
    return form({**params, **changes})


def read(body: bytes, signers: Sequence[str] = ("alipay",), now: datetime = NOW) -> WebhookEvent:
    keys = tuple(key_of(name).public_key() for name in signers)
    return AlipayWebhooks(APP_ID, keys).read(body, {}, now)


def test_a_refunds_notice_names_our_number_and_no_amount_for_its_sum_is_of_all_refunds() -> None:
    event = read(form(NOTICE))
    assert event == WebhookEvent("alipay", "n-1", "trade_status_sync", LEG_NUMBER, TRADE, RefundNews.SUCCEEDED, None)


def test_a_notice_of_a_sale_is_about_nothing_of_ours() -> None:
    sale = {name: value for name, value in NOTICE.items() if name not in ("out_biz_no", "gmt_refund")}
    event = read(form(sale))
    assert (event.provider_number, event.says) == ("", RefundNews.UNKNOWN)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("SUCCESS", RefundNews.SUCCEEDED),
        ("DEALING", RefundNews.PENDING),
        ("FAIL", RefundNews.FAILED),
        ("REFUND", RefundNews.FAILED),
        ("A_WORD_OF_TOMORROW", RefundNews.UNKNOWN),
    ],
)
def test_a_transfers_message_says_in_our_words_what_became_of_it(status: str, says: RefundNews) -> None:
    event = read(message("alipay.fund.trans.order.changed", {**TRANSFER, "status": status}))
    assert (event.provider_number, event.object_id, event.says) == (LEG_NUMBER, "O1", says)
    assert event.amount == Money(minor=1_000, currency="CNY")


@pytest.mark.parametrize(
    ("status", "says"),
    [("S", RefundNews.SUCCEEDED), ("F", RefundNews.FAILED), ("P", RefundNews.PENDING), ("?", RefundNews.UNKNOWN)],
)
def test_what_a_bank_did_is_told_without_an_amount_for_it_is_the_cards_part_alone(
    status: str, says: RefundNews
) -> None:
    event = read(message("alipay.trade.refund.depositback.completed", {**DEPOSIT, "dback_status": status}))
    assert (event.provider_number, event.object_id, event.says) == (LEG_NUMBER, TRADE, says)
    assert event.amount is None


@pytest.mark.parametrize(
    "content",
    [
        *([], "word", {}, {**TRANSFER, "out_biz_no": "N 1"}, {**TRANSFER, "out_biz_no": "9" * 65}),
        *({**TRANSFER, "trans_amount": "1e3"}, {**TRANSFER, "order_id": 7.5e300}, {**TRANSFER, "status": None}),
    ],
)
def test_a_message_of_another_shape_is_kept_without_a_number(content: object) -> None:
    event = read(message("alipay.fund.trans.order.changed", content))
    assert event.provider_number == "" or event.object_id == "7.5e+300"


def test_a_message_about_something_else_is_kept_under_its_own_kind() -> None:
    event = read(message("alipay.open.mini.order.changed", {"out_biz_no": LEG_NUMBER}))
    assert (event.kind, event.provider_number) == ("alipay.open.mini.order.changed", "")


@pytest.mark.parametrize("signer", ["alipay", "former"])
def test_both_keys_count_while_one_replaces_the_other(signer: str) -> None:
    assert read(form(NOTICE, signer), ["alipay", "former"]).event_id == "n-1"


@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=25, minutes=59), timedelta(minutes=-4)])
def test_redeliveries_of_a_day_and_a_fast_clock_are_forgiven(age: timedelta) -> None:
    assert read(message("x", {}, NOW - age)).event_id == "m-1"
    stamp = f"{(NOW - age).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    assert read(form(NOTICE, notify_time=stamp)).event_id == "n-1"


@pytest.mark.parametrize("age", [timedelta(hours=26, seconds=1), timedelta(days=365), timedelta(minutes=-6)])
def test_an_old_or_a_future_stamp_is_refused(age: timedelta) -> None:
    with pytest.raises(WebhookRefusedError, match="too far"):
        read(message("x", {}, NOW - age))
    with pytest.raises(WebhookRefusedError, match="too far"):
        read(form(NOTICE, notify_time=f"{(NOW - age).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"))


@pytest.mark.parametrize("stamp", ["", "soon", "9" * 30])
def test_a_notification_without_a_time_is_refused(stamp: str) -> None:
    with pytest.raises(WebhookRefusedError, match="neither"):
        read(message("x", {}, utc_timestamp=stamp, notify_time=stamp))


@pytest.mark.parametrize(
    ("body", "signers"),
    [
        pytest.param(form(NOTICE, signer="somebody else"), ["alipay"], id="another key"),
        pytest.param(form(NOTICE) + b"&extra=1", ["alipay"], id="another field"),
        pytest.param(form(NOTICE).replace(b"55.00", b"99.00"), ["alipay"], id="another value"),
        pytest.param(form(NOTICE), [], id="no key configured"),
        pytest.param(form(NOTICE, sign_type="RSA"), ["alipay"], id="the old kind of signature"),
        pytest.param(form(NOTICE, app_id="2021999999999999"), ["alipay"], id="another application"),
        pytest.param(urlencode({**NOTICE, "sign_type": "RSA2"}).encode(), ["alipay"], id="no signature"),
        pytest.param(urlencode({**NOTICE, "sign_type": "RSA2", "sign": "é"}).encode(), ["alipay"], id="no letters"),
        pytest.param(form(NOTICE, notify_id=""), ["alipay"], id="no id"),
        pytest.param(form(NOTICE, notify_id="n\0"), ["alipay"], id="an id that no database can keep"),
        pytest.param(form(NOTICE) + b"&trade_no=" + TRADE.encode(), ["alipay"], id="a field twice"),
        *(
            pytest.param(body, ["alipay"], id=repr(body))
            for body in (b"", b"{}", b"\xff", b"a=%ff", b"a", b"a=1&" * 300)
        ),
    ],
)
def test_what_alipay_did_not_say_to_us_is_refused(body: bytes, signers: list[str]) -> None:
    with pytest.raises(WebhookRefusedError):
        read(body, signers)


def test_alipay_is_answered_in_its_own_words() -> None:
    reader = AlipayWebhooks(APP_ID, ())
    assert (reader.taken().status, reader.taken().body, reader.taken().media_type) == (200, b"success", "text/plain")
    for reply in (reader.refused(), reader.not_stored()):
        assert reply.status >= 400
        assert reply.body.strip() != b"success"


async def test_deliveries_of_the_provider_name_our_leg(merchant: Merchant, payments: AlipayPayments) -> None:
    listener = Listener()
    reader = block_for(merchant).webhooks()
    assert reader is not None
    async with serving(listener, lifespan="off") as url:
        await merchant.box.admin.put("/admin/alipay/notify-url", json={"url": url})
        await merchant.box.script("bad_signature")
        await payments.refund(leg_row())
        await listener.wait_for(2)
        await payments.pay_out(payout_row(minor=2_000), PAYEE)
        await merchant.told(f"transfers/{LEG_NUMBER}/return", {})
        forged, *genuine = await _bodies(listener, 4)
        await merchant.box.reset()
    with pytest.raises(WebhookRefusedError, match="public keys"):
        reader.read(forged, {}, datetime.now(UTC))
    events = [reader.read(body, {}, datetime.now(UTC)) for body in genuine]
    says = [RefundNews.SUCCEEDED, RefundNews.SUCCEEDED, RefundNews.FAILED]
    assert [(event.provider_number, event.says) for event in events] == [(LEG_NUMBER, each) for each in says]
    assert events[1].amount == Money(minor=2_000, currency="CNY")
    assert len({event.event_id for event in events}) == 3


async def _bodies(listener: Listener, number: int) -> list[bytes]:
    await listener.wait_for(number)
    return listener.bodies


async def test_the_object_of_an_event_is_what_the_call_was_answered_with(
    merchant: Merchant, payments: AlipayPayments
) -> None:
    listener = Listener()
    reader = block_for(merchant).webhooks()
    assert reader is not None
    async with serving(listener, lifespan="off") as url:
        await merchant.box.admin.put("/admin/alipay/notify-url", json={"url": url})
        outcome = await payments.pay_out(payout_row(), PAYEE)
        (body,) = await _bodies(listener, 1)
        await merchant.box.admin.put("/admin/alipay/notify-url", json={"url": None})
    assert reader.read(body, {}, datetime.now(UTC)).object_id == outcome.provider_reference
    found = await payments.query(payout_row(state=LegState.SUCCEEDED))
    assert (found.kind, found.provider_reference) == (OutcomeKind.SUCCEEDED, outcome.provider_reference)
