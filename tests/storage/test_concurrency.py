"""Ceilings and claims hold when many come at once (R9, R10; design: money, rule 7)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Store
from aftersales.contract.numbers import number_for
from storage.engine import create_store_engine
from storage.reading import Reading
from storage.store import SqlStore
from tests.storage.builders import CAPTURED_MINOR, NUMBER, UNIT_MINOR, case_row, entry, leg_row, start


async def reserve_if_left(store: Store, key: int) -> bool:
    """As a case does it: look at the order, and reserve if its payment has enough left."""
    async with store.begin() as unit:
        order = await unit.order("order-1")
        assert order is not None
        tender = order.tenders[0]
        await asyncio.sleep(0)
        if tender.taken_minor + UNIT_MINOR > tender.captured_minor:
            return False
        await unit.insert_leg(leg_row(number_for("shop", str(key))))
        return True


@pytest.mark.usefixtures("stored_order")
async def test_fifty_reservations_at_once_never_exceed_what_was_captured(store: SqlStore) -> None:
    reserved = await asyncio.gather(*(reserve_if_left(store, key) for key in range(50)))
    assert sum(reserved) == CAPTURED_MINOR // UNIT_MINOR


@pytest.mark.usefixtures("stored_order")
async def test_the_ceiling_holds_between_processes(url: str) -> None:
    """Stores with engines of their own share no turn, as processes do; only the database keeps them apart."""
    engines = [create_store_engine(url) for _ in range(5)]
    stores = [SqlStore(engine) for engine in engines]
    reserved = await asyncio.gather(*(reserve_if_left(stores[key % 5], key) for key in range(50)))
    for engine in engines:
        await engine.dispose()
    assert sum(reserved) == CAPTURED_MINOR // UNIT_MINOR


async def test_of_two_units_that_act_on_one_case_the_second_waits_for_the_first(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row(NUMBER))

    async def act() -> None:
        async with store.begin() as unit:
            await unit.case(NUMBER)

    async with store.begin() as unit:
        await unit.case(NUMBER)
        second = asyncio.create_task(act())
        await asyncio.wait({second}, timeout=0.3)
        assert not second.done()
    await second


async def test_of_a_hundred_claims_of_one_key_one_case_gets_it(store: SqlStore) -> None:
    async def claim(key: int) -> bool:
        async with store.begin() as unit:
            return await unit.claim_request(start(number_for("shop", str(key)), request_key="one"))

    assert sum(await asyncio.gather(*(claim(key) for key in range(100)))) == 1


async def test_a_hundred_repetitions_of_one_application_all_find_it_theirs(store: SqlStore) -> None:
    async def claim() -> bool:
        async with store.begin() as unit:
            return await unit.claim_request(start())

    assert all(await asyncio.gather(*(claim() for _ in range(100))))


async def test_appends_to_one_case_at_once_make_one_unbroken_chain(store: SqlStore, engine: AsyncEngine) -> None:
    async def append(action: str) -> None:
        async with store.begin() as unit:
            await unit.append_audit((entry(action), entry(action)))

    await append("received")
    await asyncio.gather(*(append(f"noted {index}") for index in range(20)))
    assert await Reading(engine).verify_chain(NUMBER) is None
