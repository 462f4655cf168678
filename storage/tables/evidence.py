"""Evidence: which case has which piece, what is known of each content, and what checks found (P2.2)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, Index
from sqlmodel import Field

from activities.pieces import ReusedEvidence
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime


class Evidence(Stored, table=True):
    """Evidence by content hash, once for each case that it was uploaded for. `customer_id`: whose ticket it came by,
    empty of older rows."""

    __table_args__ = (Index("ix_evidence_number", "number"),)

    sha256: str = Field(primary_key=True)
    number: str = Field(primary_key=True)
    media_type: str
    size_bytes: int
    uploaded_at: datetime = Field(sa_type=UtcDateTime())
    customer_id: str


class EvidenceContents(Stored, table=True):
    """What a content is, whichever cases have it: measures as in `activities.pieces.Findings`, `likeness` as a signed
    integer. The row outlives the content: it keeps the hash and `erased_at`."""

    __table_args__ = (Index("ix_evidence_contents_erased_at", "erased_at"),)

    sha256: str = Field(primary_key=True)
    media_type: str
    size_bytes: int
    width: int | None
    height: int | None
    sharpness: float | None = Field(sa_type=Float)
    brightness: float | None = Field(sa_type=Float)
    likeness: int | None = Field(sa_type=BigInteger)
    duration_ms: int | None = Field(sa_type=BigInteger)
    pages: int | None
    quarantined_at: datetime | None = Field(sa_type=UtcDateTime())
    erased_at: datetime | None = Field(sa_type=UtcDateTime())


class LikenessBands(Stored, table=True):
    """A quarter of a picture's likeness: `band` is its place (0 to 3) times 65536 plus its 16 bits.

    Hashes that differ in at most 6 of 64 bits differ in at most one bit of some quarter, so a look-up of each quarter
    and of its 16 neighbours finds them all, by the primary key.
    """

    band: int = Field(primary_key=True)
    sha256: str = Field(primary_key=True)


class EvidenceChecks(Stored, table=True):
    """What the checks found of a piece for its case; a later check writes over it."""

    number: str = Field(primary_key=True)
    sha256: str = Field(primary_key=True)
    verdict: str
    signature: str
    reused: tuple[ReusedEvidence, ...] = Field(sa_type=ModelJson(tuple[ReusedEvidence, ...]))
    checked_at: datetime = Field(sa_type=UtcDateTime())


EVIDENCE = table_of(Evidence)
EVIDENCE_CONTENTS = table_of(EvidenceContents)
LIKENESS_BANDS = table_of(LikenessBands)
EVIDENCE_CHECKS = table_of(EvidenceChecks)
