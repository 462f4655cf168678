"""The books balance, whatever was posted, and each account shows what its postings add up to (money, rule 10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from activities import ledger
from activities.rows import LegRow, Posting
from aftersales.contract.numbers import number_for
from aftersales.contract.values import Money
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS
from storage.bookkeeping import AccountSums, Bookkeeping, totals
from storage.reading import Reading, TotalBy
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, leg_row, posting

HOUR = timedelta(hours=1)
LARGE_MINOR = 10**12


@pytest.fixture
def books(engine: AsyncEngine) -> Bookkeeping:
    return Bookkeeping(engine)


async def post(store: SqlStore, *postings: Posting) -> None:
    async with store.begin() as unit:
        for each in postings:
            await unit.post(each)


def approved(posting_id: str = "approved", **changes: object) -> Posting:
    owed = posting(posting_id, minor=1000, debit=SALES_RETURNS, credit=CUSTOMER_REFUNDS_PAYABLE)
    return owed.model_copy(update=changes)


async def test_a_case_shows_its_postings_and_what_they_add_up_to(store: SqlStore, books: Bookkeeping) -> None:
    owed, paid = approved(), posting("paid", minor=400).model_copy(update={"posted_at": NOON + HOUR})
    await post(store, paid, owed, approved("another's", number=OTHER_NUMBER))
    found = await books.of_case(NUMBER)
    assert found.postings == (owed, paid)
    assert found.accounts == (
        AccountSums("clearing:stripe", "CNY", 0, 400),
        AccountSums("customer_refunds_payable", "CNY", 400, 1000),
        AccountSums("sales_returns", "CNY", 1000, 0),
    )
    assert [each.balance_minor for each in found.accounts] == [-400, -600, 1000]


async def test_an_order_shows_all_of_its_cases_and_no_other_order(store: SqlStore, books: Bookkeeping) -> None:
    await post(store, approved("1"), approved("2", number=OTHER_NUMBER), approved("3", order_id="order-2"))
    found = await books.of_order("order-1")
    assert [each.posting_id for each in found.postings] == ["1", "2"]
    assert totals(found.accounts) == (AccountSums("total", "CNY", 2000, 2000),)


async def test_what_nobody_posted_is_empty(books: Bookkeeping) -> None:
    assert await books.of_case(NUMBER) == ((), ())
    assert await books.trial_balance() == () == totals(())


async def test_a_trial_balance_of_an_earlier_moment_leaves_out_what_came_later(
    store: SqlStore, books: Bookkeeping
) -> None:
    await post(store, approved(), approved("later", posted_at=NOON + HOUR))
    assert totals(await books.trial_balance(NOON)) == ()
    assert totals(await books.trial_balance(NOON + HOUR))[0].debit_minor == 1000
    assert totals(await books.trial_balance())[0].debit_minor == 2000


async def test_currencies_are_never_added_up(store: SqlStore, books: Bookkeeping) -> None:
    await post(store, approved(), approved("yen", amount=Money(minor=7, currency="JPY")))
    assert totals(await books.trial_balance()) == (
        AccountSums("total", "CNY", 1000, 1000),
        AccountSums("total", "JPY", 7, 7),
    )


async def test_fees_and_write_offs_move_the_clearing_account_and_refund_nothing(
    store: SqlStore, books: Bookkeeping, engine: AsyncEngine
) -> None:
    row = leg_row()
    lost = ledger.written_off(row, "clearing:stripe", Money(minor=50, currency="CNY"), "Why.", NOON)
    fee = ledger.fee(row, "txn_1", Money(minor=30, currency="CNY"), NOON)
    await post(store, posting("paid", minor=1000), fee, lost)
    sums = {each.account: each.balance_minor for each in await books.trial_balance()}
    assert sums == {"clearing:stripe": -1080, "customer_refunds_payable": 1000, "fees": 30, "write_offs": 50}
    [refunded] = await Reading(engine).ledger_totals(TotalBy.CASE)
    assert refunded.paid_out.minor == 1000


# --- any sequence --------------------------------------------------------------------------------------------

Event = Callable[[LegRow, datetime], Posting]
EVENTS: tuple[Event, ...] = (
    ledger.approved,
    ledger.released,
    ledger.paid,
    ledger.paid_back,
    ledger.owed_again,
    ledger.released_again,
    ledger.overpaid,
    ledger.overpayment_returned,
    lambda row, now: ledger.fee(row, row.leg.provider_number, Money(minor=3, currency=row.leg.amount.currency), now),
    lambda row, now: ledger.written_off(row, "refunds_overpaid", row.leg.amount, "Why.", now),
)
_cases = count()


@st.composite
def legs(draw: st.DrawFn) -> LegRow:
    """Of any provider and currency, each of a case of its own."""
    number = number_for("any", str(next(_cases)))
    row = leg_row(number)
    planned = {
        "provider": draw(st.sampled_from(["stripe", "store_credit", "gift_card", "by_hand"])),
        "amount": Money(minor=draw(st.integers(1, LARGE_MINOR)), currency=draw(st.sampled_from(["CNY", "JPY", "KWD"]))),
    }
    return row.model_copy(update={"leg": row.leg.model_copy(update=planned)})


def balances_of(postings: list[Posting]) -> Counter[tuple[str, str]]:
    """By account and currency; the same posting twice counts once."""
    sums: Counter[tuple[str, str]] = Counter()
    for each in {each.posting_id: each for each in reversed(postings)}.values():
        sums[each.debit, each.amount.currency] += each.amount.minor
        sums[each.credit, each.amount.currency] -= each.amount.minor
    return sums


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(legs(), min_size=1, max_size=3), choices=st.data())
async def test_any_sequence_of_postings_balances(
    store: SqlStore, books: Bookkeeping, rows: list[LegRow], choices: st.DataObject
) -> None:
    moves = st.tuples(st.sampled_from(rows), st.sampled_from(EVENTS), st.integers(0, 5))
    drawn = choices.draw(st.lists(moves, max_size=20))
    postings = [event(row, NOON + hours * HOUR) for row, event, hours in drawn]
    await post(store, *postings)
    for row in rows:
        of_case = [each for each in postings if each.number == row.number]
        found = await books.of_case(row.number)
        expected = balances_of(of_case)
        assert {(each.account, each.currency): each.balance_minor for each in found.accounts} == expected
    for whole in totals(await books.trial_balance()):
        assert whole.debit_minor == whole.credit_minor
