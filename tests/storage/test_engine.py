"""Which databases are taken, and how transactions on them begin and end."""

from __future__ import annotations

import asyncio
import sqlite3
import traceback

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.servers.postgres import PostgresCluster
from domain.orders import OrderRecord
from storage import schema
from storage.engine import Transactions, create_store_engine
from storage.errors import DatabaseUrlError
from storage.store import SqlStore
from tests.storage.builders import NUMBER, case_row, entry


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mysql://localhost/shop", "'mysql'"),
        ("sqlite+pysqlite:///file.db", "'sqlite+pysqlite'"),
        ("postgresql://localhost/shop", "postgresql+asyncpg"),
        ("", "cannot be read"),
        ("not a url", "cannot be read"),
        ("sqlite://", "names no database"),
        ("sqlite:///:memory:", "names no database"),
        ("postgresql+asyncpg://localhost", "names no database"),
    ],
)
def test_a_bad_url_is_refused_with_what_to_write_instead(url: str, says: str) -> None:
    with pytest.raises(DatabaseUrlError, match=says.replace("+", r"\+")):
        create_store_engine(url)


def test_the_refusal_of_a_url_does_not_repeat_its_password() -> None:
    with pytest.raises(DatabaseUrlError) as refused:
        create_store_engine("mysql://shop:hunter2@localhost/shop")
    assert "hunter2" not in str(refused.value)


