"""Engines for the two databases of the product, with the settings that keep them correct and bounded.

SQLite: write-ahead log, foreign keys, a busy timeout, and transactions that SQLAlchemy begins itself: `BEGIN
IMMEDIATE` for units that write, so that of two that read the same order first, the second waits (design:
architecture, Stores). PostgreSQL: every wait has a limit.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Final

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from storage import sqlite
from storage.errors import DatabaseUrlError

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql+asyncpg"

BUSY_TIMEOUT_S: Final = 5
"""How long a writer waits for another process's transaction; our longest takes milliseconds."""

BLOCKING_TIMEOUT_S: Final = 0.1
"""How much of that it waits inside SQLite, which holds up the whole process; the rest it sleeps on the event loop."""

BUSY_PAUSE_S: Final = 0.02

IDLE_S: Final = 1.0
"""A connection that nobody used for so long is asked whether it lives; asking each time costs three round trips."""

CONNECT_TIMEOUT_S: Final = 5
STATEMENT_TIMEOUT_S: Final = 30
POSTGRESQL_LIMITS: Final = {
    "application_name": "aftersales",
    "lock_timeout": "5000",  # ms; a database step has 8 s in all
    "idle_in_transaction_session_timeout": "30000",  # ms; a worker that hangs must not hold an order's row
}
SQLITE_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    f"PRAGMA busy_timeout={BLOCKING_TIMEOUT_S * 1000:.0f}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE deletes without asking the triggers
)
_PRIMARY_CODE: Final = 0xFF
_WRITES: Final = "aftersales_writes"
_USED_AT: Final = "used_at"


def create_store_engine(url: str, *, pool_size: int = 10) -> AsyncEngine:
    """An engine for `sqlite:////file` or `postgresql+asyncpg://…`; nothing is connected yet.

    Raises `DatabaseUrlError` for any other URL.
    """
    parsed = checked_url(url)
    if parsed.drivername == SQLITE:
        return _sqlite_engine(parsed)
    return _postgresql_engine(parsed, pool_size)


def checked_url(url: str) -> URL:
    """The parsed URL of a database that the product can use; raises `DatabaseUrlError`."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(
            f"The database URL cannot be read. Write {SQLITE}:////absolute/path/to/file.db "
            f"or {POSTGRESQL}://user:password@host:5432/database."
        ) from error
    if parsed.drivername not in {SQLITE, POSTGRESQL}:
        raise DatabaseUrlError(
            f"The database URL begins with {parsed.drivername!r}; it must begin with {SQLITE!r} "
            f"(one machine) or {POSTGRESQL!r} (production)."
        )
    if not parsed.database or (parsed.drivername == SQLITE and ":memory:" in parsed.database):
        raise DatabaseUrlError(
            "The database URL names no database: a file for SQLite (not :memory:, which no other process "
            "can see), a database name for PostgreSQL."
        )
    return parsed


def _postgresql_engine(url: URL, pool_size: int) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # errors go to logs and histories, and names and letters are among the values
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": STATEMENT_TIMEOUT_S,
            "server_settings": POSTGRESQL_LIMITS,
        },
    )

    def ask_after_idling(connection: DBAPIConnection, entry: ConnectionPoolEntry, _: object) -> None:
        """After the database was down, the first step must not pay for a dead connection."""
        if time.monotonic() - entry.info.get(_USED_AT, math.inf) > IDLE_S:
            _require_alive(engine, connection)

    event.listen(engine.sync_engine, "checkout", ask_after_idling)
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "handle_error", _hide_the_row)
    return engine


def _hide_the_row(failed: ExceptionContext) -> None:
    """PostgreSQL quotes the whole row that a constraint refused, in the error beneath the one that is raised."""
    beneath = failed.original_exception.__cause__
    if hasattr(beneath, "detail"):
        vars(beneath)["detail"] = None


def _note_use(_: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
    entry.info[_USED_AT] = time.monotonic()


def _require_alive(engine: AsyncEngine, connection: DBAPIConnection) -> None:
    dialect = engine.dialect
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("The connection died while it was idle.") from error


def _sqlite_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url.set(drivername=sqlite.DRIVER), hide_parameters=True)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite_connection)
    event.listen(engine.sync_engine, "begin", _begin_sqlite_transaction)
    return engine


def _prepare_sqlite_connection(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; see the listener for "begin"
    cursor = connection.cursor()
    try:
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
    finally:
        cursor.close()


def _begin_sqlite_transaction(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def snapshots(engine: AsyncEngine) -> AsyncEngine:
    """The engine for pages and lists: all statements of one connection see the same moment.

    SQLite's transactions do so by themselves.
    """
    if engine.dialect.name == "sqlite":
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


class Transactions:
    """Transactions that write, over one engine.

    SQLite has one writer at a time. Those of one process stand in line for their turn here, first come first
    served; another process's transaction is waited for on the event loop.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(**{_WRITES: True})
        alone = engine.dialect.name == "sqlite"
        self._turn: AbstractAsyncContextManager[None] = asyncio.Lock() if alone else nullcontext()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A connection whose transaction commits when the block ends without an error."""
        async with self._turn, self._engine.connect() as connection:
            await self._begin(connection)
            yield connection
            await connection.commit()

    async def _begin(self, connection: AsyncConnection) -> None:
        give_up = time.monotonic() + BUSY_TIMEOUT_S
        while True:
            try:
                await connection.begin()
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up:
                    raise
                await asyncio.sleep(BUSY_PAUSE_S)
            else:
                return


def _is_busy(error: OperationalError) -> bool:
    """Another's transaction, or its recovery of a log that a killed process left: kinds are told in the upper bits."""
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
