"""What every provider's webhook reader gives the portal: a verified event, or the reason why it is not believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from activities.ports import RefundNews
from aftersales.contract.values import Money
from domain.chargebacks import Chargeback


class WebhookRefusedError(Exception):
    """The message is not believed. `str(error)` says why, for the log; it holds no secret and nothing personal."""


@dataclass(frozen=True)
class Reply:
    """What the provider is answered."""

    status: int
    body: bytes
    media_type: str = "application/json"


TAKEN: Final = Reply(200, b'{"received":true}')
NOT_BELIEVED: Final = Reply(
    400,
    b'{"error":{"code":"not_verified","sentence":"The signature does not hold for this body; check the secret."}}',
)
NOT_STORED: Final = Reply(
    503, b'{"error":{"code":"not_stored","sentence":"The event could not be stored; deliver it again."}}'
)


@dataclass(frozen=True)
class WebhookEvent:
    """A verified event. `event_id` is the provider's own and the same for each delivery; where a provider gives none,
    a digest of what the event says. `kind`: the provider's word for it. `provider_number` is ours, empty when the
    event is about nothing of ours; `object_id` is the provider's id of what it is about; `says` is what became of the
    refund or payout when the event was made; `amount` is what it names, to be compared with our record; `chargeback`
    is what it says of a payment that the customer disputes."""

    provider: str
    event_id: str
    kind: str
    provider_number: str
    object_id: str
    says: RefundNews
    amount: Money | None = None
    chargeback: Chargeback | None = None


class WebhookReader(Protocol):
    """One provider's hand: verifies, reads, and knows what the provider wants to hear."""

    provider: str

    def read(self, body: bytes, headers: Mapping[str, str], now: datetime) -> WebhookEvent:
        """From the raw body, the headers (any case) and the present time. Raises WebhookRefusedError."""
        ...

    def taken(self) -> Reply:
        """The answer once the event is stored; every delivery of it gets the same."""
        ...

    def refused(self) -> Reply:
        """The answer to what is not believed."""
        ...

    def not_stored(self) -> Reply:
        """The answer that has the provider deliver again."""
        ...
