"""A stack of real processes for each module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.shop import Shop, own_shop

HERE = Path(__file__).parent
TEST_LIMIT_S = 240


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starting a stack takes its time."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TEST_LIMIT_S))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a module's stack."""
    return tmp_path_factory.mktemp("e2e")


@pytest.fixture(scope="module")
async def open_shop(home: Path) -> AsyncIterator[Shop]:
    """One stack on SQLite for the tests of a module."""
    async with own_shop(home) as shop:
        yield shop


@pytest.fixture
async def shop(open_shop: Shop) -> Shop:
    """The module's stack with everybody well again, whatever the test before did to it."""
    return await everybody_well(open_shop)


async def everybody_well(shop: Shop) -> Shop:
    """The worker runs and the provider behaves."""
    await shop.provider.behave()
    if not shop.stack.worker.running:
        await shop.stack.start_worker()
    return shop
