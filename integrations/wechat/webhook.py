"""WeChat Pay's callbacks: who sent them and what they hint at. A callback is never acted on (design: payments)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from pydantic import BaseModel, Field, ValidationError

from activities.ports import RefundNews
from aftersales.contract.values import Money
from integrations.hearing import Reply, WebhookEvent, WebhookRefusedError
from integrations.wechat.outcomes import CURRENCY

TOLERANCE_S: Final = 300
PROBE: Final = "WECHATPAY/SIGNTEST/"
ALGORITHM: Final = "AEAD_AES_256_GCM"
_OUR_NUMBER: Final = re.compile(r"[\x21-\x7e]{1,64}")
_SAYS: Final = {
    "SUCCESS": RefundNews.SUCCEEDED,
    "PROCESSING": RefundNews.PENDING,
    "CLOSED": RefundNews.FAILED,
    "ABNORMAL": RefundNews.FAILED,
}
Id = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]


class _Resource(BaseModel):
    algorithm: str
    ciphertext: str
    nonce: str
    associated_data: str | None = None
    original_type: str = ""


class _Envelope(BaseModel):
    id: Id
    event_type: Id
    resource: _Resource


class _Amount(BaseModel):
    refund: Annotated[int, Field(strict=True, gt=0, lt=2**63)]


class _Subject(BaseModel):
    refund_id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{0,255}$")] = ""
    out_refund_no: object = None
    refund_status: object = None
    amount: _Amount | None = None


class WeChatWebhooks:
    """Implements `integrations.hearing.WebhookReader`.

    `public_keys`: WeChat Pay's by their ids, two of them while one replaces the other; `apiv3_keys` likewise, 32 bytes
    each.
    """

    provider: str = "wechat"

    def __init__(self, public_keys: Mapping[str, RSAPublicKey], apiv3_keys: Sequence[bytes]) -> None:
        self._public_keys = public_keys
        self._ciphers = [AESGCM(key) for key in apiv3_keys]

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> WebhookEvent:
        """Verify a callback over its exact bytes, decrypt it, and read what it is about.

        The signature must be at most 300 s older or younger than `now`. Raises WebhookRefusedError.
        """
        self._verify(body, {name.lower(): value for name, value in headers.items()}, now)
        try:
            envelope = _Envelope.model_validate_json(body)
        except ValidationError as error:
            raise WebhookRefusedError("The body is not a callback of WeChat Pay.") from error
        subject = self._subject(envelope.resource)
        is_refund = envelope.resource.original_type == "refund"
        return WebhookEvent(
            provider=self.provider,
            event_id=envelope.id,
            kind=envelope.event_type,
            provider_number=_number_of(subject) if is_refund else "",
            object_id=subject.refund_id,
            says=_SAYS.get(str(subject.refund_status), RefundNews.UNKNOWN) if is_refund else RefundNews.UNKNOWN,
            amount=Money(minor=subject.amount.refund, currency=CURRENCY) if is_refund and subject.amount else None,
        )

    def taken(self) -> Reply:
        """WeChat Pay takes 200 or 204 within 5 s for an acknowledgement."""
        return Reply(200, b'{"code":"SUCCESS"}')

    def refused(self) -> Reply:
        """What a probe, too, has to be answered with."""
        return Reply(401, b'{"code":"FAIL","message":"The signature does not hold for this body."}')

    def not_stored(self) -> Reply:
        return Reply(503, b'{"code":"FAIL","message":"The event could not be stored; deliver it again."}')

    def _verify(self, body: bytes, headers: Mapping[str, str], now: datetime) -> None:
        stamp, nonce = headers.get("wechatpay-timestamp", ""), headers.get("wechatpay-nonce", "")
        signature, serial = headers.get("wechatpay-signature", ""), headers.get("wechatpay-serial", "")
        if signature.startswith(PROBE):
            raise WebhookRefusedError("A probe: WeChat Pay signed it wrongly on purpose, to see that it is refused.")
        if not (stamp.isascii() and stamp.isdigit()) or not nonce or not signature:
            raise WebhookRefusedError("A Wechatpay-Timestamp, -Nonce or -Signature header is missing or malformed.")
        key = self._public_keys.get(serial)
        if key is None:
            raise WebhookRefusedError(
                "The callback is signed by a key that is not set up; see Wechatpay-Serial and the public key ids."
            )
        if not _is_signed(f"{stamp}\n{nonce}\n".encode() + body + b"\n", signature, key):
            raise WebhookRefusedError("The signature does not hold for this body.")
        if abs(now.timestamp() - int(stamp)) > TOLERANCE_S:
            raise WebhookRefusedError(f"The signature is more than {TOLERANCE_S} s away from the present time.")

    def _subject(self, resource: _Resource) -> _Subject:
        if resource.algorithm != ALGORITHM:
            raise WebhookRefusedError(f"The callback is encrypted by another algorithm than {ALGORITHM}.")
        content = self._opened(resource)
        if content is None:
            raise WebhookRefusedError("The callback cannot be decrypted; compare the APIv3 key with the platform's.")
        try:
            return _Subject.model_validate_json(content)
        except ValidationError as error:
            raise WebhookRefusedError("What the callback encrypts is not an object of WeChat Pay.") from error

    def _opened(self, resource: _Resource) -> bytes | None:
        nonce, associated = resource.nonce.encode(), (resource.associated_data or "").encode()
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, base64.b64decode(resource.ciphertext, validate=True), associated)
            except (InvalidTag, ValueError):
                continue
        return None


def _is_signed(signed: bytes, signature: str, key: RSAPublicKey) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _number_of(subject: _Subject) -> str:
    number = subject.out_refund_no
    return number if isinstance(number, str) and _OUR_NUMBER.fullmatch(number) else ""
