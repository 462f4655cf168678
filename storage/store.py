"""The unit of work of the database steps (design: architecture, Steps)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Unit
from storage.engine import Transactions
from storage.rows.assessments import AssessmentRows
from storage.rows.audit import AuditRows
from storage.rows.budgets import BreakerRows, BudgetRows
from storage.rows.cases import CaseRows, LegRows
from storage.rows.ceilings import CeilingRows
from storage.rows.evidence import EvidenceRows
from storage.rows.hand_payments import HandPaymentRows
from storage.rows.journals import LedgerRows, MailRows
from storage.rows.orders import OrderRows
from storage.rows.payees import PayeeRows
from storage.rows.risk import RiskRows
from storage.rows.staff import StaffRows
from storage.rows.steps import StepRows


class SqlUnit(
    StepRows,
    OrderRows,
    CaseRows,
    LegRows,
    LedgerRows,
    AssessmentRows,
    CeilingRows,
    BudgetRows,
    BreakerRows,
    AuditRows,
    MailRows,
    EvidenceRows,
    PayeeRows,
    HandPaymentRows,
    RiskRows,
    StaffRows,
):
    """One transaction over all rows that a step may touch; implements `activities.ports.Unit`."""


class SqlStore:
    """Units of work over one engine; implements `activities.ports.Store`.

    Make one for each process: on SQLite its units stand in line here (see `Transactions`).
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Unit]:
        """A unit that commits when its block ends without an error, and leaves nothing behind otherwise."""
        async with self._transactions.begin() as connection:
            yield SqlUnit(connection)
