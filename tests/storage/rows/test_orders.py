"""What an order shows to a case: itself as bought, and what cases took of it (design: money, rule 7)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import LegRow, Order
from aftersales.contract.messages import Item
from aftersales.contract.values import AmountKind, AmountLine, BreakDown, CaseStatus, LegState
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS, clearing
from domain.allocation import ThresholdPromotion
from domain.breakdown import NOTHING_TAKEN, Taken
from domain.orders import OrderRecord
from storage.orders import save_orders
from storage.store import SqlStore
from tests.storage.builders import NUMBER, OTHER_NUMBER, UNIT_MINOR, case_row, leg_row, order_record, posting, yuan

TWO_MUGS = (Item(line_id="mugs", quantity=2),)


async def order_of(store: SqlStore, besides: str = "") -> Order:
    async with store.begin() as unit:
        order = await unit.order("order-1", besides)
    assert order is not None
    return order


async def taken_minor(store: SqlStore) -> int:
    return (await order_of(store)).tenders[0].taken_minor


async def reserve(store: SqlStore, state: LegState = LegState.RESERVED, *, released: bool = False) -> LegRow:
    row = leg_row(released=released)
    row = row.model_copy(update={"leg": row.leg.model_copy(update={"state": state})})
    async with store.begin() as unit:
        await unit.insert_leg(row)
    return row


async def test_an_order_nobody_knows_is_none(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.order("order-1") is None


async def test_an_order_comes_back_as_it_was_taken_in(store: SqlStore, stored_order: OrderRecord) -> None:
    order = await order_of(store)
    assert order.account == stored_order.account
    assert order.shipping == stored_order.shipping
    assert order.bought_at == stored_order.bought_at
    assert [line.frozen for line in order.lines] == [line.frozen for line in stored_order.lines]
    assert order.tenders[0].captured_minor == stored_order.tenders[0].captured_minor
    assert (order.lines[0].taken_units, order.shipping_taken, order.tenders[0].taken_minor) == (0, False, 0)


@pytest.mark.usefixtures("stored_order")
async def test_units_and_shipping_held_by_a_case_are_taken_for_all_others(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.hold_units(NUMBER, "order-1", TWO_MUGS, shipping=True)
    order = await order_of(store, besides=OTHER_NUMBER)
    assert (order.lines[0].taken_units, order.shipping_taken) == (2, True)
    order = await order_of(store, besides=NUMBER)
    assert (order.lines[0].taken_units, order.shipping_taken) == (0, False)


@pytest.mark.usefixtures("stored_order")
async def test_units_of_several_cases_add_up(store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.hold_units(NUMBER, "order-1", TWO_MUGS, shipping=False)
        await unit.hold_units(OTHER_NUMBER, "order-1", TWO_MUGS, shipping=False)
    assert (await order_of(store)).lines[0].taken_units == 4


MUG = AmountLine(kind=AmountKind.GOODS, line_id="mugs", quantity=1, amount_minor=UNIT_MINOR)
ONE_MUG = BreakDown(lines=(MUG,), total=yuan(UNIT_MINOR))


async def hold_one(store: SqlStore, number: str, status: CaseStatus) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row(number, status=status, break_down=ONE_MUG))
        await unit.hold_units(number, "order-1", (Item(line_id="mugs", quantity=1),), shipping=False)


@pytest.mark.parametrize("status", [CaseStatus.PAYING, CaseStatus.REFUNDED, CaseStatus.PAYMENT_FAILED])
@pytest.mark.usefixtures("stored_order")
async def test_the_break_down_of_a_granted_case_is_taken_line_by_line(store: SqlStore, status: CaseStatus) -> None:
    await hold_one(store, NUMBER, status)
    assert (await order_of(store)).taken == Taken(lines=(MUG,))


@pytest.mark.parametrize("status", [CaseStatus.UNDER_REVIEW, CaseStatus.NEEDS_EVIDENCE, CaseStatus.AWAITING_CUSTOMER])
@pytest.mark.usefixtures("stored_order")
async def test_the_break_down_of_an_undecided_case_is_only_proposed(store: SqlStore, status: CaseStatus) -> None:
    await hold_one(store, NUMBER, status)
    assert (await order_of(store)).taken == Taken(proposed=(MUG,))


@pytest.mark.usefixtures("stored_order")
async def test_a_case_never_stands_in_its_own_way(store: SqlStore) -> None:
    await hold_one(store, NUMBER, CaseStatus.PAYING)
    await hold_one(store, OTHER_NUMBER, CaseStatus.UNDER_REVIEW)
    assert (await order_of(store, besides=OTHER_NUMBER)).taken == Taken(lines=(MUG,))
    assert (await order_of(store, besides=NUMBER)).taken == Taken(proposed=(MUG,))


@pytest.mark.usefixtures("stored_order")
async def test_who_let_go_of_the_units_took_nothing(store: SqlStore) -> None:
    await hold_one(store, NUMBER, CaseStatus.PAYING)
    async with store.begin() as unit:
        await unit.release_units(NUMBER)
    assert (await order_of(store)).taken == NOTHING_TAKEN


async def test_an_order_comes_with_its_promotion(store: SqlStore, engine: AsyncEngine) -> None:
    promotion = ThresholdPromotion(threshold_minor=5_000, discount_minor=500)
    await save_orders(engine, [order_record(promotion=promotion)])
    assert (await order_of(store)).promotion == promotion


@pytest.mark.parametrize(
    ("state", "counts"),
    [
        (LegState.RESERVED, True),
        (LegState.SUBMITTING, True),
        (LegState.CONFIRMING, True),
        (LegState.PENDING, True),
        (LegState.BLOCKED, True),
        (LegState.SUCCEEDED, False),
        (LegState.FAILED, False),
        (LegState.REVERSED, False),
    ],
)
@pytest.mark.usefixtures("stored_order")
async def test_an_unknown_outcome_keeps_its_reservation_and_an_end_gives_it_up(
    store: SqlStore, state: LegState, counts: bool
) -> None:
    await reserve(store, state)
    assert await taken_minor(store) == (UNIT_MINOR if counts else 0)


@pytest.mark.usefixtures("stored_order")
async def test_a_released_leg_reserves_nothing(store: SqlStore) -> None:
    await reserve(store, LegState.FAILED, released=True)
    assert await taken_minor(store) == 0


@pytest.mark.usefixtures("stored_order")
async def test_a_released_leg_that_the_provider_works_on_after_all_reserves_again(store: SqlStore) -> None:
    row = await reserve(store, LegState.PENDING, released=True)
    assert await taken_minor(store) == row.leg.amount.minor


@pytest.mark.usefixtures("stored_order")
async def test_a_paid_leg_counts_once_by_its_posting(store: SqlStore) -> None:
    row = await reserve(store)
    async with store.begin() as unit:
        await unit.post(posting("approved", debit=SALES_RETURNS, credit=CUSTOMER_REFUNDS_PAYABLE))
        await unit.post(posting("paid"))
        paid = row.leg.model_copy(update={"state": LegState.SUCCEEDED})
        await unit.update_leg(row.model_copy(update={"leg": paid}))
    assert await taken_minor(store) == UNIT_MINOR


@pytest.mark.usefixtures("stored_order")
async def test_money_that_came_back_may_be_refunded_again(store: SqlStore) -> None:
    await reserve(store, LegState.REVERSED)
    async with store.begin() as unit:
        await unit.post(posting("paid"))
        await unit.post(posting("back", debit=clearing("stripe"), credit=CUSTOMER_REFUNDS_PAYABLE))
    assert await taken_minor(store) == 0