async def test_sqlite_connections_keep_the_settings_that_make_them_safe(migrated_sqlite: str) -> None:
    engine = create_store_engine(migrated_sqlite)
    async with engine.connect() as connection:
        found = [
            (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
        ]
    await engine.dispose()
    assert found == ["wal", 1, 1, 1, 100]


async def test_a_unit_on_sqlite_locks_the_database_from_its_first_moment(migrated_sqlite: str) -> None:
    engine, other = create_store_engine(migrated_sqlite), create_store_engine(migrated_sqlite)
    async with Transactions(engine).begin(), other.connect() as rival:
        await rival.execute(text("PRAGMA busy_timeout=0"))
        with pytest.raises(DBAPIError, match="locked"):
            await rival.execute(text("INSERT INTO audit_heads VALUES ('n', 1, 'h', 0)"))
    await engine.dispose()
    await other.dispose()


async def test_a_unit_waits_for_another_engines_and_lets_the_loop_go_on_meanwhile(migrated_sqlite: str) -> None:
    """The other engine stands for another process; it can end its transaction only if this loop is not held up."""
    engine, other = create_store_engine(migrated_sqlite), create_store_engine(migrated_sqlite)
    order: list[str] = []

    async def wait_in_line() -> None:
        async with Transactions(engine).begin():
            order.append("second")

    async with Transactions(other).begin():
        waiting = asyncio.create_task(wait_in_line())
        await asyncio.sleep(0.3)
        order.append("first")
    await waiting
    assert order == ["first", "second"]
    await engine.dispose()
    await other.dispose()


async def test_a_unit_gives_up_on_a_database_that_stays_locked(
    migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.BUSY_TIMEOUT_S", 0.3)
    engine, other = create_store_engine(migrated_sqlite), create_store_engine(migrated_sqlite)
    async with Transactions(other).begin():
        with pytest.raises(DBAPIError, match="locked"):
            async with Transactions(engine).begin():
                pass
    async with Transactions(engine).begin():
        pass  # and is free for the next one
    await engine.dispose()
    await other.dispose()


async def test_a_unit_waits_while_another_process_recovers_the_log_of_one_that_was_killed(migrated_sqlite: str) -> None:
    engine = create_store_engine(migrated_sqlite)
    recovering = sqlite3.OperationalError("database is locked")
    recovering.sqlite_errorcode = sqlite3.SQLITE_BUSY_RECOVERY
    left = [OperationalError("BEGIN IMMEDIATE", None, recovering)]

    def refuse_once(connection: Connection) -> None:
        if left:
            connection.connection.rollback()
            raise left.pop()

    event.listen(engine.sync_engine, "begin", refuse_once)
    async with Transactions(engine).begin() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    await engine.dispose()
    assert left == []


async def test_readers_on_sqlite_do_not_wait_for_a_writer(migrated_sqlite: str) -> None:
    engine = create_store_engine(migrated_sqlite)
    async with Transactions(engine).begin() as writer, engine.connect() as reader:
        await writer.execute(text("INSERT INTO audit_heads VALUES ('n', 1, 'h', 0)"))
        assert (await reader.execute(text("SELECT count(*) FROM audit_heads"))).scalar_one() == 0
    await engine.dispose()


async def test_a_unit_that_fails_leaves_nothing_behind(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="midway"):
        await _insert_and_fail(store)
    async with store.begin() as unit:
        assert await unit.case(NUMBER) is None


async def _insert_and_fail(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row())
        raise RuntimeError("midway")


async def test_a_unit_that_is_cancelled_leaves_nothing_behind_and_holds_no_lock(store: SqlStore) -> None:
    inside = asyncio.Event()

    async def never_ending() -> None:
        async with store.begin() as unit:
            await unit.insert_case(case_row())
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never_ending())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.begin() as unit:
        assert await unit.case(NUMBER) is None
        await unit.insert_case(case_row())


async def test_a_statement_that_fails_repeats_nothing_of_what_it_was_to_write(engine: AsyncEngine) -> None:
    """Logs and histories keep errors; names, letters and descriptions are among the values (design: security)."""
    statement = text("INSERT INTO accounts (customer_id, name, state) VALUES (:id, :name, NULL)")
    with pytest.raises(IntegrityError) as failed:
        async with Transactions(engine).begin() as connection:
            await connection.execute(statement, {"id": "customer-1", "name": "Wang" + " Fang"})
    told = "".join(traceback.format_exception(failed.value))
    assert ("INSERT INTO accounts" in told, "Wang Fang" in told) == (True, False)


async def test_an_order_of_nobody_is_refused_by_the_foreign_key(engine: AsyncEngine) -> None:
    tender = "INSERT INTO tenders VALUES ('no such order', 'card', 0, 'stripe', 'pi', 1)"
    with pytest.raises(IntegrityError):
        async with Transactions(engine).begin() as connection:
            await connection.execute(text(tender))


async def test_every_wait_on_postgresql_has_a_limit(migrated_postgres_engine: AsyncEngine) -> None:
    async with migrated_postgres_engine.connect() as connection:
        found = [
            (await connection.execute(text(f"SHOW {name}"))).scalar_one()
            for name in ("lock_timeout", "idle_in_transaction_session_timeout")
        ]
    assert found == ["5s", "30s"]


async def test_after_a_crash_of_the_database_the_next_unit_just_works(postgres_cluster: PostgresCluster) -> None:
    url = await postgres_cluster.server.create_database("crashing")
    await schema.upgrade(url)
    engine = create_store_engine(url)
    store = SqlStore(engine)
    async with store.begin() as unit:
        await unit.insert_case(case_row())
    await postgres_cluster.stop(hard=True)
    try:
        with pytest.raises((OSError, DBAPIError)):
            await _read(store)
    finally:
        await postgres_cluster.start()
    await _read(store)
    await engine.dispose()
    await postgres_cluster.server.drop_database("crashing")


async def test_a_connection_that_died_while_idle_is_replaced_before_it_is_used(
    migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.IDLE_S", 0.0)
    engine, other = create_store_engine(migrated_postgres), create_store_engine(migrated_postgres)
    async with Transactions(engine).begin() as connection:
        backend = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    async with Transactions(other).begin() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend({backend})"))
    async with Transactions(engine).begin() as connection:
        assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != backend
    await engine.dispose()
    await other.dispose()


async def _read(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.case(NUMBER) is not None


async def test_looking_at_an_order_and_writing_the_log_take_a_few_statements_each(
    engine: AsyncEngine, store: SqlStore, stored_order: OrderRecord
) -> None:
    """Every statement costs the path to the money a round trip; the number of lines or entries must not matter."""
    statements: list[str] = []
    event.listen(engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    async with store.begin() as unit:
        opened = len(statements)
        await unit.order(stored_order.order_id)
        assert len(statements) - opened == 3
        await unit.append_audit(tuple(entry(f"noted {index}") for index in range(5)))
        assert len(statements) - opened == 7, "a new log begins with its end"
        await unit.append_audit(tuple(entry(f"noted {index}") for index in range(5)))
        assert len(statements) - opened == 10
