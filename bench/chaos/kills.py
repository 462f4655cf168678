"""What is killed, and how it comes back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from random import Random
from typing import Final

from aftersales.contract.names import SEARCH_ATTRIBUTES
from cli.servers.dev_server import DevServer, DevServerOptions, start_dev_server
from cli.servers.errors import ServerUnavailableError
from cli.servers.postgres import PostgresCluster
from cli.servers.processes import Processes
from cli.servers.search_attributes import attribute_types
from cli.stack import Stack, until_it_serves

AGAIN_S: Final = 1.0
WORKERS: Final = ("worker", "worker-2")


class Victims:
    """The processes of one stack: two workers, the portal, Temporal's server and, if it has one, the database.

    `kills` counts them. All are killed as an outage would do it; none is told before.
    """

    def __init__(
        self, stack: Stack, cluster: PostgresCluster | None, temporal_program: Path, processes: Processes
    ) -> None:
        self.kills: Counter[str] = Counter()
        self._stack = stack
        self._cluster = cluster
        self._temporal_program = temporal_program
        self._processes = processes
        self._server: DevServer | None = stack.dev_server
        self._workers = [stack.worker]

    async def add_worker(self) -> None:
        """The second one, with all that the first has."""
        worker = self._stack.launch_worker(WORKERS[1])
        self._workers.append(worker)
        await until_it_serves(worker)

    async def kill_workers(self, chance: Random, every_s: float) -> None:
        """One of the two, at a random moment of every so many seconds, until cancelled."""
        now = asyncio.get_running_loop().time
        began = now()
        for turn in count():
            await asyncio.sleep(max(0.0, began + (turn + chance.random()) * every_s - now()))
            which = chance.randrange(len(self._workers))
            await self._workers[which].kill()
            self.kills["a worker"] += 1
            await self._start_worker(which)

    async def revive(self) -> None:
        """Both workers serve."""
        for which, worker in enumerate(self._workers):
            if not worker.running:
                await self._start_worker(which)

    async def temporal_away(self, away_s: float) -> None:
        """Temporal's server is gone and comes back on its file."""
        assert self._server is not None, "the stack has a server of its own"
        await self._server.child.kill()
        self.kills[f"Temporal's server, away {away_s:g} s"] += 1
        await asyncio.sleep(away_s)
        options = DevServerOptions(
            self._temporal_program,
            database=self._stack.options.home.temporal_database,
            port=int(self._stack.addresses.temporal.rsplit(":", 1)[1]),
            headless=True,
            search_attributes=attribute_types(SEARCH_ATTRIBUTES),
        )
        self._server = await start_dev_server(self._processes, options)

    async def database_away(self, away_s: float) -> None:
        """The product's database is gone and comes back with all that it had confirmed."""
        if self._cluster is not None:
            await self._cluster.stop(hard=True)
            self.kills[f"the database, away {away_s:g} s"] += 1
            await asyncio.sleep(away_s)
            await self._cluster.start()

    async def portal_away(self) -> None:
        await self._stack.portal.kill()
        self.kills["the portal"] += 1
        await _until_it_starts(self._stack.start_portal)

    async def _start_worker(self, which: int) -> None:
        """Started until it stays: while a server is away it says so and ends."""

        async def start() -> None:
            self._workers[which] = self._stack.launch_worker(WORKERS[which])
            await until_it_serves(self._workers[which])

        await _until_it_starts(start)


async def _until_it_starts(start: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            return await start()
        except ServerUnavailableError:
            await asyncio.sleep(AGAIN_S)
