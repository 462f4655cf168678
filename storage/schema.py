"""Bringing a database to the schema of this version, and the rights of the application's role.

`python -m storage.schema` does both, as the owner of the tables, before a new version's processes start.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import Transactions, create_store_engine
from storage.errors import SchemaError, StorageError
from storage.tables import AUDIT, AUDIT_SEALS, LEDGER, STORED_VALUE_ENTRIES

MIGRATIONS: Final = Path(__file__).parent / "migrations"
_ALEMBIC: Final = threading.Lock()
"""Alembic keeps the migration under way in globals: one process runs one at a time, whatever the database."""
_TURN_PAUSE_S: Final = 0.02
_UPGRADE_LOCK: Final = 0x0AF7E25A1E5  # any number that nothing else locks


async def upgrade(url: str) -> None:
    """Run all migrations that are missing, in one transaction; two at once follow upon each other.

    Needs rights to create tables. Raises `DatabaseUrlError`.
    """
    engine = create_store_engine(url)
    try:
        async with _alembics_turn(), Transactions(engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"))
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _alembics_turn() -> AsyncIterator[None]:
    """Looked for again and again: to wait for a thread's lock would hold up the loop whose task may have it."""
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - the turn may be that of another thread's loop
        await asyncio.sleep(_TURN_PAUSE_S)
    try:
        yield
    finally:
        _ALEMBIC.release()


async def require_current(engine: AsyncEngine) -> None:
    """Raises `SchemaError` unless the database has exactly the schema of this version."""
    async with engine.connect() as connection:
        found = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_heads())
    wanted = ScriptDirectory.from_config(_config()).get_heads()
    if set(found) != set(wanted):
        raise SchemaError(
            f"The database's schema is {', '.join(found) or 'empty'}, this version needs {', '.join(wanted)}; "
            "run the schema upgrade of this version first."
        )


async def restrict_role(engine: AsyncEngine, role: str) -> None:
    """On PostgreSQL: give the application's role what it needs and no right to change ledgers or log.

    `role` must exist; run it after every upgrade, as the owner of the tables. A role that owns them or is a
    superuser cannot be restricted. Raises `SchemaError` on SQLite, which has no roles.
    """
    if engine.dialect.name != "postgresql":
        raise SchemaError("SQLite has no roles to restrict; there the triggers alone guard ledger and log.")
    async with engine.begin() as connection:
        await _restrict(connection, engine.dialect.identifier_preparer.quote_identifier(role))


async def _restrict(connection: AsyncConnection, role: str) -> None:
    await connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
    rights = "SELECT, INSERT, UPDATE, DELETE"
    await connection.execute(text(f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO {role}"))
    for table in (LEDGER, AUDIT, AUDIT_SEALS, STORED_VALUE_ENTRIES):
        await connection.execute(text(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table.name} FROM {role}"))


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


async def bring_up(url: str, role: str = "") -> None:
    """Upgrade, then restrict the application's `role` if one is named (PostgreSQL)."""
    await upgrade(url)
    if role:
        engine = create_store_engine(url)
        try:
            await restrict_role(engine, role)
        finally:
            await engine.dispose()


def main(environ: Mapping[str, str] = os.environ) -> int:
    """The schema job. `AFTERSALES_DATABASE_URL`: as the owner; `AFTERSALES_DATABASE_ROLE`: the application's role.

    Gives the exit status: 0, or 2 after one readable paragraph.
    """
    try:
        asyncio.run(bring_up(environ.get("AFTERSALES_DATABASE_URL", ""), environ.get("AFTERSALES_DATABASE_ROLE", "")))
    except (StorageError, SQLAlchemyError, OSError) as error:
        sys.stderr.write(f"The database's schema was not brought up to date.\n{_reason(error)}\n")
        return 2
    return 0


def _reason(error: Exception) -> str:
    """The driver's own words; SQLAlchemy's would repeat the statement."""
    return str(getattr(error, "orig", None) or error)


if __name__ == "__main__":
    sys.exit(main())
