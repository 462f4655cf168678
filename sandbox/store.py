"""The state of the sandbox in SQLite: one connection, one thread, one transaction per executed request."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""

Value = str | int | float | None


class Store:
    """A SQLite file (or memory), with named JSON facts and counters beside the tables of the other modules.

    All access is on the event loop's thread and never awaits inside a transaction, so requests are serial. ``era``
    counts how often all was cleared, by which a request under way knows that it belongs to the time before.
    """

    def __init__(self, path: Path | None) -> None:
        self.era = 0
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        # WAL with NORMAL loses nothing when the process is killed; only a power cut may cost commits.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self.declare(SCHEMA)

    def declare(self, schema: str) -> None:
        """Create the tables of ``schema`` that are not there yet."""
        self._connection.executescript(schema)

    def add_column(self, table: str, name: str, kind: str) -> None:
        """Bring a table that an earlier version made up to this one's columns."""
        if name not in {row["name"] for row in self._connection.execute(f"PRAGMA table_info({table})")}:
            self._connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")

    def close(self) -> None:
        """Close the file; later use is an error."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens or nothing does; an inner transaction joins the outer one."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run(self, sql: str, *values: Value) -> sqlite3.Cursor:
        """Execute one statement."""
        return self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """Execute one statement for each row."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: Value) -> list[sqlite3.Row]:
        """All rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Value) -> sqlite3.Row | None:
        """The first row of a query, if any."""
        found: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return found

    def fact(self, name: str) -> object:
        """The JSON value last stored under ``name``, or ``None``."""
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return None if found is None else json.loads(found["value"])

    def set_fact(self, name: str, value: object) -> None:
        """Store ``value`` as JSON under ``name``; ``None`` removes it."""
        if value is None:
            self.run("DELETE FROM facts WHERE name = ?", name)
            return
        self.run("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, json.dumps(value))

    def count_up(self, name: str) -> int:
        """Add one to a counter and return it, starting at 1."""
        self.run("INSERT INTO counters VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1", name)
        found = self.row("SELECT count FROM counters WHERE name = ?", name)
        return int(found["count"]) if found else 0

    def clear(self) -> None:
        """Empty every table: the sandbox is as on its first day."""
        self.era += 1
        names = self.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        with self.transaction():
            for row in names:
                self.run(f'DELETE FROM "{row["name"]}"')  # noqa: S608 - the name comes from the schema
