"""Budgets of the rules and the breaker, on both databases (P5.1)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Store
from activities.precautions import Breaker, Held, Spending
from activities.rulings import Breaking
from aftersales.contract.numbers import number_for
from aftersales.contract.values import LegState
from domain.budgets import Cause
from storage.tables import BUDGETS
from tests.fakes.policy import NO_LIMITS
from tests.storage.builders import NOON, leg_row, yuan

BREAKING = Breaking(days=7, least_cases=5, refund_rate_percent=300, least_calls=4, failure_percent=50)
AT_NOON = Breaker(open=True, why=Cause.REFUND_RATE, changed_at=NOON, seen=5, against=1)


def spending(n: int = 0, customer: str = "customer-1", minor: int = 100, **changes: object) -> Spending:
    asked = Spending(
        number=number_for("shop", str(n)),
        at=NOON,
        customer_id=customer,
        amount=yuan(minor),
        products=(("MUG", minor),),
    )
    return asked.model_copy(update=changes)


async def spend(store: Store, asked: Spending, **limits: int) -> Held | None:
    async with store.begin() as unit:
        return await unit.spend(asked, NO_LIMITS.model_copy(update=limits))


async def counters(engine: AsyncEngine) -> dict[str, tuple[int, int]]:
    async with engine.connect() as connection:
        rows = (await connection.execute(select(BUDGETS))).mappings().all()
    return {f"{row['scope']} {row['key']}".strip(): (row["minor"], row["cases"]) for row in rows}


CEILINGS = [
    ("automatic_case", Held.AUTOMATIC_CEILING),
    ("automatic_customer_day", Held.CUSTOMER_BUDGET),
    ("automatic_product_day", Held.PRODUCT_BUDGET),
    ("automatic_day", Held.DAY_BUDGET),
]


@pytest.mark.parametrize(("ceiling", "held"), CEILINGS)
async def test_a_ceiling_may_be_reached_and_not_passed(store: Store, ceiling: str, held: Held) -> None:
    assert await spend(store, spending(), **{ceiling: 100}) is None
    assert await spend(store, spending(minor=101), **{ceiling: 100}) is held
    assert await spend(store, spending(), **{ceiling: 0}) is held


async def test_what_is_held_back_is_counted_nowhere(store: Store, engine: AsyncEngine) -> None:
    await spend(store, spending())
    before = await counters(engine)
    assert await spend(store, spending(minor=50), automatic_day=149) is Held.DAY_BUDGET
    assert (
        await counters(engine)
        == before
        == {
            "customer customer-1": (100, 1),
            "product MUG": (100, 1),
            "day": (100, 1),
        }
    )


async def test_a_new_day_and_another_currency_have_budgets_of_their_own(store: Store) -> None:
    await spend(store, spending(), automatic_day=100)
    assert await spend(store, spending(at=NOON + timedelta(days=1)), automatic_day=100) is None
    assert (
        await spend(store, spending(amount=yuan(100).model_copy(update={"currency": "EUR"})), automatic_day=100) is None
    )


@pytest.mark.parametrize(("ceiling", "held"), CEILINGS[1:])
async def test_fifty_approvals_at_once_never_pass_a_ceiling(
    store: Store, engine: AsyncEngine, ceiling: str, held: Held
) -> None:
    """Each of 1.00, of which 7.30 may be approved: seven are, and the counters say so."""
    said = await asyncio.gather(*(spend(store, spending(n), **{ceiling: 730}) for n in range(50)))
    assert Counter(said) == {None: 7, held: 43}
    assert set((await counters(engine)).values()) == {(700, 7)}


async def test_approvals_of_several_products_in_any_sequence_never_wait_for_each_other(store: Store) -> None:
    both = (("CUP", 50), ("MUG", 50))
    orders = (both, tuple(reversed(both)))
    many = (spending(n, f"customer-{n % 3}", products=orders[n % 2]) for n in range(20))
    async with asyncio.timeout(20):
        assert set(await asyncio.gather(*(spend(store, each) for each in many))) == {None}


# --- given back ---------------------------------------------------------------------------------------------


async def keep(store: Store, number: str, minor: int) -> None:
    async with store.begin() as unit:
        await unit.keep_of_budgets(number, minor)


ONE = spending(1)
TWO_PRODUCTS = spending(2, products=(("CUP", 33), ("MUG", 67)))


async def test_what_is_not_paid_is_given_back_once_however_often_it_is_said(store: Store, engine: AsyncEngine) -> None:
    await spend(store, ONE)
    await spend(store, TWO_PRODUCTS)
    for _ in range(3):
        await keep(store, TWO_PRODUCTS.number, 0)
    assert await counters(engine) == {
        "customer customer-1": (100, 1),
        "product CUP": (0, 0),
        "product MUG": (100, 1),
        "day": (100, 1),
    }
    assert await spend(store, spending(3), automatic_day=200) is None, "others may use it"


async def test_of_what_is_paid_in_part_the_rest_is_given_back_and_never_a_cent_too_much(
    store: Store, engine: AsyncEngine
) -> None:
    await spend(store, TWO_PRODUCTS)
    await keep(store, TWO_PRODUCTS.number, 50)
    assert await counters(engine) == {
        "customer customer-1": (50, 1),
        "product CUP": (17, 1),
        "product MUG": (34, 1),
        "day": (50, 1),
    }


async def test_what_was_paid_after_all_counts_again(store: Store, engine: AsyncEngine) -> None:
    await spend(store, TWO_PRODUCTS)
    before = await counters(engine)
    await keep(store, TWO_PRODUCTS.number, 0)
    await keep(store, TWO_PRODUCTS.number, 10**6)
    assert await counters(engine) == before


async def test_it_goes_back_to_the_day_that_it_was_taken_from(store: Store) -> None:
    before_midnight, after = (NOON.replace(hour=23, minute=59), NOON + timedelta(days=1))
    await spend(store, spending(1, at=before_midnight), automatic_day=100)
    await spend(store, spending(2, at=after), automatic_day=100)
    await keep(store, number_for("shop", "1"), 0)
    assert await spend(store, spending(3, at=after), automatic_day=100) is Held.DAY_BUDGET
    assert await spend(store, spending(4, at=before_midnight), automatic_day=100) is None


async def test_a_case_that_took_nothing_gives_nothing_back(store: Store, engine: AsyncEngine) -> None:
    await spend(store, ONE)
    assert await spend(store, spending(2), automatic_day=150) is Held.DAY_BUDGET
    await keep(store, number_for("shop", "2"), 0)
    assert (await counters(engine))["day"] == (100, 1)


async def test_given_back_and_taken_at_once_the_counters_are_right_and_nobody_waits_for_ever(
    store: Store, engine: AsyncEngine
) -> None:
    taken = [spending(n, f"customer-{n % 3}", products=(("CUP", 50), ("MUG", 50))) for n in range(20)]
    for each in taken[:10]:
        await spend(store, each)
    async with asyncio.timeout(20):
        await asyncio.gather(
            *(keep(store, each.number, 0) for each in (*taken[:10], *taken[:10])),
            *(spend(store, each) for each in taken[10:]),
        )
    assert (await counters(engine))["day"] == (1000, 10)
    assert (await counters(engine))["product CUP"] == (500, 10)


# --- the breaker --------------------------------------------------------------------------------------------


async def approve(store: Store, at: datetime, cases: int = 1) -> None:
    for _ in range(cases):
        await spend(store, spending(at=at))


async def breaker(store: Store, at: datetime = NOON) -> Breaker:
    async with store.begin() as unit:
        return await unit.breaker(at, BREAKING)


async def test_a_jump_of_the_refund_rate_stops_the_rules_once_and_says_why(store: Store) -> None:
    for hours in range(2, 50):
        await approve(store, NOON - timedelta(hours=hours))
    await approve(store, NOON - timedelta(minutes=20), cases=4)
    assert not (await breaker(store)).open
    await approve(store, NOON - timedelta(minutes=5))
    assert await breaker(store) == AT_NOON
    assert await breaker(store, NOON + timedelta(hours=5)) == AT_NOON, "no time closes it"
    async with store.begin() as unit:
        log = await unit.log("breaker")
    assert [(entry.action, entry.actor, entry.reason) for entry in log] == [("breaker_opened", "system", "refund_rate")]


async def test_of_a_first_day_nobody_says_what_is_usual(store: Store) -> None:
    await approve(store, NOON - timedelta(hours=3))
    await approve(store, NOON, cases=9)
    assert not (await breaker(store)).open


async def send(store: Store, state: LegState, leg: int, **changes: object) -> None:
    row = leg_row(leg=leg)
    sent = row.leg.model_copy(update={"state": state, **changes})
    async with store.begin() as unit:
        await unit.insert_leg(row.model_copy(update={"leg": sent, "sent_at": NOON - timedelta(minutes=leg)}))


@pytest.mark.parametrize("failed", [LegState.FAILED, LegState.CONFIRMING, LegState.BLOCKED])
async def test_when_half_of_the_providers_calls_fail_the_rules_stop(store: Store, failed: LegState) -> None:
    for leg, state in enumerate((LegState.SUCCEEDED, LegState.PENDING, failed), start=1):
        await send(store, state, leg)
    assert not (await breaker(store)).open
    await send(store, failed, 4)
    opened = await breaker(store)
    assert (opened.why, opened.seen, opened.against) == (Cause.PROVIDER_FAILURES, 2, 4)


@pytest.mark.parametrize("of_the_customer", [{"elsewhere": True}, {"failure_code": "chargeback_open"}])
async def test_what_is_closed_or_disputed_on_the_customers_side_is_no_failure_of_the_provider(
    store: Store, of_the_customer: dict[str, object]
) -> None:
    for leg in range(1, 5):
        await send(store, LegState.FAILED, leg, **of_the_customer)
    assert not (await breaker(store)).open


async def test_closed_by_a_person_it_does_not_open_again_for_what_they_looked_at(store: Store) -> None:
    for leg in range(1, 5):
        await send(store, LegState.FAILED, leg)
    assert (await breaker(store)).open
    closed = Breaker(open=False, why="The bank is back.", changed_at=NOON, changed_by="boss-1")
    async with store.begin() as unit:
        assert await unit.turn_breaker(closed)
        assert not await unit.turn_breaker(closed), "it is closed already"
    assert await breaker(store, NOON + timedelta(minutes=1)) == closed


async def test_what_was_never_opened_cannot_be_closed_and_no_traffic_is_hidden_by_trying(store: Store) -> None:
    for leg in range(1, 5):
        await send(store, LegState.FAILED, leg)
    async with store.begin() as unit:
        assert not await unit.turn_breaker(Breaker(open=False, why="So.", changed_at=NOON, changed_by="boss-1"))
    assert (await breaker(store)).open


async def test_of_many_who_see_the_jump_at_once_one_opens_it(store: Store) -> None:
    for leg in range(1, 5):
        await send(store, LegState.FAILED, leg)
    seen = await asyncio.gather(*(breaker(store) for _ in range(8)))
    assert all(each.open for each in seen)
    async with store.begin() as unit:
        assert len(await unit.log("breaker")) == 1
