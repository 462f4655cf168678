"""Folders of stacks of which nothing runs, and what stands in their databases."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Unit
from cli.home import Home
from storage.engine import create_store_engine
from storage.reading import CaseRecord, Reading
from storage.store import SqlStore
from tests.support.program import ADDRESSES

Fill = Callable[[AsyncEngine], Awaitable[None]]
Write = Callable[[Unit], Awaitable[None]]


def home_in(folder: Path, database: Path) -> Home:
    """The folder of a stack that believes the command line; its database is a copy of this file."""
    home = Home(folder)
    home.prepare()
    home.remember(ADDRESSES)
    shutil.copy(database, home.database_url.removeprefix("sqlite:///"))
    return home


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[AsyncEngine]:
    """A database, as long as it is looked at."""
    engine = create_store_engine(url)
    try:
        yield engine
    finally:
        await engine.dispose()


def fill(home: Home, *each: Fill) -> None:
    """One after the other on the home's database."""

    async def done() -> None:
        async with opened(home.database_url) as engine:
            for act in each:
                await act(engine)

    asyncio.run(done())


def write(home: Home, what: Write) -> None:
    """In one unit of work."""

    async def begun(engine: AsyncEngine) -> None:
        async with SqlStore(engine).begin() as unit:
            await what(unit)

    fill(home, begun)


async def recorded(url: str, number: str) -> CaseRecord:
    """A case that must be there."""
    async with opened(url) as engine:
        record = await Reading(engine).case(number)
    assert record is not None, f"case {number} is not in the database"
    return record
