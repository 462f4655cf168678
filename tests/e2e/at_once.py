"""Scenarios of one module that mostly wait, run at the same time, each awaited and judged by its own test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Unpack

from tests.e2e.shop import CALLER, Shop
from tests.support.stack import Changes, small_stack

_STARTING = asyncio.Lock()
"""A schema is brought up to date by one at a time in a process: the migrations' environment is the process's own."""


@asynccontextmanager
async def at_once(**scenarios: Coroutine[None, None, None]) -> AsyncIterator[Mapping[str, asyncio.Task[None]]]:
    """Start all of them; what still runs at the end is cancelled and has tidied up before this returns."""
    tasks = {name: asyncio.create_task(scenario, name=name) for name, scenario in scenarios.items()}
    try:
        yield tasks
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


@asynccontextmanager
async def own_shop(home: Path, **changes: Unpack[Changes]) -> AsyncIterator[Shop]:
    """A shop on a stack of its scenario's own."""
    async with AsyncExitStack() as opened:
        async with _STARTING:
            stack = await opened.enter_async_context(small_stack(home, **changes))
        yield Shop(stack, await stack.client(CALLER))
