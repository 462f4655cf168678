"""Payments by hand are stored whole and changed only where they were filed."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import HandPaymentRow, HandPaymentState
from aftersales.contract.values import EvidenceRef, Movement, PayoutMethod
from storage.errors import RowMissingError
from storage.hand_payments import HandPayments
from storage.store import SqlStore
from tests.fakes import FakeClock
from tests.storage.builders import NOON, NUMBER, leg_row

PAYMENT = HandPaymentRow(
    provider_number=f"{NUMBER}-1-1",
    number=NUMBER,
    amount=leg_row().leg.amount,
    movement=Movement.PAYOUT,
    method=PayoutMethod.BANK_TRANSFER,
    payee="payee-1",
    destination="Bank account •••• 3000",
    filed_at=NOON,
    state=HandPaymentState.PAID,
    paid_by="finance-1",
    paid_at=NOON,
    reference="ICBC-1",
    evidence=(EvidenceRef(sha256="a" * 64, media_type="image/png", size_bytes=9),),
)


async def test_a_changed_payment_is_the_one_that_is_read(store: SqlStore, engine: AsyncEngine) -> None:
    by_hand = HandPayments(engine, FakeClock(NOON))
    await by_hand.refund(leg_row())
    async with store.begin() as unit:
        await unit.update_hand_payment(PAYMENT)
    async with store.begin() as unit:
        assert await unit.hand_payment(PAYMENT.provider_number) == PAYMENT


async def test_what_was_never_filed_is_none_and_cannot_be_changed(store: SqlStore) -> None:
    async with store.begin() as unit:
        assert await unit.hand_payment(PAYMENT.provider_number) is None
        with pytest.raises(RowMissingError, match=PAYMENT.provider_number):
            await unit.update_hand_payment(PAYMENT)
