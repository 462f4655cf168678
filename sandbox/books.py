"""The provider's books: the merchant's balance, and every execution as the oracle counts it."""

import sqlite3
from dataclasses import dataclass

from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS balances (
    provider TEXT NOT NULL, currency TEXT NOT NULL, amount_minor INTEGER NOT NULL,
    PRIMARY KEY (provider, currency)
);
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, refund TEXT NOT NULL, leg TEXT,
    payment TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, executed_at REAL NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS executions_refund ON executions (provider, refund);
CREATE INDEX IF NOT EXISTS executions_leg ON executions (leg);
"""
TALLY = """
COUNT(*) AS executions, SUM(amount_minor) AS executed_minor,
SUM(undone = 0) AS not_reversed, SUM(CASE WHEN undone THEN 0 ELSE amount_minor END) AS not_reversed_minor
"""

Tally = dict[str, int | str]


@dataclass(frozen=True, slots=True)
class Execution:
    """One movement of money out of the merchant's balance; amounts in minor units of ``currency``."""

    provider: str
    refund: str
    leg: str | None
    payment: str
    amount_minor: int
    currency: str
    executed_at: float


def _tally(row: sqlite3.Row, *names: str) -> Tally:
    wanted = ("executions", "executed_minor", "not_reversed", "not_reversed_minor", *names)
    return {name: row[name] for name in wanted}


class Books:
    """Append-only executions; a reversal marks its execution and never removes it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def set_balance(self, provider: str, currency: str, amount_minor: int | None) -> None:
        """Give the merchant a balance in minor units; ``None`` makes it endless again."""
        self._store.run("DELETE FROM balances WHERE provider = ? AND currency = ?", provider, currency)
        if amount_minor is not None:
            self._store.run("INSERT INTO balances VALUES (?, ?, ?)", provider, currency, amount_minor)

    def balances(self) -> list[dict[str, int | str]]:
        """The balances that were set."""
        return [dict(row) for row in self._store.rows("SELECT * FROM balances ORDER BY provider, currency")]

    def covers(self, provider: str, currency: str, amount_minor: int) -> bool:
        """Whether the merchant's balance is large enough."""
        sql = "SELECT amount_minor FROM balances WHERE provider = ? AND currency = ?"
        row = self._store.row(sql, provider, currency)
        return row is None or int(row["amount_minor"]) >= amount_minor

    def record(self, done: Execution) -> None:
        """Write an execution down and take it from the balance."""
        self._store.run(
            "INSERT INTO executions (provider, refund, leg, payment, amount_minor, currency, executed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(done.provider, done.refund, done.leg, done.payment),
            *(done.amount_minor, done.currency, done.executed_at),
        )
        self._move(done.provider, done.currency, -done.amount_minor)

    def undo(self, provider: str, refund: str, currency: str, amount_minor: int) -> None:
        """Mark an execution reversed and give its amount back to the balance."""
        self._store.run("UPDATE executions SET undone = 1 WHERE provider = ? AND refund = ?", provider, refund)
        self._move(provider, currency, amount_minor)

    def _move(self, provider: str, currency: str, amount_minor: int) -> None:
        sql = "UPDATE balances SET amount_minor = amount_minor + ? WHERE provider = ? AND currency = ?"
        self._store.run(sql, amount_minor, provider, currency)

    def by_leg(self, leg: str | None = None) -> dict[str, Tally]:
        """Executions of each leg reference, or of one."""
        rows = self._store.rows(
            f"SELECT leg, currency, provider, {TALLY} FROM executions"  # noqa: S608 - TALLY is a constant
            " WHERE leg IS NOT NULL AND (?1 IS NULL OR leg = ?1) GROUP BY leg ORDER BY MIN(id)",
            leg,
        )
        return {row["leg"]: _tally(row, "currency", "provider") for row in rows}

    def by_payment(self) -> dict[str, Tally]:
        """Executions of each payment."""
        sql = f"SELECT payment, currency, provider, {TALLY} FROM executions GROUP BY provider, payment"  # noqa: S608
        return {row["payment"]: _tally(row, "currency", "provider") for row in self._store.rows(sql)}

    def by_currency(self) -> dict[str, Tally]:
        """Executions of each currency."""
        sql = f"SELECT currency, {TALLY} FROM executions GROUP BY currency"  # noqa: S608
        return {row["currency"]: _tally(row) for row in self._store.rows(sql)}

    def without_leg(self) -> int:
        """Executions whose request carried no leg reference; the product should never cause one."""
        row = self._store.row("SELECT COUNT(*) AS number FROM executions WHERE leg IS NULL")
        return int(row["number"]) if row else 0

    def forget_executions(self) -> None:
        """Start the count anew; refunds and balances stay as they are."""
        self._store.run("DELETE FROM executions")
