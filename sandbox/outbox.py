"""Webhook events and their deliveries: what is owed to the receiver, when, and what each attempt met."""

import asyncio
import sqlite3
import time
from dataclasses import dataclass

from sandbox.faults import FaultKind
from sandbox.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, provider TEXT NOT NULL, type TEXT NOT NULL, object TEXT NOT NULL, body TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS events_object ON events (object);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, object TEXT NOT NULL, state TEXT NOT NULL,
    due_at REAL NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, forge_next INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_state ON deliveries (state, due_at);
CREATE INDEX IF NOT EXISTS deliveries_object ON deliveries (object, state);
CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, delivery INTEGER NOT NULL, event TEXT NOT NULL, at REAL NOT NULL,
    attempt INTEGER NOT NULL, status INTEGER, error TEXT, forged INTEGER NOT NULL
);
"""
URL = "webhook_url"


@dataclass(frozen=True, slots=True)
class Event:
    """One webhook event as its provider words it; ``object`` is the id it is about.

    ``url``: the address that the request named for it, as some providers have it; else the outbox's own.
    """

    id: str
    provider: str
    type: str
    object: str
    body: bytes
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """One delivery to attempt now; ``attempt`` counts from 1, ``forged`` asks for a bad signature."""

    id: int
    event: Event
    attempt: int
    forged: bool


@dataclass(frozen=True, slots=True)
class Met:
    """What an attempt met: the receiver's status, or the error that prevented one."""

    status: int | None = None
    body: bytes = b""
    error: str | None = None


def _due(row: sqlite3.Row) -> Due:
    event = Event(row["event"], row["provider"], row["type"], row["object"], row["body"].encode(), row["url"])
    return Due(row["id"], event, row["attempt"] + 1, bool(row["forge_next"]))


