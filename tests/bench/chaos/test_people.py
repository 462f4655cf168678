"""Customers, reviewers and finance act on what waits for them, say it until it is taken, and remember what was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import NamedTuple

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.client import AfterSales
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, Proven
from aftersales.contract.values import CaseStatus, ErrorCode, MessageKind, Role, WaitsFor
from aftersales.sealing import EncryptionKey
from bench.chaos import people as module
from bench.chaos.people import People
from bench.chaos.plan import Review, Wish, plan_of
from bench.chaos.storm import Storm
from integrations.vault import Vault
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.payees import PayeeStore
from storage.schema import upgrade
from storage.store import SqlStore
from tests.bench.chaos import ledgers

STORM = Storm(seed=1, refunds=100)
KEY = EncryptionKey.model_validate({"key_id": "k", "secret": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="})


class Heard(NamedTuple):
    update: str
    number: str
    message: Proven
    actor: str
    role: Role
    message_id: str | None


class Listening(AfterSales):
    """Takes what is said, or fails as it is told."""

    def __init__(self, failures: list[Exception]) -> None:
        self.failures = failures
        self.heard: list[Heard] = []

    async def _update(
        self, update: str, number: str, message: Proven, actor: str, role: Role, message_id: str | None
    ) -> Answer:
        self.heard.append(Heard(update, number, message, actor, role, message_id))
        if self.failures:
            raise self.failures.pop(0)
        return Answer(accepted=True, status=CaseStatus.PAYING)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY_S", 0.01)


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    await upgrade(sqlite_url)
    engine = create_store_engine(sqlite_url)
    yield engine
    await engine.dispose()


def reviewed_by(review: Review) -> Wish:
    return next(wish for wish in plan_of(STORM) if wish.review is review)


async def people_of(engine: AsyncEngine, client: AfterSales, wish: Wish, status: CaseStatus) -> People:
    """With one case that waits for somebody."""
    await save_orders(engine, [wish.order])
    start = ledgers.case().start.model_copy(update={"number": wish.number, "application": wish.application})
    waiting = ledgers.case(status, WaitsFor.CUSTOMER).model_copy(update={"number": wish.number, "start": start})
    async with SqlStore(engine).begin() as unit:
        await unit.insert_case(waiting)
    return People(STORM, [wish], client, engine, PayeeStore(engine, Vault([KEY])))


async def work_until(people: People, done: Callable[[], bool]) -> None:
    working = asyncio.create_task(people.work())
    async with asyncio.timeout(20):
        while not done():
            await asyncio.sleep(0.01)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def test_a_reviewer_says_it_again_under_the_same_id_until_it_is_taken(engine: AsyncEngine) -> None:
    away = AftersalesError(ErrorCode.NOBODY_ANSWERS, "Nobody is there.")
    client, wish = Listening([away]), reviewed_by(Review.REJECT)
    people = await people_of(engine, client, wish, CaseStatus.UNDER_REVIEW)
    await work_until(people, lambda: bool(people.taken))
    assert set(people.taken) == {(wish.number, MessageKind.DECISION, "li")}
    assert client.heard[0] == client.heard[1]
    assert client.heard[0].message_id


async def test_a_case_that_refuses_to_speak_is_counted_once_and_left_alone(engine: AsyncEngine) -> None:
    failed = AftersalesError(ErrorCode.CASE_CLOSED, "It has failed.")
    client, wish = Listening([failed, failed]), reviewed_by(Review.REJECT)
    people = await people_of(engine, client, wish, CaseStatus.UNDER_REVIEW)
    await work_until(people, lambda: bool(people.unanswered))
    await asyncio.sleep(0.1)
    assert [told.partition(":")[0] for told in people.unanswered] == [wish.number]
    assert len(client.heard) == 1


async def test_a_customer_names_a_destination_whose_details_are_kept_apart(engine: AsyncEngine) -> None:
    client, wish = Listening([]), reviewed_by(Review.APPROVE)
    people = await people_of(engine, client, wish, CaseStatus.PAYMENT_FAILED)
    await work_until(people, lambda: bool(people.taken))
    customer = wish.application.customer_id
    assert set(people.taken) == {(wish.number, MessageKind.PAYOUT_CHOICE, customer)}


async def test_people_who_were_interrupted_take_their_work_up_again(engine: AsyncEngine) -> None:
    away = [AftersalesError(ErrorCode.NOBODY_ANSWERS, "Nobody is there.")] * 2
    client, wish = Listening(list(away)), reviewed_by(Review.APPROVE_PART)
    people = await people_of(engine, client, wish, CaseStatus.UNDER_REVIEW)
    await work_until(people, lambda: len(client.heard) == 1)
    assert not people.taken
    await work_until(people, lambda: bool(people.taken))
