"""What speaks for or against trusting an application: lists, chargebacks, marks that people set."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class ListEntries(Stored, table=True):
    """Block and allow lists; what was taken off stays, with who took it off and when."""

    __table_args__ = (Index("ix_list_entries_kind_value", "kind", "value"),)

    entry_id: str = Field(primary_key=True)
    listing: str
    kind: str
    value: str
    reason: str
    listed_by: str
    listed_at: datetime = Field(sa_type=UtcDateTime())
    expires_at: datetime | None = Field(sa_type=UtcDateTime())
    removed_by: str
    removed_at: datetime | None = Field(sa_type=UtcDateTime())


class Chargebacks(Stored, table=True):
    """Disputes of payments as last heard of; an order is found by `order_id` or by its tenders' references."""

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
        Index("ix_chargebacks_provider_payment_reference", "provider", "payment_reference"),
        Index("ix_chargebacks_provider_other_reference", "provider", "other_reference"),
    )

    provider: str = Field(primary_key=True)
    dispute_id: str = Field(primary_key=True)
    payment_reference: str
    other_reference: str
    order_id: str = Field(index=True)
    state: str
    amount_minor: int | None = Field(sa_type=BigInteger)
    currency: str | None
    opened_at: datetime = Field(sa_type=UtcDateTime(), index=True)
    closed_at: datetime | None = Field(sa_type=UtcDateTime())
    as_of: datetime = Field(sa_type=UtcDateTime())


class CaseMarks(Stored, table=True):
    """What a person noted of a case for later ones of the same customer."""

    number: str = Field(primary_key=True)
    mark: str = Field(primary_key=True)
    marked_by: str
    marked_at: datetime = Field(sa_type=UtcDateTime())


LIST_ENTRIES = table_of(ListEntries)
CHARGEBACKS = table_of(Chargebacks)
CASE_MARKS = table_of(CaseMarks)
