"""Servers for all tests. With pytest-xdist every worker has its own; nothing is shared, no port is fixed."""

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import hypothesis  # noqa: F401 - loaded at a session's end for the first time, CPython 3.11 may fail to parse it
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from temporalio.testing import WorkflowEnvironment

from aftersales.contract.names import SEARCH_ATTRIBUTES
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.postgres import (
    PostgresCluster,
    PostgresServer,
    postgres_from_environment,
)
from cli.servers.postgres import (
    postgres_cluster as running_cluster,
)
from cli.servers.processes import Processes
from cli.servers.search_attributes import AttributeTypes, attribute_types
from cli.servers.temporal_cli import obtain_temporal_cli
from cli.stack import Stack
from sandbox.settings import SandboxSettings
from storage import schema
from tests.sandbox.servers import Box, sandbox
from tests.support.roots import trusted_roots_read_once
from tests.support.stack import small_stack
from tests.support.temporal import time_skipping

# Hundreds of processes are started here: a machine that keeps no bytecode would compile the product in each of them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Whatever a script starts in the background is deaf to Ctrl-C, and so would be every program that is started here.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps files in memory; a private folder is made in it
ROOM = 8 * 2**30
"""Bytes: three workers' clusters, with all the log that a cluster keeps, take half of it at most."""


@pytest.fixture(scope="session", autouse=True)
def _quick_clients() -> Iterator[None]:
    with trusted_roots_read_once():
        yield


@pytest.fixture(scope="session")
def search_attributes() -> AttributeTypes:
    """What the product registers: name -> index type."""
    return attribute_types(SEARCH_ATTRIBUTES)


@pytest.fixture(scope="session")
async def temporal_cli() -> Path:
    """The `temporal` program; fails with the ways to get it, never skips."""
    return await obtain_temporal_cli()


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[Processes]:
    """Child processes of one test, stopped at its end; logs in `tmp_path / "logs"`."""
    async with Processes(tmp_path / "logs") as running:
        yield running


