"""What every automatic decision was made from, and where the version in the shadow disagreed (P5.1)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field

from activities.particulars import Particulars
from activities.precautions import Disagreement, Held, Risk
from activities.rulings import Change, Facts, Ruling
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime

DISAGREES = text("shadow IS NOT NULL")


class Assessments(Stored, table=True):
    """One row, one assessment. What lists and back-tests read of the models stands in columns of its own: `ruled` is
    the policy's word, `action` what was done about it, `row` the row of the decision table."""

    __table_args__ = (
        Index("ix_assessments_at", "at"),
        Index("ix_assessments_shadow_at", "at", sqlite_where=DISAGREES, postgresql_where=DISAGREES),
    )

    number: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime())
    policy_hash: str
    customer_id: str
    order_id: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    ruled: str
    action: str
    row: str
    held: tuple[Held, ...] = Field(sa_type=ModelJson(tuple[Held, ...]))
    facts: Facts = Field(sa_type=ModelJson(Facts))
    ruling: Ruling = Field(sa_type=ModelJson(Ruling))
    changes: tuple[Change, ...] = Field(sa_type=ModelJson(tuple[Change, ...]))
    risk: Risk = Field(sa_type=ModelJson(Risk))
    particulars: Particulars = Field(sa_type=ModelJson(Particulars))
    shadow: Disagreement | None = Field(sa_type=ModelJson(Disagreement))


ASSESSMENTS = table_of(Assessments)
