"""Budgets of the rules and the breaker, as the command line shows them and the sweep tells of them (P5.1)."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.precautions import Breaker
from aftersales.contract.values import Money
from storage.engine import Transactions
from storage.rows.budgets import AUTOMATIC, read_breaker
from storage.tables import BREAKERS, BUDGETS

_B = BREAKERS.c


class Spent(NamedTuple):
    """What the rules approved of a day: `scope` is `customer`, `product` or `day`, `key` whose, empty for the day."""

    scope: str
    key: str
    amount: Money
    cases: int


class BudgetBook:
    """Implements `activities.alerting.Alarms`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._transactions = Transactions(engine)

    async def breaker(self) -> Breaker:
        async with self._engine.connect() as connection:
            return await read_breaker(connection)

    async def spent(self, day: date, *, limit: int) -> tuple[Spent, ...]:
        """The day over all first, then what used most of it."""
        query = (
            select(BUDGETS)
            .where(BUDGETS.c.day == day, BUDGETS.c.cases > 0)
            .order_by(BUDGETS.c.key != "", BUDGETS.c.currency, BUDGETS.c.minor.desc(), BUDGETS.c.scope, BUDGETS.c.key)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return tuple(
            Spent(row["scope"], row["key"], Money(minor=row["minor"], currency=row["currency"]), row["cases"])
            for row in rows
        )

    async def untold(self) -> Breaker | None:
        query = select(BREAKERS).where(_B.name == AUTOMATIC, _B.open, _B.told_at.is_(None))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else Breaker(**row)

    async def mark_told(self, breaker: Breaker, at: datetime) -> None:
        """Only of that opening: one that was closed and opened again meanwhile is told by itself."""
        this = (_B.name == AUTOMATIC, _B.changed_at == breaker.changed_at)
        async with self._transactions.begin() as connection:
            await connection.execute(update(BREAKERS).where(*this).values(told_at=at))
