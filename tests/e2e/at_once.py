"""Scenarios of one module that mostly wait, run at the same time, each awaited and judged by its own test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager


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
