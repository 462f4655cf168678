"""Who may speak for WeChat Pay, and what is believed of it (design: payments, callback)."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from activities.ports import RefundNews
from activities.types import OutcomeKind
from aftersales.contract.values import Money
from integrations.hearing import WebhookEvent, WebhookRefusedError
from integrations.wechat import WeChatPayments, WeChatWebhooks, WeChatWire
from integrations.wechat.keys import public_key
from tests.integrations.wechat.servers import LEG_NUMBER, WeChatBox, leg_row, listening

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY_ID: Final = "PUB_KEY_ID_1"
APIV3_KEY: Final = b"0123456789abcdef0123456789abcdef"
NONCE: Final = "fdasflkja484"
TOLD: Final = {
    "mchid": "1900000109",
    "refund_id": "50300000001",
    "out_refund_no": LEG_NUMBER,
    "refund_status": "SUCCESS",
    "amount": {"total": 10_000, "refund": 1_000, "payer_total": 10_000, "payer_refund": 1_000},
}


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def other_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def reader(key: RSAPrivateKey) -> WeChatWebhooks:
    return WeChatWebhooks({KEY_ID: key.public_key()}, [APIV3_KEY])


def callback(told: object = TOLD, apiv3_key: bytes = APIV3_KEY, **change: object) -> bytes:
    """A callback's body, as WeChat Pay's reference says to make it."""
    sealed = AESGCM(apiv3_key).encrypt(NONCE.encode(), json.dumps(told).encode(), b"refund")
    resource: dict[str, object] = {
        "original_type": "refund",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "refund",
        "nonce": NONCE,
    }
    resource |= {name: value for name, value in change.items() if name in resource}
    body = {"id": "EV-1", "event_type": "REFUND.SUCCESS", "resource_type": "encrypt-resource", "resource": resource}
    return json.dumps(body | {name: value for name, value in change.items() if name in body}).encode()


def signed(key: RSAPrivateKey, body: bytes, at: datetime = NOW, serial: str = KEY_ID) -> dict[str, str]:
    """The headers of a delivery, as WeChat Pay's reference says to make them."""
    stamp = str(int(at.timestamp()))
    signature = key.sign(f"{stamp}\n{NONCE}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
    return {
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": NONCE,
        "Wechatpay-Serial": serial,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
    }


def read(reader: WeChatWebhooks, key: RSAPrivateKey, body: bytes) -> WebhookEvent:
    """What is read of a well-signed callback."""
    return reader.read(body, signed(key, body), NOW)


def test_a_signed_callback_tells_what_it_is_about(reader: WeChatWebhooks, key: RSAPrivateKey) -> None:
    assert read(reader, key, callback()) == WebhookEvent(
        provider="wechat",
        event_id="EV-1",
        kind="REFUND.SUCCESS",
        provider_number=LEG_NUMBER,
        object_id="50300000001",
        says=RefundNews.SUCCEEDED,
        amount=Money(minor=1_000, currency="CNY"),
    )


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("SUCCESS", RefundNews.SUCCEEDED),
        ("PROCESSING", RefundNews.PENDING),
        ("CLOSED", RefundNews.FAILED),
        ("ABNORMAL", RefundNews.FAILED),
        ("A_WORD_OF_TOMORROW", RefundNews.UNKNOWN),
        (None, RefundNews.UNKNOWN),
        (7, RefundNews.UNKNOWN),
    ],
)
def test_a_callback_says_in_our_words_what_became_of_the_refund(
    reader: WeChatWebhooks, key: RSAPrivateKey, status: object, says: RefundNews
) -> None:
    assert read(reader, key, callback({**TOLD, "refund_status": status})).says is says


@pytest.mark.parametrize(
    "body",
    [
        callback({"transaction_id": "42", "trade_state": "SUCCESS"}, original_type="transaction"),
        callback({**TOLD, "out_refund_no": "x" * 65}),
        callback({**TOLD, "out_refund_no": 7}),
        callback({**TOLD, "out_refund_no": "N-1\0"}),
        callback({}),
    ],
)
def test_a_callback_about_nothing_of_ours_is_kept_without_a_number(
    reader: WeChatWebhooks, key: RSAPrivateKey, body: bytes
) -> None:
    assert read(reader, key, body).provider_number == ""


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_forgiven(reader: WeChatWebhooks, key: RSAPrivateKey, seconds: int) -> None:
    body = callback()
    assert reader.read(body, signed(key, body, NOW + timedelta(seconds=seconds)), NOW)


@pytest.mark.parametrize("seconds", [-301, 301, -86_400, 86_400])
def test_an_old_or_a_future_signature_is_refused(reader: WeChatWebhooks, key: RSAPrivateKey, seconds: int) -> None:
    body = callback()
    with pytest.raises(WebhookRefusedError, match="300 s"):
        reader.read(body, signed(key, body, NOW + timedelta(seconds=seconds)), NOW)


