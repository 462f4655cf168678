"""When the sandbox's bank books: at once, after its cut-off on the next day, after a weekend on Monday."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.bank.calendar import due_at
from sandbox.bank.settings import BankTerms
from tests.sandbox.bank import NUMBER, Bank, bank_of
from tests.sandbox.servers import Box


@pytest.fixture
async def bank(box: Box) -> Bank:
    return await bank_of(box)


@pytest.mark.parametrize(
    ("terms", "now", "due"),
    [
        ({}, "2026-11-21T23:59", "2026-11-21T23:59"),
        ({"cut_off_hour": 15}, "2026-11-20T14:59", "2026-11-20T14:59"),
        ({"cut_off_hour": 15}, "2026-11-20T15:00", "2026-11-21T08:00"),
        ({"cut_off_hour": 15, "closed_weekends": True}, "2026-11-20T15:00", "2026-11-23T08:00"),
        ({"closed_weekends": True}, "2026-11-20T23:59", "2026-11-20T23:59"),
        ({"closed_weekends": True}, "2026-11-21T00:00", "2026-11-23T08:00"),
        ({"closed_weekends": True}, "2026-11-22T12:00", "2026-11-23T08:00"),
        ({"cut_off_hour": 0}, "2026-12-31T00:00", "2027-01-01T08:00"),
    ],
)
def test_an_order_is_booked_on_the_banks_next_working_day(terms: dict[str, int | bool], now: str, due: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    booked = due_at(moment.timestamp(), BankTerms.model_validate(terms))
    assert datetime.fromtimestamp(booked, UTC) == datetime.fromisoformat(due).replace(tzinfo=UTC)


async def test_an_order_after_the_cut_off_waits_for_the_clock_and_then_books_itself(bank: Bank) -> None:
    await bank.terms(cut_off_hour=15, closed_weekends=True)
    await bank.set_clock("2026-11-20T16:00:00+00:00")
    await bank.order()
    assert (await bank.found())["status"] == "PDNG"
    await bank.set_clock("2026-11-22T16:00:00+00:00")
    assert (await bank.found())["status"] == "PDNG"
    await bank.set_clock("2026-11-23T08:00:01+00:00")
    payout = await bank.found()
    assert (payout["status"], payout["booked_at"][:13]) == ("ACSC", "2026-11-23T08")


async def test_a_payout_that_waits_for_its_day_binds_the_balance_and_counts(bank: Bank) -> None:
    await bank.box.admin.put("/admin/balance", json={"provider": "bank", "currency": "eur", "amount": 1_050})
    await bank.terms(cut_off_hour=0)
    await bank.order()
    assert (await bank.order(end_to_end_id="another")).json()["error"]["code"] == "AM04"
    assert await bank.box.executions(NUMBER) == 1


async def test_a_payout_that_is_moved_by_hand_no_longer_waits_for_its_day(bank: Bank) -> None:
    await bank.terms(cut_off_hour=0)
    await bank.order()
    await bank.move("advance", to="ACSP")
    await bank.box.advance(5 * 86_400)
    assert (await bank.found())["status"] == "ACSP"


async def test_looking_at_all_payouts_books_what_is_due(bank: Bank) -> None:
    await bank.terms(cut_off_hour=0)
    await bank.order()
    await bank.box.advance(5 * 86_400)
    [payout] = (await bank.box.admin.get("/admin/bank/payouts")).json()["payouts"]
    assert payout["status"] == "ACSC"


async def test_terms_that_are_not_named_stay(bank: Bank) -> None:
    await bank.terms(cut_off_hour=15)
    await bank.terms(charge_minor=35)
    terms = (await bank.box.admin.get("/admin/bank/terms")).json()
    assert (terms["cut_off_hour"], terms["charge_minor"]) == (15, 35)


@pytest.mark.parametrize("wrong", [{"cut_off_hour": 25}, {"charge_minor": -1}, {"webhook_url": "ftp://x"}, {"fees": 1}])
async def test_terms_that_no_bank_has_are_refused(bank: Bank, wrong: dict[str, object]) -> None:
    assert (await bank.box.admin.put("/admin/bank/terms", json=wrong)).status_code == 422
