"""Each test of the contract once for every bench, its sandbox as on its first day."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integrations.contract.bench import Bench
from tests.integrations.contract.benches import BENCHES
from tests.sandbox.servers import Box


@pytest.fixture(params=BENCHES, ids=lambda bench: bench.name)
def bench_type(request: pytest.FixtureRequest) -> type[Bench]:
    made: type[Bench] = request.param
    return made


@pytest.fixture
async def bench(bench_type: type[Bench], box: Box) -> AsyncIterator[Bench]:
    """A bench with its first payment."""
    made = await bench_type.open(box, box.url)
    await made.seed()
    yield made
    await made.close()
