"""The bank's webhooks: who sent them and what they hint at. A webhook is never acted on (design: payments)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from pydantic import BaseModel, Field, ValidationError

from activities.ports import RefundNews
from activities.types import OutcomeKind
from aftersales.contract.values import Money
from integrations.bank.amounts import money_of
from integrations.bank.reasons import REJECTED, STATUSES
from integrations.bank.wire import Id, SeenPayout
from integrations.hearing import NOT_BELIEVED, NOT_STORED, TAKEN, Reply, WebhookEvent, WebhookRefusedError

SIGNATURE_HEADER: Final = "bank-signature"
TOLERANCE_S: Final = 300
_STAMP: Final = re.compile(r"[0-9]{1,12}")
_SAYS: Final = {OutcomeKind.SUCCEEDED: RefundNews.SUCCEEDED, OutcomeKind.PENDING: RefundNews.PENDING}


class _Envelope(BaseModel):
    id: Id
    type: Id
    payout: SeenPayout | None = Field(default=None)


class BankWebhooks:
    """Implements `integrations.hearing.WebhookReader`: HMAC-SHA256 over "<time>.<raw body>", by any of the secrets, so
    that a new one can replace the old; 300 s to either side of the present."""

    provider: str = "bank"

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = tuple(secret.encode() for secret in secrets)

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> WebhookEvent:
        """Verify a delivery over its exact bytes and read what it is about. Raises WebhookRefusedError."""
        stamp, signatures = _signature_of(headers)
        if not self._is_signed(f"{stamp}.".encode() + body, signatures):
            raise WebhookRefusedError("The signature fits none of the bank's webhook secrets.")
        if abs(now.timestamp() - stamp) > TOLERANCE_S:
            raise WebhookRefusedError(f"The signature is more than {TOLERANCE_S} s away from the present time.")
        try:
            envelope = _Envelope.model_validate_json(body)
        except ValidationError as error:
            raise WebhookRefusedError("The body is not an event of the bank.") from error
        payout = envelope.payout
        return WebhookEvent(
            provider=self.provider,
            event_id=envelope.id,
            kind=envelope.type,
            provider_number=payout.end_to_end_id if payout else "",
            object_id=payout.id if payout else "",
            says=_said_of(payout),
            amount=_amount_of(payout),
        )

    def taken(self) -> Reply:
        return TAKEN

    def refused(self) -> Reply:
        return NOT_BELIEVED

    def not_stored(self) -> Reply:
        return NOT_STORED

    def _is_signed(self, signed: bytes, signatures: Sequence[str]) -> bool:
        expected = [hmac.new(secret, signed, sha256).hexdigest().encode() for secret in self._secrets]
        # Every pair is compared, in constant time: how long it takes says nothing about which one was near.
        matches = [hmac.compare_digest(ours, theirs.encode()) for ours in expected for theirs in signatures]
        return any(matches)


def _signature_of(headers: Mapping[str, str]) -> tuple[int, list[str]]:
    header = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]) or not signatures:
        raise WebhookRefusedError("The Bank-Signature header is missing or malformed.")
    return int(stamps[0]), signatures


def _said_of(payout: SeenPayout | None) -> RefundNews:
    if payout is None:
        return RefundNews.UNKNOWN
    if payout.sent_back is not None or payout.status in REJECTED:
        return RefundNews.FAILED
    return _SAYS.get(STATUSES.get(payout.status, OutcomeKind.UNKNOWN), RefundNews.UNKNOWN)


def _amount_of(payout: SeenPayout | None) -> Money | None:
    try:
        return money_of(payout.amount, payout.currency) if payout else None
    except ValueError:
        return None
