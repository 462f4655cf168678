"""Webhooks as each provider words and signs them, and the settings by which a portal believes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations.alipay import AlipayWebhooks
from integrations.bank import BankWebhooks
from integrations.hearing import WebhookReader
from integrations.stripe import StripeWebhooks
from integrations.wechat import WeChatWebhooks

SIX_MINUTES = timedelta(minutes=6)
WEBHOOK_SECRET = "whsec_" + "w" * 32
BANK_SECRET = "b" * 32
APIV3_KEY = b"k" * 32
ALIPAY_APP = "2021000000000001"
WECHAT_KEY_ID = "PUB_KEY_ID_1"


@dataclass(frozen=True)
class Told:
    """What an event says: of `number`, ours, and `reference`, the provider's; `says` in the words of RefundNews."""

    event_id: str
    number: str
    says: str = "succeeded"
    reference: str = "re_1"
    minor: int = 1000


class Hand(Protocol):
    """One provider. `taken` is what it wants to hear; `too_old` is longer ago than any delivery that it makes."""

    provider: str
    currency: str
    taken: bytes
    too_old: timedelta

    def reader(self) -> WebhookReader: ...

    def environ(self) -> dict[str, str]:
        """What a portal process is told."""
        ...

    def delivery(self, told: Told, at: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        """Body and headers of a delivery made at that time, signed by somebody else if it is forged."""
        ...


class StripeHand:
    provider, currency, taken, too_old = "stripe", "USD", b'{"received":true}', SIX_MINUTES

    def reader(self) -> WebhookReader:
        return StripeWebhooks([WEBHOOK_SECRET])

    def environ(self) -> dict[str, str]:
        return {"AFTERSALES_STRIPE_WEBHOOK_SECRETS": json.dumps([WEBHOOK_SECRET])}

    def delivery(self, told: Told, at: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        refund = {
            "id": told.reference,
            "object": "refund",
            "status": told.says,
            "amount": told.minor,
            "currency": "usd",
            "metadata": {"leg": told.number},
        }
        event = {"id": told.event_id, "type": "refund.updated", "data": {"object": refund}}
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": stamped(body, at, "forged" if forged else WEBHOOK_SECRET)}


class BankHand:
    provider, currency, taken, too_old = "bank", "CNY", b'{"received":true}', SIX_MINUTES
    _words = {"succeeded": "ACSC", "pending": "PDNG", "failed": "RJCT"}  # noqa: RUF012 - never written to

    def reader(self) -> WebhookReader:
        return BankWebhooks([BANK_SECRET])

    def environ(self) -> dict[str, str]:
        return {"AFTERSALES_BANK_WEBHOOK_SECRETS": json.dumps([BANK_SECRET])}

    def delivery(self, told: Told, at: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        payout = {
            "id": told.reference,
            "end_to_end_id": told.number,
            "status": self._words[told.says],
            "amount": decimal(told.minor),
            "currency": self.currency,
        }
        body = json.dumps({"id": told.event_id, "type": "payout.updated", "payout": payout}).encode()
        return body, {"Bank-Signature": stamped(body, at, "forged" if forged else BANK_SECRET)}


class AlipayHand:
    """Notifications of transfers: of a trade's refunds they name the sum alone."""

    provider, currency, taken, too_old = "alipay", "CNY", b"success", timedelta(hours=27)
    _words = {"succeeded": "SUCCESS", "pending": "DEALING", "failed": "FAIL"}  # noqa: RUF012

    def reader(self) -> WebhookReader:
        return AlipayWebhooks(ALIPAY_APP, (self.key.public_key(),))

    def environ(self) -> dict[str, str]:
        return {
            "AFTERSALES_ALIPAY_APP_ID": ALIPAY_APP,
            "AFTERSALES_ALIPAY_PUBLIC_KEYS": json.dumps([pem_of(self.key)]),
        }

    def delivery(self, told: Told, at: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        transfer = {
            "out_biz_no": told.number,
            "order_id": told.reference,
            "status": self._words[told.says],
            "trans_amount": decimal(told.minor),
        }
        form = {
            "app_id": ALIPAY_APP,
            "biz_content": json.dumps(transfer),
            "msg_method": "alipay.fund.trans.order.changed",
            "notify_id": told.event_id,
            "utc_timestamp": str(int(at.timestamp() * 1000)),
        }
        signed = "another text" if forged else "&".join(f"{name}={value}" for name, value in form.items())
        form |= {"sign_type": "RSA2", "sign": rsa_signed(signed.encode(), self.key)}
        return urlencode(form).encode(), {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    @cached_property
    def key(self) -> RSAPrivateKey:
        """What Alipay signs by."""
        return generate_private_key(65537, 2048)


class WeChatHand:
    provider, currency, taken, too_old = "wechat", "CNY", b'{"code":"SUCCESS"}', SIX_MINUTES
    _words = {"succeeded": "SUCCESS", "pending": "PROCESSING", "failed": "ABNORMAL"}  # noqa: RUF012

    def reader(self) -> WebhookReader:
        return WeChatWebhooks({WECHAT_KEY_ID: self.key.public_key()}, [APIV3_KEY])

    def environ(self) -> dict[str, str]:
        return {
            "AFTERSALES_WECHAT_PUBLIC_KEY_ID": WECHAT_KEY_ID,
            "AFTERSALES_WECHAT_PUBLIC_KEY": pem_of(self.key),
            "AFTERSALES_WECHAT_APIV3_KEY": APIV3_KEY.decode(),
        }

    def delivery(self, told: Told, at: datetime, *, forged: bool = False) -> tuple[bytes, dict[str, str]]:
        event = {"id": told.event_id, "event_type": "REFUND.SUCCESS", "resource": self._sealed(told)}
        body, stamp = json.dumps(event).encode(), str(int(at.timestamp()))
        signed = f"{stamp}\nnonce\n".encode() + (b"another body" if forged else body) + b"\n"
        return body, {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": "nonce",
            "Wechatpay-Signature": rsa_signed(signed, self.key),
            "Wechatpay-Serial": WECHAT_KEY_ID,
        }

    @cached_property
    def key(self) -> RSAPrivateKey:
        """What WeChat Pay signs by."""
        return generate_private_key(65537, 2048)

    def _sealed(self, told: Told) -> dict[str, str]:
        refund = {
            "refund_id": told.reference,
            "out_refund_no": told.number,
            "refund_status": self._words[told.says],
            "amount": {"refund": told.minor, "total": 9000},
        }
        sealed = AESGCM(APIV3_KEY).encrypt(b"n" * 12, json.dumps(refund).encode(), b"refund")
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "original_type": "refund",
            "ciphertext": base64.b64encode(sealed).decode(),
            "nonce": "n" * 12,
            "associated_data": "refund",
        }


def pem_of(key: RSAPrivateKey) -> str:
    """The public half, as a setting has it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def rsa_signed(signed: bytes, key: RSAPrivateKey) -> str:
    return base64.b64encode(key.sign(signed, PKCS1v15(), SHA256())).decode()


def decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def stamped(body: bytes, at: datetime, secret: str) -> str:
    """The header of Stripe and of the bank: a time, and an HMAC over time and body."""
    stamp = int(at.timestamp())
    return f"t={stamp},v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"


HANDS: tuple[Hand, ...] = (StripeHand(), AlipayHand(), WeChatHand(), BankHand())
