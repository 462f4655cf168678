"""What only ever grows: ledger, results of steps, messages heard; and the mails of a case."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from activities.types import StepResult
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime


class Ledger(Stored, table=True):
    """One row, one posting (design: money, rule 10). Triggers refuse every UPDATE and DELETE."""

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        Index("ix_ledger_order_id_tender_id", "order_id", "tender_id"),
    )

    posting_id: str = Field(primary_key=True)
    number: str = Field(index=True)
    order_id: str
    tender_id: str
    provider_number: str = Field(index=True)
    debit: str
    credit: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    posted_at: datetime = Field(sa_type=UtcDateTime())
    note: str


class Steps(Stored, table=True):
    """The result of each database step: run again, it gives this and changes nothing."""

    number: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    input_digest: str
    result: StepResult = Field(sa_type=ModelJson(StepResult))


class HeardMessages(Stored, table=True):
    """Every message to a case, accepted or not; a nonce counts once."""

    number: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    kind: str
    actor: str
    role: str
    body: str
    received_at: datetime = Field(sa_type=UtcDateTime())
    accepted: bool
    code: str | None


class Mails(Stored, table=True):
    """Mails with what became of them (P4.1)."""

    __table_args__ = (Index("ix_mails_number_stage_round", "number", "stage", "round"),)

    message_id: str = Field(primary_key=True)
    number: str
    stage: str
    round: int
    recipient: str
    language: str
    subject: str
    body: str
    state: str
    created_at: datetime = Field(sa_type=UtcDateTime())
    sent_at: datetime | None = Field(sa_type=UtcDateTime())
    failure: str


LEDGER = table_of(Ledger)
STEPS = table_of(Steps)
HEARD_MESSAGES = table_of(HeardMessages)
MAILS = table_of(Mails)
