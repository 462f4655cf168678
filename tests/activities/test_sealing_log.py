"""The daily seal: all ends that moved, once a day, whatever is cut off in between (P6.3)."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.ports import SealedHead
from activities.sealing_log import SealingLog, SealOrder, SealResult
from integrations.seals import SealFiles, open_seals
from storage.seals import ChainEnds
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry

MONDAY = SealOrder(day=date(2026, 11, 2), at=NOON)
TUESDAY = SealOrder(day=date(2026, 11, 3), at=NOON)


class CutOffError(Exception):
    pass


class CutOffEnds(ChainEnds):
    """Ends that cannot be marked: the worker dies after the seal was written."""

    async def mark(self, heads: object) -> None:
        del heads
        raise CutOffError


@pytest.fixture
def files(tmp_path: Path) -> SealFiles:
    return open_seals(str(tmp_path / "seals"))


async def append(engine: AsyncEngine, *numbers: str) -> None:
    async with SqlStore(engine).begin() as unit:
        await unit.append_audit(tuple(entry("noted", number) for number in numbers))


async def seal(ends: ChainEnds, files: SealFiles | None, order: SealOrder) -> SealResult:
    return await ActivityEnvironment().run(SealingLog(ends, files).seal_audit, order)


async def held(files: SealFiles, order: SealOrder) -> list[SealedHead]:
    found: list[SealedHead] = []
    await files.check(lambda day, heads: found.extend(heads) if day == order.day.isoformat() else None)
    return found


async def test_each_day_holds_what_moved_since_the_day_before(engine: AsyncEngine, files: SealFiles) -> None:
    ends = ChainEnds(engine)
    await append(engine, NUMBER, OTHER_NUMBER)
    assert (await seal(ends, files, MONDAY)).heads == 2
    await append(engine, NUMBER)
    made = await seal(ends, files, TUESDAY)
    assert made.heads == 1
    [only] = await held(files, TUESDAY)
    assert (only.number, only.seq) == (NUMBER, 2)
    assert (await ends.noted())["2026-11-03"] == made.seal


async def test_a_second_try_on_the_same_day_changes_nothing(engine: AsyncEngine, files: SealFiles) -> None:
    ends = ChainEnds(engine)
    await append(engine, NUMBER)
    first = await seal(ends, files, MONDAY)
    await append(engine, OTHER_NUMBER)
    assert await seal(ends, files, MONDAY) == first
    assert (await seal(ends, files, TUESDAY)).heads == 1


async def test_what_was_sealed_when_the_worker_died_is_marked_by_the_next_try(
    engine: AsyncEngine, files: SealFiles
) -> None:
    await append(engine, NUMBER)
    with pytest.raises(CutOffError):
        await seal(CutOffEnds(engine), files, MONDAY)
    ends = ChainEnds(engine)
    assert await ends.noted() == {}
    assert (await seal(ends, files, MONDAY)).heads == 1
    assert [heads async for heads in ends.unsealed()] == []


async def test_every_batch_is_a_sign_of_life(engine: AsyncEngine, files: SealFiles) -> None:
    await append(engine, *(f"log{letter}" for letter in "abcde"))
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = beats.append
    await environment.run(SealingLog(ChainEnds(engine, batch=2), files).seal_audit, MONDAY)
    assert beats[:3] == [{"sealed": 2}, {"sealed": 4}, {"sealed": 5}]
    assert len(beats) > 3


async def test_without_a_place_for_seals_nothing_is_sealed_and_that_is_said(
    engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    await append(engine, NUMBER)
    assert await seal(ChainEnds(engine), None, MONDAY) == SealResult()
    assert "AFTERSALES_SEALS" in caplog.text
    assert [len(heads) async for heads in ChainEnds(engine).unsealed()] == [1]
