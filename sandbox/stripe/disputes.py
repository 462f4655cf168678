"""Disputes: the customer's bank takes a payment back, and Stripe tells of it by events alone.

https://docs.stripe.com/api/disputes/object. While one is open, and once it is lost, nothing of its charge is refunded.
"""

import sqlite3
from dataclasses import dataclass, replace
from enum import StrEnum

from sandbox.clock import SandboxClock
from sandbox.outbox import Outbox
from sandbox.store import Store
from sandbox.stripe.events import Cause, event
from sandbox.stripe.ledger import StripeLedger
from sandbox.stripe.objects import Charge, Json, new_id

SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_disputes (
    position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, charge TEXT NOT NULL,
    payment_intent TEXT NOT NULL, amount_minor INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS stripe_disputes_charge ON stripe_disputes (charge);
"""


class DisputeStatus(StrEnum):
    """Field ``status``; those of inquiries, which take no money, are left out."""

    NEEDS_RESPONSE = "needs_response"
    WON = "won"
    LOST = "lost"


class Outcome(StrEnum):
    """How a dispute ends, as the merchant sees it."""

    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute of a whole charge."""

    id: str
    charge: str
    payment_intent: str
    amount_minor: int
    currency: str
    status: DisputeStatus
    created: int

    def shown(self) -> Json:
        """The dispute object."""
        return {
            "id": self.id,
            "object": "dispute",
            "amount": self.amount_minor,
            "balance_transactions": [],
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "is_charge_refundable": False,
            "livemode": False,
            "metadata": {},
            "payment_intent": self.payment_intent,
            "reason": "fraudulent",
            "status": self.status,
        }


class Disputes:
    """Opens and closes disputes, with charges and events kept in step; call inside one transaction of the store."""

    def __init__(self, store: Store, ledger: StripeLedger, outbox: Outbox, clock: SandboxClock) -> None:
        self._store = store
        self._ledger = ledger
        self._outbox = outbox
        self._clock = clock
        store.declare(SCHEMA)

    def open(self, charge: Charge) -> None:
        """Take the charge's money back until it is decided, unless that was done already."""
        if charge.disputed:
            return
        moment = int(self._clock.now())
        dispute = Dispute(
            id=new_id("du"),
            charge=charge.id,
            payment_intent=charge.payment_intent,
            amount_minor=charge.amount_minor,
            currency=charge.currency,
            status=DisputeStatus.NEEDS_RESPONSE,
            created=moment,
        )
        self._store.run(
            "INSERT INTO stripe_disputes (id, charge, payment_intent, amount_minor, currency, status, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(dispute.id, dispute.charge, dispute.payment_intent, dispute.amount_minor),
            *(dispute.currency, dispute.status, dispute.created),
        )
        self._ledger.dispute(charge.id, disputed=True)
        self._announce(dispute, ["charge.dispute.created", "charge.dispute.funds_withdrawn"])

    def close(self, charge: Charge, outcome: Outcome) -> None:
        """Decide the open dispute of a charge; of a charge without one nothing happens."""
        row = self._store.row(
            "SELECT * FROM stripe_disputes WHERE charge = ? AND status = ?", charge.id, DisputeStatus.NEEDS_RESPONSE
        )
        if row is None:
            return
        decided = replace(_dispute_of(row), status=DisputeStatus(outcome))
        self._store.run("UPDATE stripe_disputes SET status = ? WHERE id = ?", decided.status, decided.id)
        won = outcome is Outcome.WON
        self._ledger.dispute(charge.id, disputed=not won)
        types = ["charge.dispute.updated", "charge.dispute.closed"]
        self._announce(decided, [*types, "charge.dispute.funds_reinstated"] if won else types)

    def of(self, charge_id: str) -> list[Dispute]:
        """All disputes of a charge, oldest first."""
        rows = self._store.rows("SELECT * FROM stripe_disputes WHERE charge = ? ORDER BY position", charge_id)
        return [_dispute_of(row) for row in rows]

    def _announce(self, dispute: Dispute, types: list[str]) -> None:
        for type_ in types:
            self._outbox.publish(event(type_, dispute.shown(), {}, self._clock.now(), Cause()), frozenset())


def _dispute_of(row: sqlite3.Row) -> Dispute:
    kept = dict(row)
    del kept["position"]
    return Dispute(**{**kept, "status": DisputeStatus(row["status"])})
