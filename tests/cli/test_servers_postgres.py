"""A PostgreSQL of our own: it keeps its rows over a crash, and leaves nothing behind."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from cli.servers.errors import ServerUnavailableError
from cli.servers.postgres import PostgresCluster, PostgresServer, postgres_cluster, postgres_from_environment
from cli.servers.postgres_programs import find_postgres_folders, runnable, unprivileged_account
from cli.servers.probes import LOOPBACK, tcp_answers
from tests.support.programs import bare_machine, write_program


async def execute(url: str, *statements: str) -> object:
    """Run statements in one transaction; the last one's first value."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            results = [await connection.execute(text(statement)) for statement in statements]
            return results[-1].scalar() if results[-1].returns_rows else None
    finally:
        await engine.dispose()


def exists(folder: str) -> bool:
    return os.path.exists(folder)


async def answers(cluster: PostgresCluster) -> bool:
    return await cluster.server.answers()


@pytest.mark.parametrize("hard", [True, False], ids=["a crash", "a stop in order"])
async def test_committed_rows_survive(postgres_cluster: PostgresCluster, hard: bool) -> None:
    url = await postgres_cluster.server.create_database(f"survives_{hard}".lower())
    await execute(url, "CREATE TABLE entries (amount bigint)", "INSERT INTO entries VALUES (4200)")
    await postgres_cluster.stop(hard=hard)
    await postgres_cluster.stop(hard=hard)  # a second time is harmless
    assert not await answers(postgres_cluster)
    await postgres_cluster.start()
    assert await execute(url, "SELECT amount FROM entries") == 4200


async def test_a_cluster_is_gone_with_its_folder_at_the_end() -> None:
    async with postgres_cluster(fast=True) as cluster:
        port = cluster.server.admin.port
        assert port is not None
        folder = str(await execute(cluster.server.url("postgres"), "SHOW data_directory"))
        assert await execute(cluster.server.url("postgres"), "SHOW listen_addresses") == LOOPBACK
    assert not exists(folder)
    assert not await tcp_answers(LOOPBACK, port)


async def test_a_wrong_password_is_refused(postgres_server: PostgresServer) -> None:
    intruder = PostgresServer(postgres_server.admin.set(password="guess"))
    assert await postgres_server.answers()
    assert not await intruder.answers()


async def test_a_dropped_database_cuts_its_connections(postgres_server: PostgresServer) -> None:
    url = await postgres_server.create_database("dropped")
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        await postgres_server.drop_database("dropped")
        await connection.invalidate()
    await engine.dispose()
    await postgres_server.drop_database("dropped")  # a second time is harmless


@pytest.mark.parametrize("name", ["", "Upper", "1st", "with space", 'quote"', "x" * 64])
async def test_a_database_name_is_never_sql(postgres_server: PostgresServer, name: str) -> None:
    with pytest.raises(ValueError, match="no database name"):
        await postgres_server.create_database(name)


def test_the_environment_may_name_a_server() -> None:
    server = postgres_from_environment({"AFTERSALES_TEST_POSTGRES_URL": "postgresql://me:secret@db:5433/any"})
    assert server is not None
    assert make_url(server.url("other")) == make_url("postgresql+asyncpg://me:secret@db:5433/other")
    assert postgres_from_environment({}) is None


def test_a_server_of_another_make_is_refused() -> None:
    with pytest.raises(ServerUnavailableError, match="must be a postgresql:// URL, not mysql://"):
        postgres_from_environment({"AFTERSALES_TEST_POSTGRES_URL": "mysql://db/any"})


def test_the_locked_wheel_comes_before_the_machines_own(tmp_path: Path) -> None:
    assert find_postgres_folders(bare_machine(tmp_path / "machine"))[0].parent.name == "pginstall18"


@pytest.fixture
def entered_by_all() -> Iterator[Path]:
    """A folder any account can enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


async def test_programs_the_account_cannot_reach_are_copied(tmp_path: Path, entered_by_all: Path) -> None:
    original = write_program(tmp_path / "closed" / "bin" / "postgres").parent
    (tmp_path / "closed").chmod(0o700)
    programs = await runnable(original, unprivileged_account(), entered_by_all)
    copy = entered_by_all / "postgresql" / "bin"
    assert programs is not None
    assert programs.folder == (copy if os.geteuid() == 0 else original)


async def test_programs_that_do_not_run_at_all_are_passed_over(entered_by_all: Path) -> None:
    broken = write_program(entered_by_all / "broken" / "bin" / "postgres", "exit 1").parent
    assert await runnable(broken, unprivileged_account(), entered_by_all) is None


def test_root_runs_it_under_an_account_without_rights() -> None:
    account = unprivileged_account()
    assert (account is None) == (os.geteuid() != 0)
    assert account != "root"
