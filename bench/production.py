"""The whole on PostgreSQL: Temporal's production server and the product's data in one cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url

from bench.refunds import bench_stack
from cli.production import register
from cli.servers.postgres import postgres_cluster
from cli.servers.processes import Processes
from cli.servers.temporal_server import EXTENSION, STORE, VISIBILITY, lay_out_stores, start_temporal_server
from cli.stack import Stack


class OnPostgres(NamedTuple):
    """The stack, and the servers it does not count as its own, by name and process id."""

    stack: Stack
    servers: Mapping[str, int]


@asynccontextmanager
async def all_on_postgres(folder: Path) -> AsyncIterator[OnPostgres]:
    """Needs Go and a PostgreSQL with its contrib modules; raises ServerUnavailableError, which says so."""
    async with postgres_cluster(extension=EXTENSION) as cluster, Processes(folder / "logs") as processes:
        product = await cluster.server.create_database("bench")
        stores = [await cluster.server.create_database(name) for name in (STORE, VISIBILITY)]
        await lay_out_stores(make_url(stores[0]))
        temporal = await start_temporal_server(processes, make_url(stores[0]), folder / "configuration")
        await register(temporal.address, "default")
        async with bench_stack(folder / "stack", database_url=product, temporal=temporal.address) as stack:
            yield OnPostgres(stack, {"temporal": temporal.child.pid, "postgresql": cluster.pid})
