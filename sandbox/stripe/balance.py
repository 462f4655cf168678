"""Stripe's balance transactions: what every movement did to the merchant's balance, listed as a statement.

https://docs.stripe.com/api/balance_transactions. One is written with the charge, the refund and the refund's failure.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.store import Store
from sandbox.stripe import errors, form
from sandbox.stripe.objects import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_balance_transactions (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL,
    amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, created INTEGER NOT NULL, source TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS stripe_balance_transactions_created ON stripe_balance_transactions (created);
"""
# Stripe's words for a charge by another means than a card, and for its refund, differ.
CARD_TYPES = {"charge": "charge", "refund": "refund", "failure": "refund_failure"}
OTHER_TYPES = {"charge": "payment", "refund": "payment_refund", "failure": "refund_failure"}
RANGE = {"created[gt]": ">", "created[gte]": ">=", "created[lt]": "<", "created[lte]": "<=", "created": "="}
LIST_PARAMS = frozenset({"type", "created", "source", "currency", "limit", "starting_after", "expand"})


def type_of(what: str, charge_id: str) -> str:
    """The type of a transaction about a ``charge``, its ``refund`` or that one's ``failure``."""
    return (OTHER_TYPES if charge_id.startswith("py_") else CARD_TYPES)[what]


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One movement; ``amount_minor`` is below zero when it left the balance, ``source`` is what it is about."""

    id: str
    type: str
    amount_minor: int
    currency: str
    created: int
    source: str

    def shown(self, source: Json | None) -> Json:
        """The balance transaction object, with the whole ``source`` if there is one to show."""
        return {
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount_minor,
            "available_on": self.created,
            "balance_type": "payments",
            "created": self.created,
            "currency": self.currency,
            "description": None,
            "exchange_rate": None,
            "fee": 0,
            "fee_details": [],
            "net": self.amount_minor,
            "reporting_category": {"payment": "charge", "payment_refund": "refund"}.get(self.type, self.type),
            "source": source or self.source,
            "status": "available",
            "type": self.type,
        }


class BalanceTransactions:
    """Append-only rows, newest first when they are listed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def book(self, done: BalanceTransaction) -> None:
        """Write one down."""
        self._store.run(
            "INSERT INTO stripe_balance_transactions (id, type, amount_minor, currency, created, source)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            *(done.id, done.type, done.amount_minor, done.currency, done.created, done.source),
        )

    def page(self, params: Mapping[str, str]) -> tuple[list[BalanceTransaction], bool]:
        """The page that a list request asks for, and whether more follow; raises ``StripeError``."""
        self._check(params)
        limit = form.page_size(params)
        wheres, values = ["1"], list[str | int]()
        for name, sign in RANGE.items():
            if (moment := form.integer(params, name)) is not None:
                wheres.append(f"created {sign} ?")
                values.append(moment)
        for name in ("type", "source", "currency"):
            if name in params:
                wheres.append(f"{name} = ?")
                values.append(params[name])
        if (after := params.get("starting_after")) is not None:
            wheres.append("position < ?")
            values.append(self._position(after))
        rows = self._store.rows(
            f"SELECT * FROM stripe_balance_transactions WHERE {' AND '.join(wheres)}"  # noqa: S608 - our own words
            " ORDER BY position DESC LIMIT ?",
            *values,
            limit + 1,
        )
        return [_transaction(row) for row in rows[:limit]], len(rows) > limit

    def _check(self, params: Mapping[str, str]) -> None:
        ranged = {name: value for name, value in params.items() if name not in RANGE}
        form.refuse_unknown(ranged, LIST_PARAMS)

    def _position(self, id_: str) -> int:
        row = self._store.row("SELECT position FROM stripe_balance_transactions WHERE id = ?", id_)
        if row is None:
            raise errors.no_such("balance transaction", id_, "starting_after")
        return int(row["position"])


def _transaction(row: sqlite3.Row) -> BalanceTransaction:
    kept = dict(row)
    del kept["position"]
    return BalanceTransaction(**kept)
