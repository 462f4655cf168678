"""Stripe's charges and refunds in the store: looking up, seeding, listing and writing them."""

import json
from dataclasses import dataclass

from sandbox.store import Store
from sandbox.stripe.balance import BalanceTransaction, BalanceTransactions, type_of
from sandbox.stripe.objects import Charge, Json, Refund, charge_of, new_id, refund_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_charges (
    id TEXT PRIMARY KEY, payment_intent TEXT NOT NULL UNIQUE, amount_minor INTEGER NOT NULL,
    currency TEXT NOT NULL, refunded_minor INTEGER NOT NULL DEFAULT 0, disputed INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL, CHECK (refunded_minor BETWEEN 0 AND amount_minor)
);
CREATE TABLE IF NOT EXISTS stripe_refunds (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, charge TEXT NOT NULL,
    payment_intent TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL, balance_transaction TEXT NOT NULL, metadata TEXT NOT NULL, reason TEXT,
    reference TEXT, failure_reason TEXT, failure_balance_transaction TEXT, callbacks TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS stripe_refunds_charge ON stripe_refunds (charge);
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for; ``after`` and ``before`` are positions, newest refunds first."""

    limit: int
    after: int | None = None
    before: int | None = None


class StripeLedger:
    """Rows of charges and refunds; every rule about them is in ``refunds``. ``balance``: what they moved."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)
        self.balance = BalanceTransactions(store)

    def charge(self, name: str) -> Charge | None:
        """The charge of this id, or of this payment intent."""
        sql = "SELECT * FROM stripe_charges WHERE id = ?1 OR payment_intent = ?1"
        row = self._store.row(sql, name)
        return None if row is None else charge_of(row)

    def charge_by(self, param: str, name: str) -> Charge | None:
        """The charge of this id for ``charge``, or of this payment intent for ``payment_intent``; never crosswise."""
        charge = self.charge(name)
        if charge is None:
            return None
        return charge if name == (charge.id if param == "charge" else charge.payment_intent) else None

    def seed(self, charge: Charge) -> Charge | None:
        """Add a captured payment unless it is there; ``None`` when a different one has its names."""
        added = self._store.run(
            "INSERT OR IGNORE INTO stripe_charges (id, payment_intent, amount_minor, currency, created)"
            " VALUES (?, ?, ?, ?, ?)",
            *(charge.id, charge.payment_intent, charge.amount_minor, charge.currency, charge.created),
        )
        if added.rowcount:
            type_ = type_of("charge", charge.id)
            moved = (charge.amount_minor, charge.currency, charge.created)
            self.balance.book(BalanceTransaction(new_id("txn"), type_, *moved, charge.id))
        kept = self.charge(charge.id)
        same = kept is not None and (
            (kept.payment_intent, kept.amount_minor, kept.currency)
            == (charge.payment_intent, charge.amount_minor, charge.currency)
        )
        return kept if same else None

    def dispute(self, charge_id: str, *, disputed: bool) -> None:
        """Open or close a dispute."""
        self._store.run("UPDATE stripe_charges SET disputed = ? WHERE id = ?", disputed, charge_id)

    def move_refunded(self, charge_id: str, amount_minor: int) -> None:
        """Raise what is refunded of a charge, or lower it by a negative amount."""
        sql = "UPDATE stripe_charges SET refunded_minor = refunded_minor + ? WHERE id = ?"
        self._store.run(sql, amount_minor, charge_id)

    def refund(self, refund_id: str) -> Refund | None:
        """The refund of this id."""
        row = self._store.row("SELECT * FROM stripe_refunds WHERE id = ?", refund_id)
        return None if row is None else refund_of(row)

    def position(self, refund_id: str) -> int | None:
        """Where a refund stands in the order of creation."""
        row = self._store.row("SELECT position FROM stripe_refunds WHERE id = ?", refund_id)
        return None if row is None else int(row["position"])

    def add(self, refund: Refund) -> None:
        """Write a new refund down."""
        self._store.run(
            "INSERT INTO stripe_refunds (id, charge, payment_intent, amount_minor, currency, status, created,"
            " balance_transaction, metadata, reason, callbacks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(refund.id, refund.charge, refund.payment_intent, refund.amount_minor, refund.currency),
            *(refund.status, refund.created, refund.balance_transaction, json.dumps(dict(refund.metadata))),
            *(refund.reason, " ".join(sorted(refund.callbacks))),
        )
        type_ = type_of("refund", refund.charge)
        moved = (-refund.amount_minor, refund.currency, refund.created)
        self.balance.book(BalanceTransaction(refund.balance_transaction, type_, *moved, refund.id))

    def give_back(self, refund: Refund, transaction_id: str, moment: int) -> None:
        """Book a refund's amount back into the balance, once it has failed."""
        moved = (refund.amount_minor, refund.currency, moment)
        self.balance.book(BalanceTransaction(transaction_id, type_of("failure", refund.charge), *moved, refund.id))

    def source(self, name: str) -> Json | None:
        """The charge or refund that a balance transaction is about, as it is shown."""
        found = self.refund(name) or self.charge(name)
        return found.shown() if found else None

    def change(self, refund: Refund) -> None:
        """Write the fields of a refund that may change."""
        self._store.run(
            "UPDATE stripe_refunds SET status = ?, reference = ?, failure_reason = ?,"
            " failure_balance_transaction = ? WHERE id = ?",
            *(refund.status, refund.reference, refund.failure_reason),
            *(refund.failure_balance_transaction, refund.id),
        )

    def page(self, charge_id: str | None, page: Page) -> tuple[list[Refund], bool]:
        """One page of refunds, newest first, and whether more follow in its direction."""
        order = "ASC" if page.before is not None else "DESC"
        rows = self._store.rows(
            "SELECT * FROM stripe_refunds WHERE (?1 IS NULL OR charge = ?1) AND (?2 IS NULL OR position < ?2)"  # noqa: S608
            f" AND (?3 IS NULL OR position > ?3) ORDER BY position {order} LIMIT ?4",
            *(charge_id, page.after, page.before, page.limit + 1),
        )
        refunds = [refund_of(row) for row in rows[: page.limit]]
        return refunds if order == "DESC" else refunds[::-1], len(rows) > page.limit

    def refunds(self) -> list[Refund]:
        """Every refund, oldest first."""
        return [refund_of(row) for row in self._store.rows("SELECT * FROM stripe_refunds ORDER BY position")]
