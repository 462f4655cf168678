"""Every test of this folder runs on SQLite and on PostgreSQL, each on a migrated database of its own.

The schema is migrated once a session; tests get copies of the file, or databases made from the template.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.servers.postgres import PostgresServer
from domain.orders import OrderRecord
from storage import schema
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.store import SqlStore
from tests.storage.builders import order_record


async def administer(administration: AsyncEngine, statement: str) -> None:
    async with administration.connect() as connection:
        await connection.execute(text(statement))


@pytest.fixture(scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema and no rows."""
    file = tmp_path_factory.mktemp("schema") / "migrated.db"
    await schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
async def migrated_template(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a PostgreSQL database with the schema and no rows."""
    name = f"template_{secrets.token_hex(8)}"
    await schema.upgrade(await postgres_server.create_database(name))
    yield name
    await postgres_server.drop_database(name)


@pytest.fixture
def migrated_sqlite(migrated_file: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    copy = shutil.copy(migrated_file, tmp_path / "store.db")
    return f"sqlite:///{copy}"


@pytest.fixture
async def migrated_postgres(
    postgres_server: PostgresServer, administration: AsyncEngine, migrated_template: str
) -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database of this test alone."""
    name = f"test_{secrets.token_hex(8)}"
    await administer(administration, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield postgres_server.url(name)
    await administer(administration, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated database of this test alone, on each of the two in turn."""
    found: str = request.getfixturevalue(f"migrated_{request.param}")
    return found


@pytest.fixture
async def engine(url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_store_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
def store(engine: AsyncEngine) -> SqlStore:
    return SqlStore(engine)


@pytest.fixture
async def stored_order(engine: AsyncEngine) -> OrderRecord:
    """The order of `builders.order_record`, saved."""
    record = order_record()
    await save_orders(engine, [record])
    return record


@pytest.fixture
async def migrated_sqlite_engine(migrated_sqlite: str) -> AsyncIterator[AsyncEngine]:
    """For rules that only SQLite needs."""
    engine = create_store_engine(migrated_sqlite)
    yield engine
    await engine.dispose()


@pytest.fixture
async def migrated_postgres_engine(migrated_postgres: str) -> AsyncIterator[AsyncEngine]:
    """For rules that only PostgreSQL needs."""
    engine = create_store_engine(migrated_postgres)
    yield engine
    await engine.dispose()