@pytest.fixture(scope="session")
async def dev_server(
    temporal_cli: Path, search_attributes: AttributeTypes, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[DevServer]:
    """A real Temporal server in memory, without Web UI: real time, lists, schedules."""
    async with Processes(tmp_path_factory.mktemp("temporal")) as running:
        options = DevServerOptions(temporal_cli, headless=True, search_attributes=search_attributes)
        yield await start_dev_server(running, options)


@pytest.fixture(scope="session")
async def time_skipping_env(search_attributes: AttributeTypes) -> AsyncIterator[WorkflowEnvironment]:
    """A Temporal server that skips waits; `tests.support.temporal.time_skipping` says what it cannot do."""
    async with time_skipping(search_attributes) as env:
        yield env


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The whole service as real processes; whoever stops a part of it starts it again."""
    async with small_stack(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="session")
async def deaf_box() -> AsyncIterator[Box]:
    """The session's sandbox, served within this process and without a webhook address."""
    async with sandbox(SandboxSettings()) as running:
        yield running


@pytest.fixture
async def box(deaf_box: Box) -> Box:
    """A new sandbox with one captured payment `ch_1` of 100.00 USD and nobody listening."""
    await deaf_box.reset()
    await deaf_box.seed()
    return deaf_box


@pytest.fixture(scope="session")
async def postgres_cluster() -> AsyncIterator[PostgresCluster]:
    """A PostgreSQL of our own that a test may stop and start; whoever stops it starts it again."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", _quick_folder())
        opened = AsyncExitStack()
        cluster = await opened.enter_async_context(running_cluster(fast=True))
    async with opened:
        yield cluster


def _quick_folder() -> str:
    """Where a database, a few hundred files, is made at half the cost: in memory, if that has room."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return str(MEMORY) if roomy else tempfile.gettempdir()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """The server to make databases on: the one the environment names, else `postgres_cluster`."""
    if named := postgres_from_environment():
        return named
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.server


@pytest.fixture(scope="session")
async def administration(postgres_server: PostgresServer) -> AsyncIterator[AsyncEngine]:
    """Kept connections of whoever may make databases: a new one each time costs more than the database."""
    engine = create_async_engine(postgres_server.admin, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    yield engine
    await engine.dispose()


@pytest.fixture
async def postgres_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The SQLAlchemy URL of an empty database of this test alone."""
    name = f"test_{secrets.token_hex(8)}"
    yield await postgres_server.create_database(name)
    await postgres_server.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The SQLAlchemy URL of a database file of this test alone; the file does not exist yet."""
    return f"sqlite:///{tmp_path / 'aftersales.db'}"


@pytest.fixture(scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema and no rows: to be copied, which takes a hundredth of bringing one up to date."""
    file = tmp_path_factory.mktemp("schema") / "migrated.db"
    await schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def migrated_sqlite(migrated_file: Path, tmp_path: Path) -> str:
    """The URL of a migrated SQLite database of this test alone."""
    copy = shutil.copy(migrated_file, tmp_path / "store.db")
    return f"sqlite:///{copy}"


@pytest.fixture(scope="session")
async def migrated_template(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """The name of a PostgreSQL database with the schema and no rows."""
    name = f"template_{secrets.token_hex(8)}"
    await schema.upgrade(await postgres_server.create_database(name))
    yield name
    await postgres_server.drop_database(name)


@pytest.fixture
async def migrated_postgres(
    postgres_server: PostgresServer, administration: AsyncEngine, migrated_template: str
) -> AsyncIterator[str]:
    """The URL of a migrated PostgreSQL database of this test alone."""
    name = f"test_{secrets.token_hex(8)}"
    await administer(administration, f"CREATE DATABASE {name} TEMPLATE {migrated_template}")
    yield postgres_server.url(name)
    await administer(administration, f"DROP DATABASE {name} WITH (FORCE)")


async def administer(administration: AsyncEngine, statement: str) -> None:
    """As whoever may make databases and roles."""
    async with administration.connect() as connection:
        await connection.execute(text(statement))


WAITING = (
    "e2e/test_outages.py",
    "e2e/test_chaos.py",
    "e2e/test_worker_away.py",
    "cli/demo/test_demo.py",
    "cli/test_commands_apply.py",
    "payments/test_state_machine.py",
    "e2e/test_random_kills.py",
    "e2e/test_webhooks_killed.py",
    "e2e/test_encrypted.py",
    "integrations/contract/test_lost_answers.py",
    "e2e/test_worker_killed.py",
    "cli/test_commands_up.py",
    "safeguards/test_taking_away.py",
    "e2e/test_temporal_away.py",
    "integrations/contract/test_wire.py",
    "e2e/test_partners_away.py",
    "cli/test_commands_outage.py",
    "cli/demo/test_retail_demo.py",
    "e2e/test_messages.py",
    "e2e/test_set_back.py",
    "deploy/test_readme_example.py",
    "client/test_client_following.py",
    "e2e/test_invariants.py",
)
"""Modules that wait for real processes and real clocks, the longest first: no worker is left alone with one."""
BETWEEN = 5
"""Modules that compute between two that wait: while one worker waits, the others have the processors to themselves."""
EARLY = ("cli", "worker", "workflows", "replay", "portal")
"""Folders that are begun before the others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    modules: dict[str, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path.relative_to(HERE).as_posix(), []).append(item)
    waiting = iter([name for name in WAITING if name in modules])
    computing = sorted((name for name in modules if name not in WAITING), key=_when_to_begin)
    order: list[str] = []
    for place, name in enumerate(computing):
        if place % BETWEEN == 0:
            order.append(next(waiting, ""))
        order.append(name)
    items[:] = [item for name in [*order, *waiting] for item in modules.get(name, ())]


def _when_to_begin(module: str) -> int:
    folder = module.partition("/")[0]
    return EARLY.index(folder) if folder in EARLY else len(EARLY)
