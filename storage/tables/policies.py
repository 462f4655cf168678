"""Versions of the policy (P2.1, P5.1)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Index, Text, text
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime

PUBLISHED: Final = "state = 'published'"
"""A literal, for a database uses a partial index only where it sees the index's own condition."""


class PolicyVersions(Stored, table=True):
    """Each by the hash of its content, which triggers guard against every change. `content` is the canonical JSON of
    all files."""

    __table_args__ = (
        Index(
            "ix_policy_versions_in_force",
            "effective_from",
            "published_at",
            sqlite_where=text(PUBLISHED),
            postgresql_where=text(PUBLISHED),
        ),
    )

    content_hash: str = Field(primary_key=True)
    name: str
    note: str
    content: str = Field(sa_type=Text)
    state: str
    author: str
    drafted_at: datetime = Field(sa_type=UtcDateTime())
    checked_by: str
    checked_at: datetime | None = Field(sa_type=UtcDateTime())
    published_by: str
    published_at: datetime | None = Field(sa_type=UtcDateTime())
    effective_from: datetime | None = Field(sa_type=UtcDateTime())
    shadow: bool


POLICY_VERSIONS = table_of(PolicyVersions)
