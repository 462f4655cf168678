"""What the portal needs: its own records and a way to speak to cases.

Who knows each provider's hand is `integrations.hearing.WebhookReader`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from aftersales.contract.messages import Answer, PaymentChanged, PayoutChoice, SurveyAnswer
from aftersales.contract.values import EvidenceRef
from storage.payees import Owed, Payee, Taking
from storage.portal import (
    Bearing,
    EvidenceHeld,
    EvidencePiece,
    Findings,
    ProviderEvent,
    ProviderNews,
    Received,
    TokenPurpose,
)


class PortalRecords(Protocol):
    """The portal's own tables, `storage.portal.PortalStore`; one short transaction each."""

    async def reach(self) -> None: ...
    async def receive_all(self, events: Sequence[ProviderEvent]) -> tuple[Received | None, ...]: ...
    async def bearing_of(self, news: ProviderNews, at: datetime) -> Bearing: ...
    async def mark_handled(self, news: ProviderNews, bearing: Bearing, at: datetime) -> None: ...
    async def take_evidence(
        self, number: str, ref: EvidenceRef, ticket_hash: str, at: datetime, *, customer_id: str, findings: Findings
    ) -> bool: ...
    async def evidence_held(self, number: str) -> EvidenceHeld: ...
    async def evidence_piece(self, number: str, sha256: str) -> EvidencePiece | None: ...
    async def spend_token(self, purpose: TokenPurpose, token_hash: str, used_at: datetime) -> bool: ...
    async def token_spent(self, purpose: TokenPurpose, token_hash: str) -> bool: ...


class PayeeRecords(Protocol):
    """Where customers want their money, and what is owed to them that way: `storage.payees.PayeeStore`."""

    async def keep(self, payee: Payee, taking: Taking) -> bool: ...
    async def owed(self, number: str) -> Owed | None: ...


class Cases(Protocol):
    """Refund cases as the portal speaks to them; raises AftersalesError."""

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None: ...

    async def answer_survey(self, number: str, message: SurveyAnswer, *, actor: str, message_id: str) -> Answer: ...

    async def choose_payout(self, number: str, message: PayoutChoice, *, actor: str, message_id: str) -> Answer: ...


class Clock(Protocol):
    def now(self) -> datetime: ...

    async def sleep(self, seconds: float) -> None: ...
