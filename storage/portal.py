"""The portal's own tables: the inbox of provider webhooks, evidence taken in, single-use tokens."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.contract.values import EvidenceRef, Frozen
from storage.engine import Transactions, snapshots
from storage.errors import RowMissingError
from storage.rows.base import insert_if_new
from storage.tables import EVIDENCE, LEGS, SPENT_TOKENS, WEBHOOK_INBOX

SWEEP_LIMIT: Final = 200


class ProviderEvent(Frozen):
    """A webhook as received and verified. `provider_number` and `number` stay empty where it names none of ours."""

    provider: str
    event_id: str
    payload: str
    received_at: datetime
    provider_number: str = ""
    number: str = ""
    signalled_at: datetime | None = None


class TokenPurpose(StrEnum):
    SURVEY = "survey"
    UPLOAD = "upload"


class PortalStore:
    """What the portal writes and reads back, over one engine; each call is one short transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    async def receive(self, event: ProviderEvent) -> bool:
        """Store an event; False if this (provider, event id) is in the inbox already."""
        async with self._transactions.begin() as connection:
            return await insert_if_new(connection, WEBHOOK_INBOX, dict(event))

    async def mark_signalled(self, provider: str, event_id: str, at: datetime) -> None:
        """The case has been told, or there is none to tell. Raises `RowMissingError`."""
        statement = (
            update(WEBHOOK_INBOX)
            .where(WEBHOOK_INBOX.c.provider == provider, WEBHOOK_INBOX.c.event_id == event_id)
            .values(signalled_at=at)
        )
        async with self._transactions.begin() as connection:
            if (await connection.execute(statement)).rowcount != 1:
                raise RowMissingError(f"Event {event_id} of {provider}")

    async def unsignalled(self, received_before: datetime, limit: int = SWEEP_LIMIT) -> tuple[ProviderEvent, ...]:
        """Events whose case has not been told, oldest first: what a sweep takes up again."""
        query = (
            select(WEBHOOK_INBOX)
            .where(WEBHOOK_INBOX.c.signalled_at.is_(None), WEBHOOK_INBOX.c.received_at < received_before)
            .order_by(WEBHOOK_INBOX.c.received_at)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return tuple(ProviderEvent(**row) for row in (await connection.execute(query)).mappings())

    async def number_of(self, provider_number: str) -> str | None:
        """The case whose leg goes by this number at its provider; None if no leg does."""
        query = select(LEGS.c.number).where(LEGS.c.provider_number == provider_number)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one_or_none()

    async def add_evidence(self, number: str, ref: EvidenceRef, uploaded_at: datetime) -> bool:
        """Note a piece of evidence for a case; False if the case has it already."""
        values = dict(ref) | {"number": number, "uploaded_at": uploaded_at}
        async with self._transactions.begin() as connection:
            return await insert_if_new(connection, EVIDENCE, values)

    async def evidence_of(self, number: str) -> tuple[EvidenceRef, ...]:
        """What was uploaded for a case, oldest first."""
        query = select(EVIDENCE).where(EVIDENCE.c.number == number).order_by(EVIDENCE.c.uploaded_at)
        async with self._engine.connect() as connection:
            return tuple(EvidenceRef(**row) for row in (await connection.execute(query)).mappings())

    async def spend_token(self, purpose: TokenPurpose, token_hash: str, used_at: datetime) -> bool:
        """Use a single-use token up; False if it was used before. Of many at once, one gets True."""
        values = {"purpose": purpose, "token_hash": token_hash, "used_at": used_at}
        async with self._transactions.begin() as connection:
            return await insert_if_new(connection, SPENT_TOKENS, values)

    async def token_spent(self, purpose: TokenPurpose, token_hash: str) -> bool:
        """Whether a token was used; looking does not use it up."""
        query = select(SPENT_TOKENS.c.used_at).where(
            SPENT_TOKENS.c.purpose == purpose, SPENT_TOKENS.c.token_hash == token_hash
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).one_or_none() is not None
