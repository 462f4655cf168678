"""Store credit and gift cards keep a ledger of our own: value goes back once, whoever asks how often (P3.2)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Payee, Payments
from activities.rows import LegRow
from activities.types import OutcomeKind
from aftersales.contract.values import Movement, PayoutMethod
from domain.rails import STORE_CREDIT
from storage.engine import Transactions, create_store_engine
from storage.stored_value import StoredValuePayments
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, leg_row, yuan

CARD = "gc-2026-000123456789"
ACCOUNT = "customer:customer-1"
CREDIT = Payee(token=ACCOUNT, method=PayoutMethod.STORE_CREDIT, account=ACCOUNT)
APPEND_ONLY = "stored_value_entries is append-only"


def leg(number: int = 1, minor: int = 500, reference: str = CARD, movement: Movement = Movement.REFUND) -> LegRow:
    row = leg_row(leg=number, minor=minor)
    planned = row.leg.model_copy(update={"provider": "gift_card", "movement": movement})
    return row.model_copy(update={"leg": planned, "reference": reference})


@pytest.fixture
def cards(engine: AsyncEngine) -> StoredValuePayments:
    return StoredValuePayments(engine, "gift_card", FakeClock(NOON))


@pytest.fixture
def credit(engine: AsyncEngine) -> StoredValuePayments:
    return StoredValuePayments(engine, "store_credit", FakeClock(NOON))


async def test_value_goes_back_on_the_card_that_the_order_was_paid_with(cards: StoredValuePayments) -> None:
    outcome = await cards.refund(leg())
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, f"{NUMBER}-1-1")
    assert outcome.destination == "•••• 6789"
    assert await cards.balance(CARD, "CNY") == yuan(500)


async def test_a_second_refund_with_the_same_number_moves_no_value(cards: StoredValuePayments) -> None:
    first = await cards.refund(leg())
    assert await cards.refund(leg()) == first
    assert await cards.balance(CARD, "CNY") == yuan(500)


@pytest.mark.parametrize("other", [leg(minor=501), leg(reference="gc-other")], ids=["amount", "card"])
async def test_the_same_number_for_something_else_is_a_conflict(cards: StoredValuePayments, other: LegRow) -> None:
    await cards.refund(leg())
    assert (await cards.refund(other)).kind is OutcomeKind.CONFLICT
    assert await cards.balance(CARD, "CNY") == yuan(500)


async def test_a_number_belongs_to_one_kind_of_stored_value(
    cards: StoredValuePayments, credit: StoredValuePayments
) -> None:
    await cards.refund(leg())
    assert (await credit.refund(leg())).kind is OutcomeKind.CONFLICT
    assert (await credit.query(leg())).kind is OutcomeKind.CONFLICT


async def test_a_look_by_our_number_finds_the_entry_or_says_that_there_is_none(cards: StoredValuePayments) -> None:
    assert (await cards.query(leg())).kind is OutcomeKind.NOT_FOUND
    made = await cards.refund(leg())
    assert await cards.query(leg()) == made
    assert (await cards.query(leg(minor=501))).kind is OutcomeKind.CONFLICT


async def test_a_balance_is_the_sum_of_its_accounts_entries(cards: StoredValuePayments) -> None:
    await cards.refund(leg(1, 500))
    await cards.refund(leg(2, 70))
    await cards.refund(leg(3, 9000, reference="gc-other"))
    assert await cards.balance(CARD, "CNY") == yuan(570)
    assert (await cards.balance(CARD, "USD")).minor == 0


async def test_a_payout_credits_the_customers_account(credit: StoredValuePayments) -> None:
    row = leg(movement=Movement.PAYOUT)
    outcome = await credit.pay_out(row, CREDIT)
    assert (outcome.kind, outcome.destination) == (OutcomeKind.SUCCEEDED, STORE_CREDIT)
    assert await credit.pay_out(row, CREDIT) == outcome == await credit.query(row)
    assert await credit.balance(ACCOUNT, "CNY") == yuan(500)


async def test_a_payout_to_another_account_under_the_same_number_is_a_conflict(credit: StoredValuePayments) -> None:
    row = leg(movement=Movement.PAYOUT)
    await credit.pay_out(row, CREDIT)
    elsewhere = CREDIT.model_copy(update={"account": "customer:customer-2"})
    assert (await credit.pay_out(row, elsewhere)).kind is OutcomeKind.CONFLICT
    assert (await credit.balance("customer:customer-2", "CNY")).minor == 0


@pytest.mark.parametrize("provider", ["gift_card", "store_credit"])
async def test_what_stored_value_cannot_do_is_not_offered_and_enters_nothing(
    engine: AsyncEngine, provider: str
) -> None:
    stored = StoredValuePayments(engine, provider, FakeClock(NOON))
    row, bank = leg(movement=Movement.PAYOUT), CREDIT.model_copy(update={"method": PayoutMethod.BANK_TRANSFER})
    outcome = await stored.pay_out(row, CREDIT if provider == "gift_card" else bank)
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "not_offered")
    assert (await stored.query(row)).kind is OutcomeKind.NOT_FOUND


async def test_a_leg_without_a_card_asks_for_another_destination(cards: StoredValuePayments) -> None:
    outcome = await cards.refund(leg(reference=""))
    assert (outcome.kind, outcome.code, outcome.elsewhere) == (OutcomeKind.NEEDS_PAYEE, "account_missing", True)
    assert (await cards.query(leg(reference=""))).kind is OutcomeKind.NOT_FOUND


async def test_fifty_calls_at_once_from_several_processes_make_one_entry(url: str) -> None:
    engines = [create_store_engine(url) for _ in range(5)]
    processes = [StoredValuePayments(engine, "gift_card", FakeClock(NOON)) for engine in engines]
    outcomes = await asyncio.gather(*(processes[call % 5].refund(leg()) for call in range(50)))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.SUCCEEDED}
    assert await processes[0].balance(CARD, "CNY") == yuan(500)
    for engine in engines:
        await engine.dispose()


async def test_a_database_that_is_gone_leaves_the_outcome_unknown(cards: StoredValuePayments, url: str) -> None:
    broken = create_store_engine(url.replace("store.db", "gone/store.db").replace("/test_", "/gone_"))
    with pytest.raises((DBAPIError, OSError)):
        await StoredValuePayments(broken, "gift_card", FakeClock(NOON)).refund(leg())
    await broken.dispose()
    assert (await cards.query(leg())).kind is OutcomeKind.NOT_FOUND


@pytest.mark.parametrize("change", ["UPDATE {} SET amount_minor = 1", "DELETE FROM {}"])
async def test_entries_are_never_changed(cards: StoredValuePayments, engine: AsyncEngine, change: str) -> None:
    await cards.refund(leg())
    with pytest.raises(DBAPIError, match=APPEND_ONLY):
        async with Transactions(engine).begin() as connection:
            await connection.execute(text(change.format("stored_value_entries")))


async def test_postgresql_refuses_to_empty_the_entries(migrated_postgres_engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError, match=APPEND_ONLY):
        async with Transactions(migrated_postgres_engine).begin() as connection:
            await connection.execute(text("TRUNCATE stored_value_entries"))


async def test_value_that_was_spent_is_an_entry_below_zero(cards: StoredValuePayments, engine: AsyncEngine) -> None:
    await cards.refund(leg())
    spend = (
        "INSERT INTO stored_value_entries SELECT 'till-1', number, provider, account, movement, -200, currency, "
        "entered_at FROM stored_value_entries"
    )
    async with Transactions(engine).begin() as connection:
        await connection.execute(text(spend))
    assert await cards.balance(CARD, "CNY") == yuan(300)


def test_a_number_never_grows_too_old_to_be_asked_for_again(cards: StoredValuePayments) -> None:
    provider: Payments = cards
    assert provider.key_life_s > 100 * 366 * 86400
