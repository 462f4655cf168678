"""Approvals of two people, the budgets of the rules, and the breaker that stops them (P5.1, P6.2)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class Approvals(Stored, table=True):
    """One person's yes to an amount and a destination; one that counts no more keeps its row."""

    number: str = Field(primary_key=True)
    sequence: int = Field(primary_key=True)
    actor: str
    role: str
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    destination: str
    at: datetime = Field(sa_type=UtcDateTime())
    voided_at: datetime | None = Field(sa_type=UtcDateTime())


class Budgets(Stored, table=True):
    """What the rules approved of a day: of one customer, of one product, and over all (with an empty key)."""

    __table_args__ = (CheckConstraint("minor >= 0 AND cases >= 0", name="not_below_zero"),)

    day: date = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    minor: int = Field(sa_type=BigInteger)
    cases: int


class BudgetUses(Stored, table=True):
    """What a case took of a budget, and how much of that still counts."""

    __table_args__ = (CheckConstraint("kept >= 0 AND kept <= minor", name="kept_of_what_was_used"),)

    number: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    currency: str = Field(primary_key=True)
    minor: int = Field(sa_type=BigInteger)
    kept: int = Field(sa_type=BigInteger)


class Pulses(Stored, table=True):
    """How many cases the rules approved within some minutes from `at` on."""

    at: datetime = Field(sa_type=UtcDateTime(), primary_key=True)
    cases: int


class Breakers(Stored, table=True):
    """One row, once the breaker was ever turned; what it was before stands in the operations log."""

    name: str = Field(primary_key=True)
    open: bool
    why: str
    changed_at: datetime = Field(sa_type=UtcDateTime())
    changed_by: str
    seen: int
    against: int
    told_at: datetime | None = Field(sa_type=UtcDateTime())


APPROVALS = table_of(Approvals)
BUDGETS = table_of(Budgets)
BUDGET_USES = table_of(BudgetUses)
PULSES = table_of(Pulses)
BREAKERS = table_of(Breakers)
