"""Cases, what they hold of an order, their payment legs, and the keys under which they were asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from activities.precautions import Lease
from activities.types import Timings
from aftersales.contract.messages import CaseStart, PayoutChoice
from aftersales.contract.values import BreakDown, EvidenceRef
from aftersales.contract.views import VerdictView
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime

SHIPPING_LINE = ""
"""The line id under which a case holds the order's shipping; no real line has an empty id."""


class Cases(Stored, table=True):
    """The read model of a case. What lists sort and filter by is copied out of `start` (P1.2)."""

    __table_args__ = (
        Index("ix_cases_waits_for_due_at", "waits_for", "due_at"),
        Index("ix_cases_status_opened_at", "status", "opened_at"),
    )

    number: str = Field(primary_key=True)
    order_id: str = Field(index=True)
    customer_id: str = Field(index=True)
    kind: str
    reason: str
    channel: str
    start: CaseStart = Field(sa_type=ModelJson(CaseStart))
    status: str
    waits_for: str
    opened_at: datetime = Field(sa_type=UtcDateTime(), index=True)
    updated_at: datetime = Field(sa_type=UtcDateTime())
    assignee: str
    due_at: datetime | None = Field(sa_type=UtcDateTime())
    amount_minor: int | None = Field(sa_type=BigInteger)
    currency: str | None
    break_down: BreakDown | None = Field(sa_type=ModelJson(BreakDown))
    verdict: VerdictView | None = Field(sa_type=ModelJson(VerdictView))
    policy_hash: str
    reason_code: str
    explanation: str
    appealed: bool
    survey_score: int | None
    closed_at: datetime | None = Field(sa_type=UtcDateTime())
    evidence: tuple[EvidenceRef, ...] = Field(sa_type=ModelJson(tuple[EvidenceRef, ...]))
    timings: Timings = Field(sa_type=ModelJson(Timings))
    handling_hours: int
    entered_by: str
    overridden: bool
    lease: Lease | None = Field(sa_type=ModelJson(Lease))
    payout: PayoutChoice | None = Field(sa_type=ModelJson(PayoutChoice))


class CaseUnits(Stored, table=True):
    """Units of an order line that a case holds or has refunded; `line_id` may be `SHIPPING_LINE`."""

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_above_zero"),
        Index("ix_case_units_order_id_line_id", "order_id", "line_id"),
    )

    number: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    order_id: str
    quantity: int


class Legs(Stored, table=True):
    """One attempt at one tender's part of a payment, committed before anything is sent (design: payments)."""

    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount_above_zero"),
        UniqueConstraint("provider_number"),
        Index("ix_legs_order_id_tender_id", "order_id", "tender_id"),
        Index("ix_legs_provider_reference_sent_at", "provider", "reference", "sent_at"),
        Index("ix_legs_sent_at", "sent_at"),
    )

    number: str = Field(primary_key=True)
    leg: int = Field(primary_key=True)
    attempt: int = Field(primary_key=True)
    order_id: str
    tender_id: str
    reference: str
    provider: str
    provider_number: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    state: str
    provider_reference: str
    trace: str
    failure_code: str
    key_try: int
    sent_at: datetime | None = Field(sa_type=UtcDateTime())
    released: bool
    movement: str
    destination: str
    expected_by: datetime | None = Field(sa_type=UtcDateTime())
    elsewhere: bool
    captured_minor: int = Field(sa_type=BigInteger)
    payee: str


class ClaimedRequests(Stored, table=True):
    """(caller, request key) belongs to one application for ever, whatever Temporal has forgotten."""

    caller: str = Field(primary_key=True)
    request_key: str = Field(primary_key=True)
    number: str
    body_digest: str


CASES = table_of(Cases)
CASE_UNITS = table_of(CaseUnits)
LEGS = table_of(Legs)
CLAIMED_REQUESTS = table_of(ClaimedRequests)
