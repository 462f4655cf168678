"""Reading the ledger as a bookkeeper does: the postings of a case or an order, and what stands on each account.

Sums are made from the postings each time (design: money, rule 10); nothing here writes or locks.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.rows import Posting
from storage.engine import snapshots
from storage.rows.cases import money_of
from storage.rows.orders import total
from storage.tables import LEDGER


class AccountSums(NamedTuple):
    """What was posted to an account in one currency, in its minor units."""

    account: str
    currency: str
    debit_minor: int
    credit_minor: int

    @property
    def balance_minor(self) -> int:
        """Above zero on the debit side."""
        return self.debit_minor - self.credit_minor


class Books(NamedTuple):
    """Postings, oldest first, and the accounts that they move, by name and currency."""

    postings: tuple[Posting, ...]
    accounts: tuple[AccountSums, ...]


class Bookkeeping:
    """Queries over one engine. Each call reads one consistent moment."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = snapshots(engine)

    async def of_case(self, number: str) -> Books:
        """What was posted for a case; nothing for a number that nobody has."""
        return await self._books(LEDGER.c.number == number)

    async def of_order(self, order_id: str) -> Books:
        """What was posted for all cases of an order."""
        return await self._books(LEDGER.c.order_id == order_id)

    async def trial_balance(self, before: datetime | None = None) -> tuple[AccountSums, ...]:
        """Every account by everything that was posted, or was posted before that moment."""
        where = [] if before is None else [LEDGER.c.posted_at < before]
        async with self._engine.connect() as connection:
            return await _accounts(connection, *where)

    async def _books(self, where: ColumnElement[bool]) -> Books:
        query = select(LEDGER).where(where).order_by(LEDGER.c.posted_at, LEDGER.c.posting_id)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
            accounts = await _accounts(connection, where)
        return Books(tuple(Posting(**row, amount=money_of(row)) for row in rows), accounts)


def totals(accounts: tuple[AccountSums, ...]) -> tuple[AccountSums, ...]:
    """Both sides of all accounts together, one for each currency; they are equal, as each posting has two sides."""
    currencies = sorted({each.currency for each in accounts})
    return tuple(_total([each for each in accounts if each.currency == currency]) for currency in currencies)


def _total(accounts: list[AccountSums]) -> AccountSums:
    debit = sum(each.debit_minor for each in accounts)
    credit = sum(each.credit_minor for each in accounts)
    return AccountSums("total", accounts[0].currency, debit, credit)


async def _accounts(connection: AsyncConnection, *where: ColumnElement[bool]) -> tuple[AccountSums, ...]:
    nothing = literal(0, BigInteger)
    amount, currency = LEDGER.c.amount_minor, LEDGER.c.currency
    sides = union_all(
        select(LEDGER.c.debit.label("account"), currency, amount.label("debit"), nothing.label("credit")).where(*where),
        select(LEDGER.c.credit, currency, nothing, amount).where(*where),
    ).subquery()
    key = (sides.c.account, sides.c.currency)
    query = select(*key, total(sides.c.debit), total(sides.c.credit)).group_by(*key).order_by(*key)
    return tuple(AccountSums(*row) for row in await connection.execute(query))
