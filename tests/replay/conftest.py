from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cli.servers.search_attributes import AttributeTypes
from tests.replay.scene import World, open_world
from tests.support.temporal import time_skipping


@pytest.fixture(scope="module")
async def world(search_attributes: AttributeTypes, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The recorder's world, for the cases of one module, one after the other."""
    file = tmp_path_factory.mktemp("recording") / "recording.db"
    async with time_skipping(search_attributes) as env, open_world(env, f"sqlite:///{file}") as world:
        yield world
