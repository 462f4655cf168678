"""A stack's Temporal server, to be killed and started again on the same file and port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aftersales.contract.names import SEARCH_ATTRIBUTES
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.processes import Processes
from cli.servers.search_attributes import attribute_types
from tests.e2e.shop import Shop


class TemporalServer:
    """The one that the stack has started, and its followers."""

    def __init__(self, shop: Shop, executable: Path, processes: Processes) -> None:
        self._shop = shop
        self._executable = executable
        self._processes = processes
        self._server: DevServer | None = shop.stack.dev_server

    async def kill(self) -> None:
        assert self._server is not None
        await self._server.child.kill()

    async def start(self) -> None:
        options = DevServerOptions(
            self._executable,
            database=self._shop.stack.options.home.temporal_database,
            port=int(self._shop.stack.addresses.temporal.rsplit(":", 1)[1]),
            headless=True,
            search_attributes=attribute_types(SEARCH_ATTRIBUTES),
        )
        self._server = await start_dev_server(self._processes, options)


@asynccontextmanager
async def temporal_of(shop: Shop, executable: Path, logs: Path) -> AsyncIterator[TemporalServer]:
    """Whatever is started again ends with this."""
    async with Processes(logs) as processes:
        yield TemporalServer(shop, executable, processes)
