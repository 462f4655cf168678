"""Which entries an export holds (P6.3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from storage.audit_export import LogExtract, extracted
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry, said

DAY = timedelta(days=1)


@pytest.fixture
async def logs(store: SqlStore) -> None:
    """Five entries of one case, a day apart, and one of another."""
    apart = [entry(f"noted {place}").model_copy(update={"at": NOON + place * DAY}) for place in range(5)]
    async with store.begin() as unit:
        await unit.append_audit((*apart, said("agent-1", "agent", "An open seam.", OTHER_NUMBER)))


async def found(engine: AsyncEngine, extract: LogExtract) -> list[tuple[str, int]]:
    return [
        (link.entry.number, link.seq) async for page in extracted(engine, extract, entries_at_once=2) for link in page
    ]


@pytest.mark.usefixtures("logs")
async def test_everything_comes_log_by_log_in_pages(engine: AsyncEngine) -> None:
    every = [(NUMBER, seq) for seq in range(1, 6)]
    assert sorted(await found(engine, LogExtract())) == sorted([*every, (OTHER_NUMBER, 1)])


@pytest.mark.usefixtures("logs")
async def test_a_time_has_its_start_and_not_its_end(engine: AsyncEngine) -> None:
    extract = LogExtract(NUMBER, NOON + DAY, NOON + 3 * DAY)
    assert await found(engine, extract) == [(NUMBER, 2), (NUMBER, 3)]


@pytest.mark.usefixtures("logs")
async def test_people_and_texts_are_there_while_they_are_known(engine: AsyncEngine) -> None:
    [page] = [page async for page in extracted(engine, LogExtract(OTHER_NUMBER))]
    assert (page[0].entry.actor, page[0].entry.why) == ("agent-1", "An open seam.")
