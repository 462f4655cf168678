"""A payment by hand is filed once, and paid only when a second person has confirmed it (P3.2)."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import Payee
from activities.rows import HandPaymentRow, HandPaymentState, LegRow
from activities.types import TO_BE_CONFIRMED, TO_BE_PAID, OutcomeKind
from aftersales.contract.values import EvidenceRef, Movement, PayoutMethod
from storage.engine import create_store_engine
from storage.hand_payments import HandPayments, unfinished
from storage.store import SqlStore
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, leg_row

RECEIPT = EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9)
WALLET = Payee(token="payee-1", method=PayoutMethod.WECHAT_PAY, account="wx-openid-secret")
PAID = {
    "state": HandPaymentState.PAID,
    "paid_by": "finance-1",
    "paid_at": NOON,
    "reference": "WX-778",
    "evidence": (RECEIPT,),
}
CONFIRMED = PAID | {"state": HandPaymentState.CONFIRMED, "confirmed_by": "finance-2", "confirmed_at": NOON}


def payout(number: int = 1, minor: int = 500, payee: str = "payee-1") -> LegRow:
    row = leg_row(leg=number, minor=minor)
    shown = {"provider": "by_hand", "movement": Movement.PAYOUT, "destination": "WeChat •••• 99"}
    return row.model_copy(update={"leg": row.leg.model_copy(update=shown), "payee": payee})


@pytest.fixture
def by_hand(engine: AsyncEngine) -> HandPayments:
    return HandPayments(engine, FakeClock(NOON))


async def stored(store: SqlStore, number: int = 1) -> HandPaymentRow:
    async with store.begin() as unit:
        row = await unit.hand_payment(f"{NUMBER}-{number}-1")
    assert row is not None
    return row


async def change(store: SqlStore, changes: dict[str, object], number: int = 1) -> None:
    row = await stored(store, number)
    async with store.begin() as unit:
        await unit.update_hand_payment(row.model_copy(update=changes))


async def test_a_payout_is_filed_for_finance_without_the_account_itself(by_hand: HandPayments, store: SqlStore) -> None:
    outcome = await by_hand.pay_out(payout(), WALLET)
    assert (outcome.kind, outcome.code) == (OutcomeKind.PENDING, TO_BE_PAID)
    row = await stored(store)
    assert (row.state, row.method, row.payee) == (HandPaymentState.TO_PAY, PayoutMethod.WECHAT_PAY, "payee-1")
    assert (row.destination, row.amount, row.filed_at) == ("WeChat •••• 99", payout().leg.amount, NOON)
    assert "secret" not in row.model_dump_json()


async def test_a_refund_is_filed_with_the_payment_that_it_gives_back_of(by_hand: HandPayments, store: SqlStore) -> None:
    assert (await by_hand.refund(leg_row())).kind is OutcomeKind.PENDING
    row = await stored(store)
    assert (row.movement, row.method, row.payee, row.destination) == (Movement.REFUND, None, "", "pi_1")


async def test_filing_the_same_payment_again_changes_nothing(by_hand: HandPayments, store: SqlStore) -> None:
    await by_hand.pay_out(payout(), WALLET)
    await change(store, PAID)
    before = await stored(store)
    assert (await by_hand.pay_out(payout(), WALLET)).kind is OutcomeKind.PENDING
    assert await stored(store) == before


async def test_fifty_filings_at_once_from_several_processes_are_one_payment(url: str) -> None:
    engines = [create_store_engine(url) for _ in range(5)]
    processes = [HandPayments(engine, FakeClock(NOON)) for engine in engines]
    outcomes = await asyncio.gather(*(processes[call % 5].pay_out(payout(), WALLET) for call in range(50)))
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.PENDING}
    assert len(await unfinished(engines[0])) == 1
    for engine in engines:
        await engine.dispose()


@pytest.mark.parametrize("other", [payout(minor=501), payout(payee="payee-2"), leg_row(minor=500)])
async def test_the_same_number_for_something_else_is_a_conflict(
    by_hand: HandPayments, store: SqlStore, other: LegRow
) -> None:
    await by_hand.pay_out(payout(), WALLET)
    before = await stored(store)
    assert (await by_hand.pay_out(other, WALLET)).kind is OutcomeKind.CONFLICT
    assert (await by_hand.query(other)).kind is OutcomeKind.CONFLICT
    assert await stored(store) == before


async def test_what_was_never_filed_is_not_found(by_hand: HandPayments) -> None:
    assert (await by_hand.query(payout())).kind is OutcomeKind.NOT_FOUND


async def test_a_payment_is_pending_until_the_second_person_has_confirmed_it(
    by_hand: HandPayments, store: SqlStore
) -> None:
    await by_hand.pay_out(payout(), WALLET)
    assert (await by_hand.query(payout())).kind is OutcomeKind.PENDING
    await change(store, PAID)
    outcome = await by_hand.query(payout())
    assert (outcome.kind, outcome.code) == (OutcomeKind.PENDING, TO_BE_CONFIRMED)
    await change(store, CONFIRMED)
    outcome = await by_hand.query(payout())
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "WX-778")


async def test_finance_sees_what_is_unfinished_oldest_first(engine: AsyncEngine, store: SqlStore) -> None:
    clock = FakeClock(NOON)
    by_hand = HandPayments(engine, clock)
    for number in (3, 1, 2):
        await by_hand.pay_out(payout(number), WALLET)
        clock.turn(hours=1)
    await change(store, PAID, 1)
    await change(store, CONFIRMED, 2)
    waiting = await unfinished(engine)
    assert [row.provider_number for row in waiting] == [f"{NUMBER}-3-1", f"{NUMBER}-1-1"]
    assert await unfinished(engine, limit=1) == waiting[:1]


async def test_the_database_itself_wants_two_people(by_hand: HandPayments, store: SqlStore) -> None:
    await by_hand.pay_out(payout(), WALLET)
    with pytest.raises(IntegrityError, match="two_people"):
        await change(store, CONFIRMED | {"confirmed_by": "finance-1"})


async def test_a_database_that_is_gone_leaves_the_outcome_unknown(by_hand: HandPayments, url: str) -> None:
    broken = create_store_engine(url.replace("store.db", "gone/store.db").replace("/test_", "/gone_"))
    with pytest.raises((DBAPIError, OSError)):
        await HandPayments(broken, FakeClock(NOON)).pay_out(payout(), WALLET)
    await broken.dispose()
    assert (await by_hand.query(payout())).kind is OutcomeKind.NOT_FOUND
