"""Servers for all tests. With pytest-xdist every worker has its own; nothing is shared, no port is fixed."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import hypothesis  # noqa: F401 - loaded at a session's end for the first time, CPython 3.11 may fail to parse it
import pytest
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
from tests.sandbox.servers import Box, sandbox
from tests.support.stack import small_stack
from tests.support.temporal import time_skipping


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
    async with running_cluster(fast=True) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> PostgresServer:
    """The server to make databases on: the one the environment names, else `postgres_cluster`."""
    if named := postgres_from_environment():
        return named
    cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
    return cluster.server


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


LONG = ("e2e", "cli", "payments", "worker", "workflows", "replay", "portal")
"""Folders whose tests wait for real processes and real clocks; begun first, they end while the others run."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_when_to_begin)


def _when_to_begin(item: pytest.Item) -> int:
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return LONG.index(folder) if folder in LONG else len(LONG)
