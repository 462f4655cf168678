"""What has no provider outside: store credit and gift cards in a ledger of our own, and payments made by hand."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from aftersales.contract.values import EvidenceRef
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime


class StoredValueEntries(Stored, table=True):
    """Value put on a customer's credit account or a gift card; what is spent again is an entry below zero.

    An account's balance is the sum of its entries. Triggers refuse every UPDATE and DELETE.
    """

    __table_args__ = (
        CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
        Index("ix_stored_value_entries_provider_account", "provider", "account"),
    )

    provider_number: str = Field(primary_key=True)
    number: str
    provider: str
    account: str
    movement: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    entered_at: datetime = Field(sa_type=UtcDateTime())


class HandPayments(Stored, table=True):
    """Payments without an interface, each with what two people of finance said about it (P3.2)."""

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
        CheckConstraint("confirmed_by = '' OR confirmed_by <> paid_by", name="two_people"),
        Index("ix_hand_payments_state_filed_at", "state", "filed_at"),
    )

    provider_number: str = Field(primary_key=True)
    number: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    movement: str
    method: str | None
    payee: str
    destination: str
    filed_at: datetime = Field(sa_type=UtcDateTime())
    state: str
    paid_by: str
    paid_at: datetime | None = Field(sa_type=UtcDateTime())
    reference: str
    evidence: tuple[EvidenceRef, ...] = Field(sa_type=ModelJson(tuple[EvidenceRef, ...]))
    confirmed_by: str
    confirmed_at: datetime | None = Field(sa_type=UtcDateTime())


STORED_VALUE_ENTRIES = table_of(StoredValueEntries)
HAND_PAYMENTS = table_of(HandPayments)
