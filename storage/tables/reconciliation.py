"""What the reconciliation keeps: providers' statements, runs, what was found, and the letters about it (P3.3)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index
from sqlmodel import Field

from activities.differences import Totals
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime


class StatementLines(Stored, table=True):
    """Statements as they were read last, each line at its place: a provider may give two lines one id."""

    __table_args__ = (Index("ix_statement_lines_provider_provider_number", "provider", "provider_number"),)

    provider: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    position: int = Field(primary_key=True)
    line_id: str
    booked_at: datetime = Field(sa_type=UtcDateTime())
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    provider_number: str
    reference: str
    movement: str
    returned: bool
    fee_minor: int | None = Field(sa_type=BigInteger)
    fee_currency: str | None


class ReconciliationRuns(Stored, table=True):
    """A provider's day and how its last try ended; the counts are of when its statement was last read."""

    provider: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    state: str
    tries: int
    tried_at: datetime = Field(sa_type=UtcDateTime())
    sentence: str
    read_at: datetime | None = Field(sa_type=UtcDateTime())
    lines: int
    matched: int
    totals: tuple[Totals, ...] = Field(sa_type=ModelJson(tuple[Totals, ...]))


class ReconciliationFindings(Stored, table=True):
    """Differences, one row each, whatever became of them."""

    __table_args__ = (
        Index("ix_reconciliation_findings_provider_state", "provider", "state"),
        Index("ix_reconciliation_findings_day", "day"),
    )

    finding_id: str = Field(primary_key=True)
    provider: str
    day: date
    kind: str
    subject: str
    number: str
    reference: str
    ours_minor: int | None = Field(sa_type=BigInteger)
    ours_currency: str | None
    theirs_minor: int | None = Field(sa_type=BigInteger)
    theirs_currency: str | None
    our_state: str
    moved_at: datetime | None = Field(sa_type=UtcDateTime())
    state: str
    found_at: datetime = Field(sa_type=UtcDateTime())
    told_at: datetime | None = Field(sa_type=UtcDateTime())
    with_finance: bool
    closed_at: datetime | None = Field(sa_type=UtcDateTime())
    closed_day: date | None
    closed_by: str
    reason: str


class ReconciliationLetters(Stored, table=True):
    """Letters to the staff about a provider's day, with what became of them."""

    __table_args__ = (Index("ix_reconciliation_letters_provider_day", "provider", "day"),)

    message_id: str = Field(primary_key=True)
    provider: str
    day: date
    recipient: str
    language: str
    subject: str
    body: str
    state: str
    created_at: datetime = Field(sa_type=UtcDateTime())
    sent_at: datetime | None = Field(sa_type=UtcDateTime())
    failure: str


STATEMENT_LINES = table_of(StatementLines)
RECONCILIATION_RUNS = table_of(ReconciliationRuns)
RECONCILIATION_FINDINGS = table_of(ReconciliationFindings)
RECONCILIATION_LETTERS = table_of(ReconciliationLetters)
