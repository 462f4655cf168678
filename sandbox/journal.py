"""The log of every request a provider received, whether or not it was answered."""

import json
import time
from dataclasses import dataclass
from enum import StrEnum

from sandbox.calls import Answer, Call
from sandbox.faults import Fault
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, provider TEXT NOT NULL, method TEXT NOT NULL,
    path TEXT NOT NULL, query TEXT NOT NULL, idempotency_key TEXT, leg TEXT, payment TEXT, status INTEGER,
    replayed INTEGER NOT NULL, sent TEXT NOT NULL, faults TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_leg ON requests (leg);
"""


class Sent(StrEnum):
    """What the caller saw of the answer."""

    WHOLE = "whole"
    NOTHING = "nothing"
    TRUNCATED = "truncated"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: the provider's answer (``None``: never executed) and what was sent of it."""

    answer: Answer | None
    sent: Sent


class Journal:
    """Requests in the order in which they ended; ``at`` in seconds since the epoch, real time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.declare(SCHEMA)

    def record(self, call: Call, fault: Fault, outcome: Outcome) -> None:
        """Write one finished request down."""
        status = outcome.answer.status if outcome.answer else None
        replayed = bool(outcome.answer and outcome.answer.replayed)
        payment = call.payments[0] if call.payments else None
        self._store.run(
            "INSERT INTO requests (at, provider, method, path, query, idempotency_key, leg, payment, status,"
            " replayed, sent, faults) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(time.time(), call.provider, call.method, call.path, call.envelope.query, call.key, call.leg),
            *(payment, status, replayed, outcome.sent, json.dumps(sorted(fault.kinds))),
        )

    def requests(self, leg: str | None, method: str | None, limit: int) -> list[dict[str, object]]:
        """The newest ``limit`` requests, oldest of them first."""
        rows = self._store.rows(
            "SELECT * FROM requests WHERE (?1 IS NULL OR leg = ?1) AND (?2 IS NULL OR method = ?2)"
            " ORDER BY id DESC LIMIT ?3",
            leg,
            method,
            limit,
        )
        return [
            {**dict(row), "replayed": bool(row["replayed"]), "faults": json.loads(row["faults"])}
            for row in reversed(rows)
        ]

    def forget(self) -> None:
        """Empty the log."""
        self._store.run("DELETE FROM requests")
