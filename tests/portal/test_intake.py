"""Events that wait at the same time are stored together, and each is answered for itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from portal.intake import MOST_TOGETHER, Intake
from portal.settings import PortalSettings
from storage.engine import create_store_engine
from storage.portal import PortalStore, ProviderEvent, Received
from tests.storage.builders import NOON


class Inbox(PortalStore):
    """The real one; it notes how many came together, and waits where a test tells it to."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine)
        self.engine = engine
        self.groups: list[int] = []
        self.open = asyncio.Event()
        self.open.set()

    async def receive_all(self, events: Sequence[ProviderEvent]) -> tuple[Received | None, ...]:
        self.groups.append(len(events))
        await self.open.wait()
        return await super().receive_all(events)


@pytest.fixture
async def inbox(settings: PortalSettings) -> AsyncIterator[Inbox]:
    engine = create_store_engine(settings.database_url)
    yield Inbox(engine)
    await engine.dispose()


@pytest.fixture
async def on_postgres(migrated_postgres: str) -> AsyncIterator[Inbox]:
    engine = create_store_engine(migrated_postgres)
    yield Inbox(engine)
    await engine.dispose()


def event(number: int, payload: str = "{}") -> ProviderEvent:
    return ProviderEvent(provider="stripe", event_id=f"evt_{number}", received_at=NOON, payload=payload)


async def comings(intake: Intake, events: Sequence[ProviderEvent]) -> list[asyncio.Task[Received | None]]:
    """Each on its way to the database, or waiting for it."""
    tasks = [asyncio.create_task(intake.store(each)) for each in events]
    await asyncio.sleep(0.01)
    return tasks


async def test_what_comes_while_a_transaction_runs_shares_the_next(inbox: Inbox) -> None:
    intake = Intake(inbox)
    inbox.open.clear()
    first = await comings(intake, [event(0)])
    later = await comings(intake, [event(n) for n in range(1, 9)])
    assert not any(task.done() for task in (*first, *later))
    inbox.open.set()
    stored = [await task for task in (*first, *later)]
    assert inbox.groups == [1, 8]
    assert [one and one.news.event_id for one in stored] == [f"evt_{n}" for n in range(9)]


async def test_nobody_is_answered_before_the_commit_of_their_own_transaction(inbox: Inbox) -> None:
    intake = Intake(inbox)
    inbox.open.clear()
    [task] = await comings(intake, [event(1)])
    assert not task.done()
    inbox.open.set()
    assert await task is not None
    assert await inbox.receive_all([event(1)]) == (None,)


async def test_the_same_event_twice_in_one_transaction_is_new_once(inbox: Inbox) -> None:
    stored = [await task for task in await comings(Intake(inbox), [event(1), event(1)])]
    assert inbox.groups == [2]
    assert [one is not None for one in stored] == [True, False]


async def test_no_transaction_is_larger_than_it_may_be(inbox: Inbox) -> None:
    stored = [await task for task in await comings(Intake(inbox), [event(n) for n in range(MOST_TOGETHER + 5)])]
    assert inbox.groups == [MOST_TOGETHER, 5]
    assert all(stored)


async def test_what_the_database_refuses_of_one_event_keeps_no_other_out(on_postgres: Inbox) -> None:
    events = [event(1), event(2, payload="PostgreSQL takes no \x00"), event(3)]
    good, bad, other = await comings(Intake(on_postgres), events)
    assert await good is not None
    assert await other is not None
    with pytest.raises(DBAPIError):
        await bad


async def test_while_the_database_is_away_it_is_asked_once_for_all(inbox: Inbox) -> None:
    async with inbox.engine.begin() as connection:
        await connection.exec_driver_sql("DROP TABLE webhook_inbox")
    tasks = await comings(Intake(inbox), [event(n) for n in range(5)])
    for task in tasks:
        with pytest.raises(OperationalError):
            await task
    assert inbox.groups == [5]


async def test_a_sender_that_goes_away_takes_nobody_with_it(inbox: Inbox) -> None:
    inbox.open.clear()
    intake = Intake(inbox)
    gone, stays = await comings(intake, [event(1), event(2)])
    gone.cancel()
    inbox.open.set()
    assert await stays is not None
    assert await inbox.receive_all([event(1)]) == (None,)
