"""What was granted to whom, and who agreed to it (P6.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.ports import Store
from activities.precautions import Approval, Lease
from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import LegState, PayoutMethod
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, case_row, leg_row, posting, start, yuan

MONTH_AGO = NOON - timedelta(days=30)
YES = Approval(number=NUMBER, actor="boss-1", role="supervisor", amount=yuan(5000), destination="", at=NOON)


async def grant(store: Store, number: str, minor: int, state: LegState = LegState.RESERVED, days_ago: int = 0) -> None:
    """A case with one leg, and the posting that says when it was approved."""
    row = leg_row(number, minor=minor)
    row = row.model_copy(update={"leg": row.leg.model_copy(update={"state": state})})
    approved = posting(f"{row.leg.provider_number}:approved", debit=SALES_RETURNS, credit=CUSTOMER_REFUNDS_PAYABLE)
    at = NOON - timedelta(days=days_ago)
    async with store.begin() as unit:
        await unit.insert_case(case_row(number, start=start(number, request_key=number)))
        await unit.insert_leg(row)
        await unit.post(approved.model_copy(update={"posted_at": at, "number": number}))


async def granted(store: Store, besides: str = "") -> tuple[int, int]:
    async with store.begin() as unit:
        of_customer = await unit.granted_to_customer("customer-1", "CNY", MONTH_AGO, besides)
        return of_customer, await unit.granted_of_order("order-1", besides)


@pytest.mark.usefixtures("stored_order")
async def test_what_was_granted_is_what_is_reserved_or_paid(store: Store) -> None:
    assert await granted(store) == (0, 0)
    await grant(store, NUMBER, 1000)
    await grant(store, OTHER_NUMBER, 250, LegState.SUCCEEDED)
    assert await granted(store) == (1250, 1250)
    assert await granted(store, besides=NUMBER) == (250, 250)


@pytest.mark.usefixtures("stored_order")
@pytest.mark.parametrize("state", [LegState.FAILED, LegState.REVERSED])
async def test_what_did_not_arrive_was_not_granted(store: Store, state: LegState) -> None:
    await grant(store, NUMBER, 1000, state)
    assert await granted(store) == (0, 0)


@pytest.mark.usefixtures("stored_order")
async def test_a_customers_period_counts_from_the_grant_and_an_orders_ceiling_for_ever(store: Store) -> None:
    await grant(store, NUMBER, 1000, days_ago=30)
    await grant(store, OTHER_NUMBER, 250, days_ago=31)
    assert await granted(store) == (1000, 1250)


@pytest.mark.usefixtures("stored_order")
async def test_another_customer_and_another_currency_count_for_themselves(store: Store) -> None:
    await grant(store, NUMBER, 1000)
    async with store.begin() as unit:
        assert await unit.granted_to_customer("customer-2", "CNY", MONTH_AGO, "") == 0
        assert await unit.granted_to_customer("customer-1", "EUR", MONTH_AGO, "") == 0


async def test_approvals_count_until_they_are_voided_and_may_be_given_again(store: Store) -> None:
    second = YES.model_copy(update={"actor": "boss-2", "destination": "payee-1"})
    async with store.begin() as unit:
        await unit.add_approval(YES)
        await unit.add_approval(second)
        assert await unit.approvals(NUMBER) == (YES, second)
        assert await unit.void_approvals(NUMBER, NOON) == 2
        assert await unit.approvals(NUMBER) == ()
        assert await unit.void_approvals(NUMBER, NOON) == 0
        await unit.add_approval(YES)
    async with store.begin() as unit:
        assert await unit.approvals(NUMBER) == (YES,)
        assert await unit.approvals(OTHER_NUMBER) == ()


async def test_a_case_keeps_who_works_on_it_and_where_its_money_is_to_go(store: Store) -> None:
    kept = case_row(
        entered_by="agent-1",
        overridden=True,
        lease=Lease(holder="agent-2", until=NOON),
        payout=PayoutChoice(method=PayoutMethod.ALIPAY, payee="payee-1", masked="z•••"),
    )
    async with store.begin() as unit:
        await unit.insert_case(kept)
    async with store.begin() as unit:
        assert await unit.case(NUMBER) == kept
