"""What the portal writes besides evidence: webhooks received, single-use tokens spent."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime

UNHANDLED: Final = "handled_at IS NULL"
UNMATCHED: Final = "bearing = 'unmatched' AND provider_number <> ''"
AMOUNT_DIFFERS: Final = "amount_differs"
"""Literals, for a database uses a partial index only where it sees the index's own condition."""


class WebhookInbox(Stored, table=True):
    """Events as providers sent them. `bearing` is what an event meant to its case when it was last looked at,
    `handled_at` stays empty while the case has yet to be told. `kind` is the provider's word for the event;
    `amount_minor` and `currency` are what it names, if it does, `amount_differs` whether that is not our leg's."""

    __table_args__ = (
        Index(
            "ix_webhook_inbox_unhandled",
            "received_at",
            sqlite_where=text(UNHANDLED),
            postgresql_where=text(UNHANDLED),
        ),
        Index(
            "ix_webhook_inbox_unmatched",
            "provider_number",
            sqlite_where=text(UNMATCHED),
            postgresql_where=text(UNMATCHED),
        ),
        Index(
            "ix_webhook_inbox_amount_differs",
            "received_at",
            sqlite_where=text(AMOUNT_DIFFERS),
            postgresql_where=text(AMOUNT_DIFFERS),
        ),
        Index("ix_webhook_inbox_provider_number", "provider_number"),
        Index("ix_webhook_inbox_received_at", "received_at"),
    )

    provider: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    payload: str
    received_at: datetime = Field(sa_type=UtcDateTime())
    provider_number: str
    reference: str
    says: str
    number: str
    bearing: str
    handled_at: datetime | None = Field(sa_type=UtcDateTime())
    kind: str
    amount_minor: int | None = Field(sa_type=BigInteger)
    currency: str | None
    amount_differs: bool


class SpentTokens(Stored, table=True):
    """Survey and payout links and upload tickets that were used, by the hash of the token."""

    purpose: str = Field(primary_key=True)
    token_hash: str = Field(primary_key=True)
    used_at: datetime = Field(sa_type=UtcDateTime())


WEBHOOK_INBOX = table_of(WebhookInbox)
SPENT_TOKENS = table_of(SpentTokens)
