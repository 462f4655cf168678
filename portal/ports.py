"""What the portal needs: its own records, a way to speak to cases, and somebody who knows each provider's hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from aftersales.contract.messages import Answer, PaymentChanged, SurveyAnswer
from aftersales.contract.values import EvidenceRef
from storage.portal import Bearing, ProviderEvent, ProviderNews, Received, RefundNews, TokenPurpose


class WebhookRefusedError(Exception):
    """The message is not believed; `str(error)` is for the log."""


class WebhookEvent(Protocol):
    """A provider's event whose signature held. `provider_number` is ours, empty if the event names none;
    `object_id` is the provider's id of what it is about, `says` what it says of the refund, in our words."""

    @property
    def event_id(self) -> str: ...
    @property
    def provider_number(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def says(self) -> RefundNews: ...


WebhookVerifier = Callable[[bytes, Mapping[str, str], datetime], WebhookEvent]
"""From the raw body, the headers and the present time; raises WebhookRefusedError."""


class PortalRecords(Protocol):
    """The portal's own tables, `storage.portal.PortalStore`; one short transaction each."""

    async def reach(self) -> None: ...
    async def receive(self, event: ProviderEvent) -> Received | None: ...
    async def bearing_of(self, news: ProviderNews, at: datetime) -> Bearing: ...
    async def mark_handled(self, news: ProviderNews, bearing: Bearing, at: datetime) -> None: ...
    async def take_evidence(self, number: str, ref: EvidenceRef, ticket_hash: str, at: datetime) -> bool: ...
    async def spend_token(self, purpose: TokenPurpose, token_hash: str, used_at: datetime) -> bool: ...
    async def token_spent(self, purpose: TokenPurpose, token_hash: str) -> bool: ...


class Cases(Protocol):
    """Refund cases as the portal speaks to them; raises AftersalesError."""

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None: ...

    async def answer_survey(self, number: str, message: SurveyAnswer, *, actor: str, message_id: str) -> Answer: ...


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...
