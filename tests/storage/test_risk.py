"""Lists, chargebacks and marks as people keep them: nothing is lost, and each act is in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import AuditEntry
from domain.chargebacks import Chargeback, ChargebackState
from domain.listing import ListedKind, ListEntry, ListName, Mark
from domain.orders import OrderRecord
from storage.errors import RowMissingError
from storage.risk import Attempt, Keeper, RiskBook, listed_facts
from storage.store import SqlStore
from tests.storage.builders import NOON, NUMBER, case_row

BY = Keeper(NOON, "cli", "finance-1", "finance")
DAY = timedelta(days=1)


@pytest.fixture
def book(engine: AsyncEngine) -> RiskBook:
    return RiskBook(engine)


async def block(book: RiskBook, value: str = "customer-1", kind: ListedKind = ListedKind.CUSTOMER) -> ListEntry:
    return await book.enlist(BY, ListName.BLOCK, kind, value, reason="three empty boxes", expires_at=NOON + DAY)


def disputed(dispute_id: str = "du_1", after_s: int = 0, **changes: object) -> Chargeback:
    said = Chargeback(
        provider="stripe",
        dispute_id=dispute_id,
        payment_reference="pi_1",
        state=ChargebackState.OPEN,
        opened_at=NOON,
        as_of=NOON + timedelta(seconds=after_s),
    )
    return said.model_copy(update=changes)


async def log(store: SqlStore, number: str = "risk") -> Sequence[AuditEntry]:
    async with store.begin() as unit:
        return await unit.log(number)


async def test_what_is_taken_off_a_list_is_kept_with_who_did_it(book: RiskBook) -> None:
    entry = await block(book)
    assert await book.entries(NOON, limit=9) == (entry,)
    removed = await book.take_off(BY, entry.entry_id, "a mistake")
    assert removed is not None
    assert (removed.removed_by, removed.removed_at) == ("finance-1", NOON)
    assert await book.entries(NOON, limit=9) == ()
    assert await book.entries(limit=9) == (removed,)


async def test_what_is_off_the_list_cannot_be_taken_off_again(book: RiskBook, store: SqlStore) -> None:
    entry = await block(book)
    await book.take_off(BY, entry.entry_id, "a mistake")
    assert await book.take_off(BY, entry.entry_id, "a mistake") is None
    assert await book.take_off(BY, "nothing", "a mistake") is None
    assert [each.action for each in await log(store)] == ["listed_block", "taken_off_list"]


async def test_the_log_says_who_listed_whom_and_why(book: RiskBook, store: SqlStore) -> None:
    entry = await block(book)
    (told,) = await log(store)
    assert (told.actor, told.role, told.channel, told.why) == ("finance-1", "finance", "cli", "three empty boxes")
    assert told.facts == f'{{"customer": "customer-1", "entry": "{entry.entry_id}", "kind": "customer"}}'


async def test_a_fingerprint_stays_out_of_the_log(book: RiskBook, store: SqlStore) -> None:
    await block(book, "fp-secret", ListedKind.PAYMENT)
    assert "fp-secret" not in "".join(each.model_dump_json() for each in await log(store))


async def test_a_refused_act_is_in_the_log_with_who_wanted_what_and_why_not(book: RiskBook, store: SqlStore) -> None:
    attempt = Attempt("listed_allow", listed_facts(ListedKind.CUSTOMER, "customer-1"), "a friend of mine")
    await book.refuse(Keeper(NOON, "staff", "wang", "agent"), attempt, "role_not_allowed")
    (told,) = await log(store)
    assert (told.actor, told.role, told.channel) == ("wang", "agent", "staff")
    assert (told.action, told.before, told.reason) == ("refused", "listed_allow", "role_not_allowed")
    assert (told.facts, told.why) == ('{"customer": "customer-1", "kind": "customer"}', "a friend of mine")
    assert await book.entries(limit=9) == ()


async def test_of_an_order_all_lines_about_customer_payment_and_address_are_found(
    book: RiskBook, stored_order: OrderRecord
) -> None:
    mine = await block(book)
    await block(book, "somebody-else")
    assert await book.entries_about(stored_order.order_id, "customer-1") == (mine,)


async def test_a_dispute_is_one_row_that_follows_the_last_word(book: RiskBook, store: SqlStore) -> None:
    won = disputed(after_s=20, state=ChargebackState.WON, closed_at=NOON)
    for news in (disputed(), won, disputed(after_s=10), won):
        await book.state_chargebacks(BY, [news], "the bank wrote")
    assert await book.chargebacks(limit=9) == (won,)
    assert [(each.before, each.after, each.reason) for each in await log(store)] == [
        ("", "open", "stripe du_1"),
        ("open", "won", "stripe du_1"),
    ]


async def test_news_of_one_dispute_that_come_at_once_leave_the_last_word(book: RiskBook) -> None:
    news = [disputed(after_s=n, state=ChargebackState.WON if n == 5 else ChargebackState.OPEN) for n in range(6)]
    await asyncio.gather(*(book.state_chargebacks(BY, [each], "all at once") for each in news))
    (row,) = await book.chargebacks(limit=9)
    assert (row.state, row.as_of) == (ChargebackState.WON, NOON + timedelta(seconds=5))


async def test_groups_of_disputes_that_cross_are_all_written(book: RiskBook) -> None:
    group = [disputed(f"du_{n}") for n in range(5)]
    await asyncio.gather(*(book.state_chargebacks(BY, each, "") for each in (group, group[::-1], group[2:])))
    assert {each.dispute_id for each in await book.chargebacks(limit=9)} == {f"du_{n}" for n in range(5)}


async def test_an_order_that_is_not_there_cannot_be_disputed_and_nothing_is_written(book: RiskBook) -> None:
    with pytest.raises(RowMissingError, match="SO-404"):
        await book.state_chargebacks(BY, [disputed("du_2"), disputed(order_id="SO-404")], "mistyped")
    assert await book.chargebacks(limit=9) == ()


async def test_the_disputes_of_an_order_are_those_of_its_payments_and_those_that_name_it(
    book: RiskBook, stored_order: OrderRecord
) -> None:
    named = disputed("du_2", payment_reference="", order_id=stored_order.order_id)
    await book.state_chargebacks(BY, [disputed(), named, disputed("du_3", payment_reference="pi_9")], "")
    assert {each.dispute_id for each in await book.chargebacks_of(stored_order.order_id)} == {"du_1", "du_2"}


async def test_a_mark_stands_in_the_cases_own_log(book: RiskBook, store: SqlStore) -> None:
    async with store.begin() as unit:
        await unit.insert_case(case_row())
    await book.mark(BY, NUMBER, Mark.EMPTY_BOX)
    assert [(each.action, each.after) for each in await log(store, NUMBER)] == [("marked", "empty_box")]


async def test_a_case_that_is_not_there_bears_no_mark(book: RiskBook) -> None:
    with pytest.raises(RowMissingError):
        await book.mark(BY, NUMBER, Mark.EMPTY_BOX)
