"""The operations log, a chain of hashes for each case, and what of it can be erased (P6.3)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime

UNSEALED: Final = "sealed_seq < seq"
"""A literal, for a database uses a partial index only where it sees the index's own condition."""


class Audit(Stored, table=True):
    """The entries. Triggers refuse every UPDATE and DELETE, so no personal data stands here: `actor`, and people among
    the facts, are pseudonyms (see `People`); `why` is the salted hash of a text (see `AuditWords`)."""

    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime())
    actor: str
    role: str
    channel: str
    action: str
    before: str
    after: str
    reason: str
    why: str
    facts: str
    prev_hash: str
    hash: str


class AuditHeads(Stored, table=True):
    """Where each chain ends; without it nobody could tell that its last entries were cut off. `sealed_seq`: up to which
    entry a seal outside the database holds the chain, 0 if none does."""

    __table_args__ = (
        Index("ix_audit_heads_unsealed", "number", sqlite_where=text(UNSEALED), postgresql_where=text(UNSEALED)),
    )

    number: str = Field(primary_key=True)
    seq: int
    hash: str
    sealed_seq: int


class AuditSeals(Stored, table=True):
    """The seals that lie outside, so that the newest cannot be taken away unseen. Triggers refuse every UPDATE and
    DELETE. `seal`: its hash."""

    day: date = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime())
    heads: int
    seal: str


class AuditWords(Stored, table=True):
    """What people wrote themselves, with the salt that leads to the entry's hash of it. Rows may be deleted."""

    number: str = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    salt: str
    text: str


class People(Stored, table=True):
    """Who is behind a pseudonym, with the salt that leads from one to the other. Rows may be deleted."""

    __table_args__ = (UniqueConstraint("kind", "person_id"),)

    pseudonym: str = Field(primary_key=True)
    kind: str
    person_id: str
    salt: str


AUDIT = table_of(Audit)
AUDIT_HEADS = table_of(AuditHeads)
AUDIT_SEALS = table_of(AuditSeals)
AUDIT_WORDS = table_of(AuditWords)
PEOPLE = table_of(People)
