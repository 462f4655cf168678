"""What the command line shows of budgets and breaker, and whether somebody was told (P5.1)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Store
from activities.precautions import Breaker, Spending
from storage.budgets import BudgetBook, Spent
from tests.fakes.policy import NO_LIMITS
from tests.storage.builders import NOON, NUMBER, yuan

OPENED = Breaker(open=True, why="refund_rate", changed_at=NOON, seen=9, against=2)


async def test_a_days_budgets_the_whole_day_first(store: Store, engine: AsyncEngine) -> None:
    spending = Spending(
        number=NUMBER, at=NOON, customer_id="customer-1", amount=yuan(300), products=(("CUP", 100), ("MUG", 200))
    )
    async with store.begin() as unit:
        await unit.spend(spending, NO_LIMITS)
        await unit.spend(spending.model_copy(update={"at": NOON + timedelta(days=1)}), NO_LIMITS)
    spent = await BudgetBook(engine).spent(NOON.date(), limit=3)
    assert spent == (
        Spent("day", "", yuan(300), 1),
        Spent("customer", "customer-1", yuan(300), 1),
        Spent("product", "MUG", yuan(200), 1),
    )


async def test_a_breaker_that_was_never_turned_is_closed(engine: AsyncEngine) -> None:
    book = BudgetBook(engine)
    assert await book.breaker() == Breaker()
    assert await book.untold() is None


async def test_an_opening_is_untold_until_it_was_told(store: Store, engine: AsyncEngine) -> None:
    book = BudgetBook(engine)
    async with store.begin() as unit:
        await unit.turn_breaker(OPENED)
    assert await book.untold() == OPENED == await book.breaker()
    await book.mark_told(OPENED, NOON)
    assert await book.untold() is None


async def test_having_told_of_one_opening_says_nothing_of_the_next(store: Store, engine: AsyncEngine) -> None:
    again = OPENED.model_copy(update={"changed_at": NOON + timedelta(hours=1)})
    closed = Breaker(why="Seen to.", changed_at=NOON + timedelta(minutes=1), changed_by="boss-1")
    async with store.begin() as unit:
        for turned in (OPENED, closed, again):
            await unit.turn_breaker(turned)
    book = BudgetBook(engine)
    await book.mark_told(OPENED, NOON)
    assert await book.untold() == again
