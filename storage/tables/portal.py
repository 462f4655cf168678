"""What the portal writes: webhooks received, evidence taken in, single-use tokens spent."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class WebhookInbox(Stored, table=True):
    """Events as providers sent them; `signalled_at` stays empty until the case has been told."""

    __table_args__ = (
        Index(
            "ix_webhook_inbox_unsignalled",
            "received_at",
            sqlite_where=text("signalled_at IS NULL"),
            postgresql_where=text("signalled_at IS NULL"),
        ),
    )

    provider: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    payload: str
    received_at: datetime = Field(sa_type=UtcDateTime())
    provider_number: str
    number: str
    signalled_at: datetime | None = Field(sa_type=UtcDateTime())


class Evidence(Stored, table=True):
    """Evidence by content hash, once for each case that it was uploaded for."""

    sha256: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    media_type: str
    size_bytes: int
    uploaded_at: datetime = Field(sa_type=UtcDateTime())


class SpentTokens(Stored, table=True):
    """Survey links and upload tickets that were used, by the hash of the token."""

    purpose: str = Field(primary_key=True)
    token_hash: str = Field(primary_key=True)
    used_at: datetime = Field(sa_type=UtcDateTime())


WEBHOOK_INBOX = table_of(WebhookInbox)
EVIDENCE = table_of(Evidence)
SPENT_TOKENS = table_of(SpentTokens)