def test_a_probe_is_refused_though_its_rest_would_verify(reader: WeChatWebhooks, key: RSAPrivateKey) -> None:
    body = callback()
    headers = signed(key, body)
    headers["Wechatpay-Signature"] = f"WECHATPAY/SIGNTEST/{headers['Wechatpay-Signature']}"
    with pytest.raises(WebhookRefusedError, match="probe"):
        reader.read(body, headers, NOW)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("Wechatpay-Timestamp", "", "missing"),
        ("Wechatpay-Timestamp", "soon", "missing"),
        ("Wechatpay-Timestamp", "１", "missing"),
        ("Wechatpay-Nonce", "", "missing"),
        ("Wechatpay-Nonce", "another", "does not hold"),
        ("Wechatpay-Signature", "", "missing"),
        ("Wechatpay-Signature", "no base64!", "does not hold"),
        ("Wechatpay-Signature", "é", "does not hold"),
        ("Wechatpay-Serial", "", "not set up"),
        ("Wechatpay-Serial", "PUB_KEY_ID_2", "not set up"),
    ],
)
def test_a_header_that_is_missing_or_wrong_is_refused(
    reader: WeChatWebhooks, key: RSAPrivateKey, name: str, value: str, sentence: str
) -> None:
    body = callback()
    with pytest.raises(WebhookRefusedError, match=sentence):
        reader.read(body, {**signed(key, body), name: value}, NOW)


def test_another_body_or_another_key_is_refused(
    reader: WeChatWebhooks, key: RSAPrivateKey, other_key: RSAPrivateKey
) -> None:
    body = callback()
    for headers, said in ((signed(key, body), body + b" "), (signed(other_key, body), body)):
        with pytest.raises(WebhookRefusedError, match="does not hold"):
            reader.read(said, headers, NOW)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "not a callback"),
        (b"[]", "not a callback"),
        (b'{"id": "EV-1"}', "not a callback"),
        (callback(id="EV\0"), "not a callback"),
        (callback(id="E" * 256), "not a callback"),
        (callback(algorithm="NONE"), "algorithm"),
        (callback(apiv3_key=b"x" * 32), "APIv3 key"),
        (callback(ciphertext="no base64!"), "APIv3 key"),
        (callback(nonce=""), "APIv3 key"),
        (callback(associated_data="other"), "APIv3 key"),
        (callback([]), "not an object"),
        (callback({**TOLD, "amount": {"refund": "1000"}}), "not an object"),
        (callback({**TOLD, "amount": {"refund": -1}}), "not an object"),
    ],
)
def test_what_is_signed_but_makes_no_sense_is_refused(
    reader: WeChatWebhooks, key: RSAPrivateKey, body: bytes, sentence: str
) -> None:
    with pytest.raises(WebhookRefusedError, match=sentence):
        read(reader, key, body)


def test_both_keys_count_while_one_replaces_the_other(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    former = b"f" * 32
    keys = {KEY_ID: key.public_key(), "PUB_KEY_ID_0": other_key.public_key()}
    reader = WeChatWebhooks(keys, [APIV3_KEY, former])
    signers: Sequence[tuple[RSAPrivateKey, str]] = [(key, KEY_ID), (other_key, "PUB_KEY_ID_0")]
    for apiv3_key in (APIV3_KEY, former):
        body = callback(apiv3_key=apiv3_key)
        for signer, serial in signers:
            headers = {name.upper(): value for name, value in signed(signer, body, serial=serial).items()}
            assert reader.read(body, headers, NOW).provider_number == LEG_NUMBER


def test_wechat_pay_hears_what_it_understands(reader: WeChatWebhooks) -> None:
    statuses = [reply().status for reply in (reader.taken, reader.refused, reader.not_stored)]
    assert statuses == [200, 401, 503]
    for reply in (reader.refused(), reader.not_stored()):
        assert json.loads(reply.body)["code"] == "FAIL"


async def test_a_delivery_of_the_provider_names_our_leg(wechat: WeChatBox) -> None:
    reader = WeChatWebhooks(
        {wechat.keys["public_key_id"]: public_key(wechat.keys["public_key"], "KEY")},
        [wechat.keys["apiv3_key"].encode()],
    )
    async with listening() as listener:
        listener.statuses = [reader.refused().status, reader.not_stored().status]
        adapter = WeChatPayments(WeChatWire(wechat.account(notify_url=listener.url)))
        await wechat.post("/admin/wechat/probe", times=1)
        assert (await adapter.refund(leg_row())).kind is OutcomeKind.PENDING
        await wechat.finish("success")
        probe, genuine, again = await listener.wait_for(3)
        await adapter.close()
    with pytest.raises(WebhookRefusedError, match="probe"):
        reader.read(probe[1], probe[0], datetime.now(UTC))
    events = [reader.read(body, headers, datetime.now(UTC)) for headers, body in (genuine, again)]
    assert events[0] == events[1]
    assert (events[0].provider_number, events[0].says) == (LEG_NUMBER, RefundNews.SUCCEEDED)