class Outbox:
    """Events are kept whether or not anyone listens; deliveries follow real time, not the sandbox clock."""

    def __init__(self, store: Store, default_url: str | None, gap_s: float) -> None:
        self._store = store
        self._gap_s = gap_s
        self._default_url = default_url
        # Set whenever something may have become due; whoever delivers waits on it and clears it.
        self.changed = asyncio.Event()
        store.declare(SCHEMA)
        store.add_column("events", "url", "TEXT")
        # Interrupted by the end of the last process: whether they arrived is unknown, so they go again.
        store.run("UPDATE deliveries SET state = 'due' WHERE state = 'sending'")

    @property
    def url(self) -> str | None:
        """Where webhooks go: the address set last, else the setting."""
        url = self._store.fact(URL)
        return url if isinstance(url, str) else self._default_url

    def set_url(self, url: str | None) -> None:
        """Send from now on to ``url``; ``None`` falls back to the setting."""
        self._store.set_fact(URL, url)
        self.changed.set()

    def publish(self, event: Event, callbacks: frozenset[FaultKind]) -> None:
        """Record an event and owe its deliveries, as many and in such order as ``callbacks`` says."""
        first = self._store.row("SELECT 1 FROM events WHERE object = ? LIMIT 1", event.object) is None
        self._store.run(
            "INSERT INTO events (id, provider, type, object, body, at, url) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(event.id, event.provider, event.type, event.object, event.body.decode(), time.time(), event.url),
        )
        if (event.url or self.url) is None or FaultKind.NEVER_CALL_BACK in callbacks:
            return
        withhold = first and FaultKind.OUT_OF_ORDER in callbacks
        copies = 2 if FaultKind.CALL_BACK_TWICE in callbacks else 1
        forged = FaultKind.BAD_SIGNATURE in callbacks
        row = (event.id, event.object, "withheld" if withhold else "due", time.time(), forged)
        self._store.run_many(
            "INSERT INTO deliveries (event, object, state, due_at, forge_next) VALUES (?, ?, ?, ?, ?)",
            [row] * copies,
        )
        if not withhold:
            self._release_withheld(event.object)
        self.changed.set()

    def _release_withheld(self, about: str) -> None:
        sql = "UPDATE deliveries SET state = 'due', due_at = ? WHERE object = ? AND state = 'withheld'"
        self._store.run(sql, time.time() + self._gap_s, about)

    def claim(self, limit: int) -> list[Due]:
        """Take the deliveries that are due, one per object at a time so that their order is kept."""
        rows = self._store.rows(
            "SELECT d.*, e.provider, e.type, e.body, e.url FROM deliveries d JOIN events e ON e.id = d.event"
            " WHERE d.id IN (SELECT MIN(w.id) FROM deliveries w WHERE w.state = 'due' AND w.due_at <= ?"
            "  AND NOT EXISTS (SELECT 1 FROM deliveries s WHERE s.object = w.object AND s.state = 'sending')"
            "  GROUP BY w.object ORDER BY MIN(w.id) LIMIT ?) ORDER BY d.id",
            time.time(),
            limit,
        )
        self._store.run_many("UPDATE deliveries SET state = 'sending' WHERE id = ?", [(r["id"],) for r in rows])
        return [_due(row) for row in rows]

    def next_due_at(self) -> float | None:
        """When the next waiting delivery is due, in real time."""
        row = self._store.row("SELECT MIN(due_at) AS at FROM deliveries WHERE state = 'due'")
        return None if row is None or row["at"] is None else float(row["at"])

    def settle(self, due: Due, met: Met, again_in_s: float | None, *, acknowledged: bool) -> None:
        """Record an attempt; then it is done, due again, or given up when ``again_in_s`` is ``None``."""
        self._store.run(
            "INSERT INTO attempts (delivery, event, at, attempt, status, error, forged) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(due.id, due.event.id, time.time(), due.attempt, met.status, met.error, due.forged),
        )
        state = "done" if acknowledged else "given_up" if again_in_s is None else "due"
        self._store.run(
            "UPDATE deliveries SET state = ?, attempt = ?, due_at = ?, forge_next = 0 WHERE id = ?",
            *(state, due.attempt, time.time() + (again_in_s or 0), due.id),
        )

    def events(self, about: str | None) -> list[dict[str, object]]:
        """Events of one object or of all, oldest first, without their bodies."""
        columns = "SELECT id, provider, type, object, at FROM events"
        rows = self._store.rows(f"{columns} WHERE (?1 IS NULL OR object = ?1) ORDER BY rowid", about)
        return [dict(row) for row in rows]

    def event_body(self, event_id: str) -> bytes | None:
        """The exact bytes of one event."""
        row = self._store.row("SELECT body FROM events WHERE id = ?", event_id)
        return None if row is None else str(row["body"]).encode()

    def attempts(self, about: str | None) -> list[dict[str, object]]:
        """Every attempt so far for one object or all, oldest first."""
        rows = self._store.rows(
            "SELECT a.event, e.type, e.object, a.delivery, a.attempt, a.at, a.status, a.error, a.forged,"
            " d.state FROM attempts a JOIN events e ON e.id = a.event JOIN deliveries d ON d.id = a.delivery"
            " WHERE (?1 IS NULL OR e.object = ?1) ORDER BY a.id",
            about,
        )
        return [{**dict(row), "forged": bool(row["forged"])} for row in rows]

    def waiting(self) -> int:
        """Deliveries still owed: due, in flight or withheld."""
        row = self._store.row("SELECT COUNT(*) AS n FROM deliveries WHERE state IN ('due','sending','withheld')")
        return int(row["n"]) if row else 0

    def redeliver(self, event_id: str, times: int) -> bool:
        """Owe an event again, as a provider's dashboard can; ``False`` when there is no such event."""
        row = self._store.row("SELECT object FROM events WHERE id = ?", event_id)
        if row is None:
            return False
        self._store.run_many(
            "INSERT INTO deliveries (event, object, state, due_at) VALUES (?, ?, 'due', ?)",
            [(event_id, row["object"], time.time())] * times,
        )
        self.changed.set()
        return True
