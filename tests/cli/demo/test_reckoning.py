"""The reckoning finds what does not add up: it is the demo's last word, so it must be able to say no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx2
import pytest

from activities.rows import LegRow, Posting
from activities.types import Leg
from aftersales.contract.values import CaseStatus, LegState, Money
from cli.demo.reckoning import Reckoning, reckon
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, clearing
from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from storage.reading import CaseRecord
from tests.storage.builders import NUMBER, case_row

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PAID = Money(minor=1_000, currency="USD")


@pytest.fixture
async def sandbox() -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(SandboxSettings())
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://sandbox/admin") as admin:
        await admin.post("/stripe/payments", json={"charge": "ch_1", "amount": 5_000, "currency": "usd"})
        yield admin


async def refund(sandbox: httpx2.AsyncClient, leg: str, key: str) -> None:
    answer = await sandbox.post(
        "http://sandbox/v1/refunds",
        data={"charge": "ch_1", "amount": "1000", "metadata[leg]": leg},
        headers={"authorization": "Bearer sk_test_sandbox", "idempotency-key": key},
    )
    answer.raise_for_status()


def record(*, posted_minor: int = 1_000) -> CaseRecord:
    leg = Leg(leg=1, attempt=1, provider="stripe", provider_number="N-1-1", amount=PAID, state=LegState.SUCCEEDED)
    row = LegRow(number=NUMBER, order_id="o", tender_id="t", reference="ch_1", leg=leg)
    posting = Posting(
        posting_id="p",
        number=NUMBER,
        order_id="o",
        tender_id="t",
        provider_number="N-1-1",
        debit=CUSTOMER_REFUNDS_PAYABLE,
        credit=clearing("stripe"),
        amount=Money(minor=posted_minor, currency="USD"),
        posted_at=NOON,
    )
    case = case_row(status=CaseStatus.REFUNDED, amount=PAID)
    return CaseRecord(case=case, legs=(row,), messages=(), mails=(), audit=(), ledger=(posting,))


async def test_three_equal_sums_agree(sandbox: httpx2.AsyncClient) -> None:
    await refund(sandbox, "N-1-1", "k1")
    assert (await reckon([record()], sandbox)).agrees


async def test_a_leg_executed_twice_is_named(sandbox: httpx2.AsyncClient) -> None:
    await refund(sandbox, "N-1-1", "k1")
    await refund(sandbox, "N-1-1", "k2")
    reckoning = await reckon([record()], sandbox)
    assert reckoning.twice == ("N-1-1",)
    assert not reckoning.agrees


async def test_money_that_never_left_is_found(sandbox: httpx2.AsyncClient) -> None:
    assert not (await reckon([record()], sandbox)).agrees


async def test_a_ledger_that_says_another_amount_is_found(sandbox: httpx2.AsyncClient) -> None:
    await refund(sandbox, "N-1-1", "k1")
    assert not (await reckon([record(posted_minor=999)], sandbox)).agrees


def test_the_table_shows_each_currency_once() -> None:
    reckoning = Reckoning(cases={"USD": 1}, ledger={"USD": 1, "CNY": 2}, provider={}, twice=())
    assert reckoning.table().row_count == 3
