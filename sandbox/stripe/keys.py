"""Idempotency keys: the stored answers, and the keys in flight.

https://docs.stripe.com/api/idempotent_requests: an answer is stored once execution has begun, 500s too;
refusals before execution and conflicts are not; a key may be forgotten after 24 hours.
"""

import hashlib
import json
from dataclasses import dataclass

from sandbox.calls import Call
from sandbox.clock import SandboxClock
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS stripe_keys (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
    request_id TEXT NOT NULL, created REAL NOT NULL
);
"""
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The first answer given under a key, and the fingerprint of the parameters it was given for."""

    fingerprint: str
    status: int
    body: bytes
    request_id: str


def fingerprint(call: Call) -> str:
    """What makes two requests the same: path and parameters, in any order."""
    text = json.dumps([call.method, call.path, sorted(call.params.items())])
    return hashlib.sha256(text.encode()).hexdigest()


class KeyRing:
    """Answers by key for ``life_s`` seconds of the sandbox clock; after that the key is as new."""

    def __init__(self, store: Store, clock: SandboxClock, life_s: int) -> None:
        self._store = store
        self._clock = clock
        self._life_s = life_s
        self._in_flight: set[str] = set()
        store.declare(SCHEMA)

    def occupy(self, key: str) -> bool:
        """Take a key for the time of one execution; ``False`` when another request has it."""
        if key in self._in_flight:
            return False
        self._in_flight.add(key)
        return True

    def vacate(self, key: str) -> None:
        """Give a key free."""
        self._in_flight.discard(key)

    def stored(self, key: str) -> StoredAnswer | None:
        """The answer kept under a key that has not expired."""
        oldest = self._clock.now() - self._life_s
        row = self._store.row("SELECT * FROM stripe_keys WHERE key = ? AND created > ?", key, oldest)
        if row is None:
            return None
        return StoredAnswer(row["fingerprint"], row["status"], row["body"].encode(), row["request_id"])

    def store(self, key: str, answer: StoredAnswer) -> None:
        """Keep the answer for this key, in place of an expired one."""
        self._store.run(
            "INSERT OR REPLACE INTO stripe_keys VALUES (?, ?, ?, ?, ?, ?)",
            *(key, answer.fingerprint, answer.status, answer.body.decode(), answer.request_id),
            self._clock.now(),
        )
