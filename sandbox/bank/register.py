"""The bank's rows: payouts, scripted refusals, and the states of the creditors' accounts."""

import json
from dataclasses import dataclass

from sandbox.bank.objects import Order, Payout, Status, payout_of
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS bank_payouts (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, uetr TEXT NOT NULL,
    number TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, debtor TEXT NOT NULL,
    name TEXT NOT NULL, account TEXT NOT NULL, bank_code TEXT NOT NULL, remittance TEXT NOT NULL,
    status TEXT NOT NULL, created_at REAL NOT NULL, charge_minor INTEGER NOT NULL, reason TEXT, due_at REAL,
    booked_at REAL, returned_at REAL, return_reason TEXT, callbacks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS bank_payouts_due ON bank_payouts (status, due_at);
CREATE TABLE IF NOT EXISTS bank_refusals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, leg TEXT, account TEXT, reason TEXT NOT NULL, http_status INTEGER,
    times INTEGER
);
CREATE TABLE IF NOT EXISTS bank_accounts (account TEXT PRIMARY KEY, reason TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A scripted no: at the door with ``http_status``, else by RJCT after the order was taken."""

    reason: str
    http_status: int | None


class BankRegister:
    """Rows alone; every rule about them is in ``transfers``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def by_number(self, number: str) -> Payout | None:
        """The payout of an end-to-end id."""
        row = self._store.row("SELECT * FROM bank_payouts WHERE number = ?", number)
        return None if row is None else payout_of(row)

    def by_id(self, payout_id: str) -> Payout | None:
        """The payout of the bank's own id."""
        row = self._store.row("SELECT * FROM bank_payouts WHERE id = ?", payout_id)
        return None if row is None else payout_of(row)

    def all(self) -> list[Payout]:
        """Every payout, oldest first."""
        return [payout_of(row) for row in self._store.rows("SELECT * FROM bank_payouts ORDER BY position")]

    def due(self, now: float) -> list[Payout]:
        """Payouts whose day has come."""
        sql = "SELECT * FROM bank_payouts WHERE status = ? AND due_at <= ? ORDER BY due_at, position"
        return [payout_of(row) for row in self._store.rows(sql, str(Status.PDNG), now)]

    def booked_between(self, start: float, end: float) -> list[Payout]:
        """Payouts booked from ``start`` on and before ``end``."""
        return self._between("booked_at", start, end)

    def returned_between(self, start: float, end: float) -> list[Payout]:
        """Payouts that came back from ``start`` on and before ``end``."""
        return self._between("returned_at", start, end)

    def _between(self, column: str, start: float, end: float) -> list[Payout]:
        sql = f"SELECT * FROM bank_payouts WHERE {column} >= ? AND {column} < ? ORDER BY {column}, position"  # noqa: S608 - one of two constants
        return [payout_of(row) for row in self._store.rows(sql, start, end)]

    def add(self, payout: Payout) -> None:
        """Write a new payout."""
        order: Order = payout.order
        self._store.run(
            "INSERT INTO bank_payouts (id, uetr, number, amount_minor, currency, debtor, name, account, bank_code,"
            " remittance, status, created_at, charge_minor, callbacks)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(payout.id, payout.uetr, order.number, order.amount_minor, order.currency, order.debtor, order.name),
            *(order.account, order.bank_code, order.remittance, str(payout.status), payout.created_at),
            *(payout.charge_minor, json.dumps(sorted(payout.callbacks))),
        )

    def change(self, payout: Payout) -> None:
        """Write what became of a payout."""
        self._store.run(
            "UPDATE bank_payouts SET status = ?, reason = ?, due_at = ?, booked_at = ?, returned_at = ?,"
            " return_reason = ? WHERE id = ?",
            *(str(payout.status), payout.reason, payout.due_at, payout.booked_at, payout.returned_at),
            *(payout.return_reason, payout.id),
        )

    def set_account(self, account: str, reason: str | None) -> None:
        """What payouts to an account are rejected for; ``None`` opens it again."""
        self._store.run("DELETE FROM bank_accounts WHERE account = ?", account)
        if reason is not None:
            self._store.run("INSERT INTO bank_accounts VALUES (?, ?)", account, reason)

    def account_reason(self, account: str) -> str | None:
        """Why an account takes nothing."""
        row = self._store.row("SELECT reason FROM bank_accounts WHERE account = ?", account)
        return None if row is None else str(row["reason"])

    def script(self, refusal: Refusal, leg: str | None, account: str | None, times: int | None) -> int:
        """Queue a refusal for the next matching orders (``times=None``: for all of them) and return its id."""
        sql = "INSERT INTO bank_refusals (leg, account, reason, http_status, times) VALUES (?, ?, ?, ?, ?)"
        return self._store.run(sql, leg, account, refusal.reason, refusal.http_status, times).lastrowid or 0

    def take_refusal(self, order: Order) -> Refusal | None:
        """The first refusal scripted for an order, used up by one."""
        row = self._store.row(
            "SELECT * FROM bank_refusals WHERE (leg IS NULL OR leg = ?) AND (account IS NULL OR account = ?)"
            " ORDER BY id LIMIT 1",
            order.number,
            order.account,
        )
        if row is None:
            return None
        self._store.run("UPDATE bank_refusals SET times = times - 1 WHERE id = ?", row["id"])
        self._store.run("DELETE FROM bank_refusals WHERE times = 0")
        return Refusal(row["reason"], row["http_status"])
