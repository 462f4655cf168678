"""The wire itself breaks, by software of others: at most one execution, and no word outside the vocabulary (R4, R7)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from activities.types import OutcomeKind
from cli.servers.go_programs import obtain_go_program
from cli.servers.processes import Processes
from cli.servers.wire_programs import TOXIPROXY, start_toxiproxy
from tests.integrations.contract.bench import DONE, HASTY_S, SandboxBench
from tests.integrations.contract.toxics import Stream, Wire, wire_to
from tests.sandbox.servers import Box

LATE_MS = round(HASTY_S * 1_000) + 200
# More than the head of an answer, less than the whole of any.
SOME_BYTES = 120


@dataclass(frozen=True)
class Broken:
    """One way in which the wire breaks, whether the provider hears of the order all the same, and whether the caller is
    left waiting."""

    toxic: str
    stream: Stream
    attributes: dict[str, int]
    executed: bool
    silent: bool = False

    async def spoil(self, bench: SandboxBench, wire: Wire) -> None:
        if self.silent:
            await bench.hurry()
        await wire.poison(self.toxic, self.stream, **self.attributes)


BROKEN = {
    "lost request": Broken("timeout", "upstream", {"timeout": 0}, executed=False, silent=True),
    "lost response": Broken("timeout", "downstream", {"timeout": 100}, executed=True),
    "response that never ends": Broken("timeout", "downstream", {"timeout": 0}, executed=True, silent=True),
    "reset by the peer": Broken("reset_peer", "downstream", {"timeout": 0}, executed=True),
    "truncated": Broken("limit_data", "downstream", {"bytes": SOME_BYTES}, executed=True),
    "cut off before a byte": Broken("limit_data", "downstream", {"bytes": 0}, executed=True),
    "late": Broken("latency", "downstream", {"latency": LATE_MS}, executed=True, silent=True),
}


@pytest.fixture(scope="session")
async def toxiproxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a running toxiproxy's API."""
    executable = await obtain_go_program(TOXIPROXY)
    async with Processes(tmp_path_factory.mktemp("toxiproxy")) as processes:
        yield await start_toxiproxy(processes, executable)


@pytest.fixture
async def wire(box: Box, toxiproxy: str) -> AsyncIterator[Wire]:
    async with wire_to(box.url, toxiproxy) as made:
        yield made


@pytest.fixture
async def bench(bench_type: type[SandboxBench], box: Box, wire: Wire) -> AsyncIterator[SandboxBench]:
    """A bench whose adapter reaches its sandbox over the wire that breaks."""
    made = await bench_type.open(box, wire.url)
    await made.seed()
    yield made
    await made.close()


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_an_order_over_a_broken_wire_is_unknown_and_moves_money_once(
    bench: SandboxBench, wire: Wire, broken: Broken
) -> None:
    await broken.spoil(bench, wire)
    assert (await bench.send(bench.leg())).kind is OutcomeKind.UNKNOWN
    await bench.executed(bench.leg(), int(broken.executed))
    await wire.mend()
    assert (await bench.settled(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_a_look_over_a_broken_wire_says_nothing_about_the_leg(
    bench: SandboxBench, wire: Wire, broken: Broken
) -> None:
    await bench.send(bench.leg())
    await broken.spoil(bench, wire)
    assert (await bench.payments.query(bench.leg())).kind is OutcomeKind.UNKNOWN
    await wire.mend()
    assert (await bench.looked(bench.leg())).kind in DONE


async def test_a_wire_that_was_cut_before_the_order_moved_nothing(bench: SandboxBench, wire: Wire) -> None:
    await wire.cut()
    assert (await bench.send(bench.leg())).kind is OutcomeKind.RETRY_SAME
    assert await bench.executions(bench.leg()) == 0
    await wire.mend()
    assert (await bench.settled(bench.leg())).kind in DONE


async def test_a_slow_wire_within_the_limit_changes_nothing(bench: SandboxBench, wire: Wire) -> None:
    await wire.poison("latency", "downstream", latency=50)
    await wire.poison("slicer", "downstream", average_size=16, size_variation=8, delay=100)
    assert (await bench.send(bench.leg())).kind is bench.accepted
    assert await bench.executions(bench.leg()) == 1
