"""Migrations lead to the tables that the code declares, and the application's role cannot rewrite history."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from activities.ports import Store
from storage import schema
from storage.engine import create_store_engine
from storage.errors import DatabaseUrlError, SchemaError
from storage.store import SqlStore
from storage.tables import metadata
from tests.conftest import administer
from tests.storage.builders import entry, posting

APPEND_ONLY = ("ledger", "audit", "stored_value_entries")


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_the_migrated_schema_is_the_declared_one(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_twice_or_twice_at_once_is_upgrading_once(url: str, postgres_url: str) -> None:
    await schema.upgrade(url)
    await asyncio.gather(schema.upgrade(postgres_url), schema.upgrade(postgres_url))
    engine = create_store_engine(postgres_url)
    await schema.require_current(engine)
    await engine.dispose()


async def test_upgrades_of_several_databases_by_one_process_take_their_turns(
    tmp_path: Path, sqlite_url: str, postgres_url: str
) -> None:
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    urls = (sqlite_url, postgres_url, elsewhere)
    in_another_thread = asyncio.to_thread(asyncio.run, schema.upgrade(elsewhere))
    await asyncio.gather(schema.upgrade(postgres_url), schema.upgrade(sqlite_url), in_another_thread)
    for url in urls:
        engine = create_store_engine(url)
        await schema.require_current(engine)
        await engine.dispose()


async def test_upgrading_works_from_any_working_directory(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await schema.upgrade(sqlite_url)
    engine = create_store_engine(sqlite_url)
    await schema.require_current(engine)
    await engine.dispose()


async def test_an_upgrade_of_an_unusable_url_says_so() -> None:
    with pytest.raises(DatabaseUrlError):
        await schema.upgrade("mysql://localhost/shop")


async def test_a_database_without_the_schema_is_refused_with_what_to_do(sqlite_url: str) -> None:
    engine = create_store_engine(sqlite_url)
    with pytest.raises(SchemaError, match=r"is empty.*run the schema upgrade"):
        await schema.require_current(engine)
    await engine.dispose()


async def test_sqlite_says_that_it_has_no_roles(migrated_sqlite_engine: AsyncEngine) -> None:
    with pytest.raises(SchemaError, match="no roles"):
        await schema.restrict_role(migrated_sqlite_engine, "app")


@pytest.fixture
async def as_application(
    administration: AsyncEngine, migrated_postgres_engine: AsyncEngine
) -> AsyncIterator[AsyncEngine]:
    """The engine of a restricted role, in a database whose triggers were taken away."""
    role = f"App-{secrets.token_hex(4)}"
    await administer(administration, f"CREATE ROLE \"{role}\" LOGIN PASSWORD 'trial'")
    await schema.restrict_role(migrated_postgres_engine, role)
    async with migrated_postgres_engine.begin() as connection:
        for table in APPEND_ONLY:
            await connection.execute(text(f"DROP TRIGGER {table}_refuses_change ON {table}"))
    owner = migrated_postgres_engine.url
    engine = create_async_engine(owner.set(username=role, password="trial"))
    yield engine
    await engine.dispose()
    async with migrated_postgres_engine.begin() as connection:
        await connection.execute(text(f'DROP OWNED BY "{role}"'))
    await administer(administration, f'DROP ROLE "{role}"')


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET number = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_the_applications_role_may_not_rewrite_history(
    as_application: AsyncEngine, table: str, change: str
) -> None:
    with pytest.raises(DBAPIError, match=f"permission denied for table {table}"):
        async with as_application.begin() as connection:
            await connection.execute(text(change.format(table)))


@pytest.mark.parametrize("change", ["UPDATE audit_seals SET seal = 'x'", "DELETE FROM audit_seals"])
async def test_the_applications_role_may_not_deny_a_seal(as_application: AsyncEngine, change: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied for table audit_seals"):
        async with as_application.begin() as connection:
            await connection.execute(text(change))


async def test_the_applications_role_may_erase_a_person(as_application: AsyncEngine) -> None:
    async with as_application.begin() as connection:
        for erase in ("DELETE FROM people", "DELETE FROM audit_words"):
            await connection.execute(text(erase))


async def test_the_applications_role_may_do_its_work(as_application: AsyncEngine) -> None:
    store: Store = SqlStore(as_application)
    async with store.begin() as unit:
        await unit.post(posting("paid"))
        await unit.append_audit((entry("paid"),))
        await unit.append_audit((entry("told"),))
