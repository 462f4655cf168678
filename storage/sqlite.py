"""SQLite on the event loop: the standard library's driver behind SQLAlchemy's async engine, without threads.

A statement of ours takes some 20 µs; handing it to another thread and back, three times a statement, costs several
times that (docs/decisions/0007). A unit of work therefore runs without leaving the loop, and what could make it wait
long, another process's transaction, is waited for outside of it (see `storage.engine.Transactions`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine.interfaces import ConnectArgsType, DBAPICursor, ExecutionContext
from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool
from sqlalchemy.util.concurrency import await_

DRIVER: Final = "sqlite+loop"

Parameters = Sequence[Any] | Mapping[str, Any]


class LoopCursor(sqlite3.Cursor):
    """A cursor whose rows may be read outside SQLAlchemy's greenlet: nothing about it blocks."""

    async def _async_soft_close(self) -> None:
        """What SQLAlchemy asks of an asynchronous cursor before it hands it out."""


class LoopConnection(sqlite3.Connection):
    """A connection of such cursors."""

    def cursor(self, factory: Any = LoopCursor) -> Any:  # noqa: ANN401 - the base class has overloads
        return super().cursor(factory)


class LoopDialect(SQLiteDialect_pysqlite):
    """What SQLAlchemy calls asynchronous, with nothing to wait for. Files only (see `storage.engine.checked_url`)."""

    driver = "loop"
    is_async = True
    supports_statement_cache = True

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:  # noqa: ARG003 - always a file
        return AsyncAdaptedQueuePool

    def create_connect_args(self, url: URL) -> ConnectArgsType:
        args, options = super().create_connect_args(url)
        return args, {**options, "factory": LoopConnection, "check_same_thread": False}

    def do_execute(
        self,
        cursor: DBAPICursor,
        statement: str,
        parameters: Parameters | None,
        context: ExecutionContext | None = None,  # noqa: ARG002 - the dialect's interface
    ) -> None:
        await_(_at_once())
        cursor.execute(statement, parameters)

    def do_executemany(
        self,
        cursor: DBAPICursor,
        statement: str,
        parameters: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]],
        context: ExecutionContext | None = None,  # noqa: ARG002 - the dialect's interface
    ) -> None:
        await_(_at_once())
        cursor.executemany(statement, parameters)


async def _at_once() -> None:
    """SQLAlchemy refuses a call that awaits nothing: it takes the driver for one that blocks the loop by mistake."""


registry.register("sqlite.loop", __name__, LoopDialect.__name__)
