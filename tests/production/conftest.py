"""Temporal's server on PostgreSQL, its stores, roles and namespace as a deployment makes them.

Only `make test-production` runs this folder: it builds Temporal's server with Go, which nothing else needs.
"""

import os
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL

from cli.production import register
from cli.servers.commands import run
from cli.servers.postgres import PostgresServer, postgres_cluster
from cli.servers.postgres_programs import find_postgres_folders
from cli.servers.processes import Processes
from cli.servers.temporal_server import EXTENSION, lay_out_stores, start_temporal_server, start_web_ui
from cli.stack import Stack
from storage.schema import bring_up
from tests.deploy.compose import ROOT, environment, filled_in
from tests.support.stack import small_stack

collect_ignore_glob = [] if os.environ.get("AFTERSALES_TEST_PRODUCTION") else ["test_*.py"]

NAMESPACE = environment("register")["TEMPORAL_NAMESPACE"]
A_DAY_IN_SECONDS = 2.0


@dataclass(frozen=True)
class Accounts:
    """One server's roles, as `deploy/postgres/roles.sh` makes them; each URL is its role's own."""

    owner: URL
    product: URL
    temporal: URL


@dataclass(frozen=True)
class Topology:
    """What runs: Temporal's address, its Web UI, and the accounts of the database."""

    temporal: str
    web_ui: str
    accounts: Accounts


@pytest.fixture(scope="session")
async def topology(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Topology]:
    """PostgreSQL, Temporal on it, the namespace, the product's schema, and the Web UI locked for writes."""
    folder = tmp_path_factory.mktemp("production")
    async with postgres_cluster(fast=True, extension=EXTENSION) as cluster, Processes(folder / "logs") as processes:
        accounts = await _roles(cluster.server)
        await lay_out_stores(accounts.temporal)
        server = await start_temporal_server(processes, accounts.temporal, folder / "configuration")
        await register(server.address, NAMESPACE)
        await bring_up(_text(accounts.owner), str(accounts.product.username))
        web_ui = await start_web_ui(processes, server.address, filled_in("temporal-ui", {}))
        yield Topology(server.address, web_ui, accounts)


@pytest.fixture(scope="session")
async def stack(topology: Topology, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The product's own processes on that topology, days made short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_NAMESPACE", NAMESPACE)
        async with small_stack(
            tmp_path_factory.mktemp("product"),
            temporal=topology.temporal,
            database_url=_text(topology.accounts.product),
            time_scale=A_DAY_IN_SECONDS / 86_400,
        ) as running:
            yield running


async def _roles(server: PostgresServer) -> Accounts:
    """Run the very script that the image runs on an empty volume."""
    admin = server.admin
    owner, product, temporal = (secrets.token_hex(16) for _ in range(3))
    ended = await run(
        ["/bin/sh", ROOT / "deploy" / "postgres" / "roles.sh"],
        limit_seconds=60,
        environ={
            "PATH": f"{_psql_folder()}:{os.environ['PATH']}",
            "PGHOST": str(admin.host),
            "PGPORT": str(admin.port),
            "PGPASSWORD": str(admin.password),
            "POSTGRES_USER": str(admin.username),
            "AFTERSALES_OWNER_PASSWORD": owner,
            "AFTERSALES_DATABASE_PASSWORD": product,
            "TEMPORAL_DATABASE_PASSWORD": temporal,
        },
    )
    assert ended.code == 0, ended.last_lines
    return Accounts(
        owner=admin.set(username="aftersales_owner", password=owner, database="aftersales"),
        product=admin.set(username="aftersales", password=product, database="aftersales"),
        temporal=admin.set(username="temporal", password=temporal, database="temporal"),
    )


def _psql_folder() -> Path:
    return next(folder for folder in find_postgres_folders() if (folder / "psql").is_file())


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
