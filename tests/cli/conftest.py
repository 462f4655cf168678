"""The program beside a running stack, and a database of a test's own."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cli.stack import Stack
from storage.engine import create_store_engine
from storage.schema import upgrade
from tests.support.program import Program


@pytest.fixture
def aftersales(stack: Stack) -> Program:
    """`aftersales` with the running stack as its home."""
    return Program(stack.options.home.folder)


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """An empty database of this version's schema."""
    await upgrade(sqlite_url)
    made = create_store_engine(sqlite_url)
    yield made
    await made.dispose()
