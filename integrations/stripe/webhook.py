"""Stripe's webhooks: who sent them and what they hint at. A webhook is never acted on (design: payments)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from activities.ports import RefundNews
from aftersales.contract.values import Money
from domain.errors import CurrencyUnknown
from integrations.hearing import (
    NOT_BELIEVED,
    NOT_STORED,
    TAKEN,
    Reply,
    WebhookEvent,
    WebhookRefusedError,
)
from integrations.stripe.amounts import money_of
from integrations.stripe.disputes import NOUN, Id, Second, chargeback_of
from integrations.stripe.wire import LEG

SIGNATURE_HEADER: Final = "stripe-signature"
TOLERANCE_S: Final = 300
_STAMP: Final = re.compile(r"[0-9]{1,12}")
_OUR_NUMBER: Final = re.compile(r"[\x21-\x7e]{1,64}")
_SAYS: Final = {
    "succeeded": RefundNews.SUCCEEDED,
    "pending": RefundNews.PENDING,
    "requires_action": RefundNews.PENDING,
    "failed": RefundNews.FAILED,
    "canceled": RefundNews.FAILED,
}


class _Subject(BaseModel):
    id: Annotated[str, Field(pattern=r"^[\x21-\x7e]{0,255}$")] = ""
    noun: str = Field(default="", alias="object")
    status: object = None
    amount: object = None
    currency: object = None
    metadata: dict[str, object] | None = None


class _Content(BaseModel):
    subject: dict[str, object] = Field(alias="object")


class _Envelope(BaseModel):
    id: Id
    type: Id
    created: Second | None = None
    data: _Content


class StripeWebhooks:
    """Implements `integrations.hearing.WebhookReader`. `secrets`: any of them will do, so that a new one can replace
    the old."""

    provider: str = "stripe"

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secrets)

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> WebhookEvent:
        """Verify and read one delivery. Raises WebhookRefusedError."""
        return parse_webhook(body, headers, self._secrets, now)

    def taken(self) -> Reply:
        """Any 2xx ends the redelivery."""
        return TAKEN

    def refused(self) -> Reply:
        return NOT_BELIEVED

    def not_stored(self) -> Reply:
        return NOT_STORED


def parse_webhook(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime) -> WebhookEvent:
    """Verify a delivery over its exact bytes and read what it is about.

    `secrets`: any of them will do, so that a new one can replace the old. `now`: real time, with its zone; the
    signature must be at most 300 s older or younger. Raises WebhookRefusedError.
    """
    stamp, signatures = _signature_of(headers)
    if not _is_signed(f"{stamp}.".encode() + body, signatures, secrets):
        raise WebhookRefusedError("The signature fits none of the endpoint's secrets.")
    if abs(now.timestamp() - stamp) > TOLERANCE_S:
        raise WebhookRefusedError(f"The signature is more than {TOLERANCE_S} s away from the present time.")
    try:
        envelope = _Envelope.model_validate_json(body)
        subject = _Subject.model_validate(envelope.data.subject)
    except ValidationError as error:
        raise WebhookRefusedError("The body is not an event of Stripe.") from error
    made_at = now if envelope.created is None else datetime.fromtimestamp(envelope.created, UTC)
    return WebhookEvent(
        provider="stripe",
        event_id=envelope.id,
        kind=envelope.type,
        provider_number=_number_of(subject),
        object_id=subject.id,
        says=_said_of(subject),
        amount=_amount_of(subject),
        chargeback=chargeback_of(envelope.data.subject, made_at) if subject.noun == NOUN else None,
    )


def _signature_of(headers: Mapping[str, str]) -> tuple[int, list[str]]:
    header = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]) or not signatures:
        raise WebhookRefusedError("The Stripe-Signature header is missing or malformed.")
    return int(stamps[0]), signatures


def _is_signed(signed: bytes, signatures: Sequence[str], secrets: Sequence[str]) -> bool:
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest().encode() for secret in secrets if secret]
    # Every pair is compared, in constant time: how long it takes says nothing about which one was near.
    matches = [hmac.compare_digest(ours, theirs.encode()) for ours in expected for theirs in signatures]
    return any(matches)


def _number_of(subject: _Subject) -> str:
    number = (subject.metadata or {}).get(LEG) if subject.noun == "refund" else None
    return number if isinstance(number, str) and _OUR_NUMBER.fullmatch(number) else ""


def _said_of(subject: _Subject) -> RefundNews:
    if subject.noun != "refund" or not isinstance(subject.status, str):
        return RefundNews.UNKNOWN
    return _SAYS.get(subject.status, RefundNews.UNKNOWN)


def _amount_of(subject: _Subject) -> Money | None:
    if subject.noun != "refund" or type(subject.amount) is not int or not isinstance(subject.currency, str):
        return None
    try:
        return money_of(subject.amount, subject.currency)
    except (ValueError, CurrencyUnknown):
        return None
