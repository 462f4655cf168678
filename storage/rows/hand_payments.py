"""Payments by hand, as the step that hears of them reads and writes them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import RowMapping

from activities.rows import HandPaymentRow
from aftersales.contract.values import Money
from storage.errors import RowMissingError
from storage.rows.base import Rows, update_row
from storage.rows.cases import money_of
from storage.tables import HAND_PAYMENTS

_PAYMENT = (
    select(HAND_PAYMENTS).where(HAND_PAYMENTS.c.provider_number == bindparam("provider_number")).with_for_update()
)


def hand_payment_values(payment: HandPaymentRow) -> dict[str, Any]:
    """A payment as one flat row."""
    values = dict(payment)
    amount: Money = values.pop("amount")
    return values | {"amount_minor": amount.minor, "currency": amount.currency}


def hand_payment_of(row: RowMapping) -> HandPaymentRow:
    """The payment of a row of `hand_payments`."""
    return HandPaymentRow(**row, amount=money_of(row))


class HandPaymentRows(Rows):
    """See `activities.ports.Unit`."""

    async def hand_payment(self, provider_number: str) -> HandPaymentRow | None:
        key = {"provider_number": provider_number}
        row = (await self._connection.execute(_PAYMENT, key)).mappings().one_or_none()
        return None if row is None else hand_payment_of(row)

    async def update_hand_payment(self, payment: HandPaymentRow) -> None:
        """Raises `RowMissingError`."""
        if not await update_row(self._connection, HAND_PAYMENTS, hand_payment_values(payment)):
            raise RowMissingError(f"Payment by hand {payment.provider_number}")
