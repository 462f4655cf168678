"""What is posted for a leg, and that an event is posted once (design: money, rule 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities import ledger
from activities.rows import LegRow
from activities.types import OutcomeKind
from tests.activities.desk import Desk
from tests.activities.shop import NOW, application, cny
from tests.storage.builders import leg_row


def leg_of(provider: str) -> LegRow:
    row = leg_row()
    return row.model_copy(update={"leg": row.leg.model_copy(update={"provider": provider})})


@pytest.mark.parametrize(
    ("provider", "account"), [("stripe", "clearing:stripe"), ("store_credit", "stored_value:store_credit")]
)
def test_paying_settles_what_is_owed_and_a_reversal_turns_it_round(provider: str, account: str) -> None:
    paid, back = ledger.paid(leg_of(provider), NOW), ledger.paid_back(leg_of(provider), NOW)
    assert (paid.debit, paid.credit) == ("customer_refunds_payable", account)
    assert (back.debit, back.credit) == (paid.credit, paid.debit)


async def test_value_put_back_counts_as_refunded_and_comes_off_again_when_it_is_reversed(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    assert (await desk.legs())[0].leg.provider == "gift_card"
    await desk.pay(OutcomeKind.SUCCEEDED)
    assert await desk.money_taken() == 500
    await desk.pay(OutcomeKind.REVERSED)
    assert await desk.money_taken() == 0
    assert await desk.balances() == {}


async def test_an_event_that_is_recorded_twice_is_one_posting(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    [row] = await desk.legs()
    for hours in (0, 1):
        async with desk.store.begin() as unit:
            await unit.post(ledger.paid(row, NOW + timedelta(hours=hours)))
    assert await desk.money_taken() == 1000  # still reserved, and paid once
    assert (await desk.balances())["stored_value:gift_card"] == -500


async def test_the_fee_of_a_statements_line_is_posted_once_and_refunds_nothing(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.SUCCEEDED)
    [row] = await desk.legs()
    for fee in (cny(30), cny(99)):
        async with desk.store.begin() as unit:
            await unit.post(ledger.fee(row, "txn_1", fee, NOW))
    balances = await desk.balances()
    assert balances == {"sales_returns": 500, "fees": 30, "stored_value:gift_card": -530}
    assert await desk.money_taken() == 500


def test_the_same_line_of_two_providers_is_two_fees() -> None:
    first, second = (ledger.fee(leg_of(provider), "1", cny(30), NOW) for provider in ("stripe", "bank"))
    assert first.posting_id != second.posting_id
    assert (first.debit, first.credit, first.amount) == ("fees", "clearing:stripe", cny(30))


def test_each_write_off_is_a_posting_of_its_own_with_its_reason() -> None:
    row = leg_of("stripe")
    first = ledger.written_off(row, "refunds_overpaid", cny(30), "Customer moved away.", NOW)
    second = ledger.written_off(row, "refunds_overpaid", cny(30), "The rest.", NOW + timedelta(seconds=1))
    assert first.posting_id != second.posting_id
    assert (first.debit, first.credit, first.note) == ("write_offs", "refunds_overpaid", "Customer moved away.")
