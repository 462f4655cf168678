"""What the database has seen of a customer, a payment and an address, on both databases (P6.1)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.precautions import CustomerHistory
from activities.rows import CaseRow
from activities.rulings import Listed
from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseKind, CaseStatus, Money, Reason
from domain.chargebacks import Chargeback, ChargebackState
from domain.listing import ListedKind, ListName, Mark
from storage.errors import RowMissingError
from storage.orders import save_orders
from storage.risk import Keeper, RiskBook
from storage.store import SqlStore
from tests.storage.builders import NOON, account, case_row, order_record, start, yuan

BY = Keeper(NOON, "cli", "supervisor-1", "supervisor")
HERE = "order-1"
CUSTOMER = "customer-1"


@pytest.fixture(autouse=True)
async def _orders(engine: AsyncEngine) -> None:
    """Two orders of one customer, one of another one by the same card, one of a third at the same address."""
    same = {"payment_fingerprint": "fp-1", "address_hash": "home"}
    await save_orders(
        engine,
        [
            order_record(HERE, **same),
            order_record("order-2"),
            order_record("of-another", account=account("customer-2"), payment_fingerprint="fp-1"),
            order_record("of-a-third", account=account("customer-3"), address_hash="home"),
        ],
    )


def case_of(
    order_id: str,
    customer_id: str = CUSTOMER,
    at: datetime = NOON,
    *,
    kind: CaseKind = CaseKind.REFUND_ONLY,
    reason: Reason = Reason.QUALITY_PROBLEM,
    goods_back: bool = False,
    **changes: object,
) -> CaseRow:
    number = number_for("shop", f"{order_id} {at} {kind} {reason} {goods_back} {changes}")
    begun = start(number, order_id=order_id)
    said = {"customer_id": customer_id, "kind": kind, "reason": reason, "goods_back": goods_back}
    begun = begun.model_copy(update={"application": begun.application.model_copy(update=said)})
    return case_row(number, start=begun, opened_at=at, **changes)


def refunded(order_id: str = HERE, amount: Money | None = None) -> CaseRow:
    """One whose money has arrived."""
    return case_of(order_id, status=CaseStatus.REFUNDED, amount=amount)


async def keep(store: SqlStore, *cases: CaseRow) -> None:
    async with store.begin() as unit:
        for case in cases:
            await unit.insert_case(case)


async def history(store: SqlStore, besides: str = "") -> CustomerHistory:
    async with store.begin() as unit:
        return await unit.history(HERE, CUSTOMER, NOON, besides)


async def listed(store: SqlStore, at: datetime = NOON) -> Listed:
    async with store.begin() as unit:
        return await unit.listed(HERE, CUSTOMER, at)


async def test_of_a_new_customer_only_the_orders_are_known(store: SqlStore) -> None:
    assert await history(store) == CustomerHistory(orders=2)


async def test_of_an_order_that_is_not_there_nothing_is_guessed(store: SqlStore) -> None:
    with pytest.raises(RowMissingError):
        async with store.begin() as unit:
            await unit.history("nowhere", CUSTOMER, NOON, "")


async def test_the_case_at_hand_counts_for_nothing(store: SqlStore) -> None:
    at_hand = refunded()
    await keep(store, at_hand)
    assert await history(store, besides=at_hand.number) == CustomerHistory(orders=2)


async def test_cases_are_counted_by_customer_payment_and_address_within_thirty_days(store: SqlStore) -> None:
    long_ago = NOON - timedelta(days=30)
    await keep(
        store,
        case_of("order-2"),
        case_of("order-2", at=long_ago),
        case_of("of-another", "customer-2"),
        case_of("of-another", "customer-2", at=long_ago),
        case_of("of-a-third", "customer-3"),
    )
    found = await history(store)
    assert (found.by_customer, found.by_payment, found.by_address, found.days) == (1, 1, 1, 30)


async def test_a_payment_without_a_fingerprint_is_like_no_other(store: SqlStore) -> None:
    await keep(store, case_of("of-a-third", "customer-3"))
    async with store.begin() as unit:
        found = await unit.history("order-2", CUSTOMER, NOON, "")
    assert (found.by_payment, found.by_address) == (0, 0)


async def test_refunds_are_counted_by_order_and_summed_in_its_currency(store: SqlStore) -> None:
    foreign = yuan(9_999).model_copy(update={"currency": "USD"})
    await keep(
        store,
        refunded("order-2", amount=yuan(700)),
        case_of("order-2", status=CaseStatus.PARTLY_REFUNDED, amount=yuan(300)),
        case_of(HERE, status=CaseStatus.REFUNDED, amount=foreign),
        case_of("order-2", status=CaseStatus.REJECTED, amount=yuan(5_000)),
    )
    found = await history(store)
    assert (found.refunded_orders, found.refunded_minor) == (2, 1_000)


async def test_a_refund_without_a_return_is_one_of_goods_that_came_and_stayed(store: SqlStore) -> None:
    await keep(
        store,
        refunded(),
        case_of(HERE, goods_back=True, status=CaseStatus.REFUNDED),
        case_of(HERE, reason=Reason.NOT_RECEIVED, status=CaseStatus.REFUNDED),
        case_of(HERE, status=CaseStatus.REFUNDED, kind=CaseKind.RETURN_AND_REFUND),
        case_of(HERE, status=CaseStatus.REJECTED, kind=CaseKind.REFUND_ONLY),
    )
    found = await history(store)
    assert (found.keep_items, found.not_received) == (1, 1)


async def test_an_empty_box_is_remembered_of_the_customer(store: SqlStore, engine: AsyncEngine) -> None:
    case = case_of("order-2")
    await keep(store, case)
    book = RiskBook(engine)
    assert await book.mark(BY, case.number, Mark.EMPTY_BOX)
    assert not await book.mark(BY, case.number, Mark.EMPTY_BOX)
    assert (await history(store)).empty_boxes == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [(ListedKind.CUSTOMER, CUSTOMER), (ListedKind.PAYMENT, "fp-1"), (ListedKind.ADDRESS, "home")],
)
async def test_a_list_names_a_customer_a_payment_or_an_address(
    store: SqlStore, engine: AsyncEngine, kind: ListedKind, value: str
) -> None:
    assert await listed(store) is Listed.NONE
    await RiskBook(engine).enlist(BY, ListName.ALLOW, kind, value, reason="known for years", expires_at=None)
    assert await listed(store) is Listed.ALLOW
    await RiskBook(engine).enlist(BY, ListName.BLOCK, kind, value, reason="empty boxes", expires_at=None)
    assert await listed(store) is Listed.BLOCK


async def test_what_has_expired_or_was_taken_off_counts_no_more(store: SqlStore, engine: AsyncEngine) -> None:
    book, tomorrow = RiskBook(engine), NOON + timedelta(days=1)
    block = await book.enlist(BY, ListName.BLOCK, ListedKind.CUSTOMER, CUSTOMER, reason="fraud", expires_at=tomorrow)
    assert await listed(store, tomorrow - timedelta(seconds=1)) is Listed.BLOCK
    assert await listed(store, tomorrow) is Listed.NONE
    await book.take_off(BY, block.entry_id, "a mistake")
    assert await listed(store) is Listed.NONE


def disputed(**changes: object) -> Chargeback:
    said = Chargeback(
        provider="stripe",
        dispute_id="du_1",
        payment_reference="ch_9",
        state=ChargebackState.OPEN,
        opened_at=NOON,
        as_of=NOON,
    )
    return said.model_copy(update=changes)


async def in_the_way(store: SqlStore, order_id: str = HERE) -> ChargebackState | None:
    async with store.begin() as unit:
        state = await unit.chargeback(order_id)
        assert await unit.chargeback_open(order_id) is (state is not None)
    return state


@pytest.mark.parametrize(
    ("about", "found"),
    [
        ({}, None),
        ({"payment_reference": "pi_1"}, ChargebackState.OPEN),
        ({"other_reference": "pi_1"}, ChargebackState.OPEN),
        ({"order_id": HERE}, ChargebackState.OPEN),
        ({"payment_reference": "pi_1", "provider": "alipay"}, None),
        ({"payment_reference": "pi_1", "state": ChargebackState.LOST}, ChargebackState.LOST),
        ({"payment_reference": "pi_1", "state": ChargebackState.WON}, None),
        ({"payment_reference": "pi_1", "state": ChargebackState.WITHDRAWN}, None),
    ],
)
async def test_a_chargeback_stands_in_the_way_of_the_orders_that_its_payment_paid(
    store: SqlStore, engine: AsyncEngine, about: dict[str, object], found: ChargebackState | None
) -> None:
    await RiskBook(engine).state_chargebacks(BY, [disputed(**about)], "the bank wrote")
    assert await in_the_way(store) is found


async def test_of_several_an_open_one_counts_before_a_lost_one(store: SqlStore, engine: AsyncEngine) -> None:
    lost = disputed(order_id=HERE, state=ChargebackState.LOST)
    await RiskBook(engine).state_chargebacks(BY, [lost, disputed(order_id=HERE, dispute_id="du_2")], "the bank wrote")
    assert await in_the_way(store) is ChargebackState.OPEN
