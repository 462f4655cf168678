"""Store credit and gift cards: a ledger of our own behind the port of the providers (P3.2; design: payments).

No money leaves. Value goes back on what the order was paid with, or on the customer's credit account; an entry is
found by our number for ever, so asking again with the same number changes nothing.
"""

from __future__ import annotations

import sys
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.engine import MappingResult, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import Clock, Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import Money, PayoutMethod
from domain.rails import GIFT_CARD, STORE_CREDIT
from storage.engine import Transactions
from storage.rows.base import insert_if_new
from storage.rows.orders import total
from storage.tables import STORED_VALUE_ENTRIES

_ENTRY: Final = STORED_VALUE_ENTRIES.c
_BY_NUMBER: Final = select(STORED_VALUE_ENTRIES).where(_ENTRY.provider_number == bindparam("provider_number"))
_BALANCE: Final = select(total(_ENTRY.amount_minor)).where(
    *(_ENTRY[name] == bindparam(name) for name in ("provider", "account", "currency"))
)
_SHOWN: Final = {STORE_CREDIT: STORE_CREDIT, GIFT_CARD: "•••• {end}"}
_END_SHOWN: Final = 4
"""Of a gift card's id, which whoever knows it may spend."""


class StoredValuePayments:
    """Implements `activities.ports.Payments` for `store_credit` or for `gift_card`.

    A leg's `reference` is the credit account or the card's id, a payee's `account` the credit account. A database that
    cannot be used raises as it does: whether the entry was made is unknown, and the same number is asked for again.
    """

    key_life_s: int = sys.maxsize

    def __init__(self, engine: AsyncEngine, provider: str, clock: Clock) -> None:
        self.provider = provider
        self._engine = engine
        self._transactions = Transactions(engine)
        self._clock = clock

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """Put value back on the account or card that the order was paid with."""
        return await self._enter(leg, leg.reference)

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        """Put value on the customer's credit account; a gift card is never a destination."""
        if self.provider != STORE_CREDIT or payee.method is not PayoutMethod.STORE_CREDIT:
            return PaymentOutcome(
                kind=OutcomeKind.REJECTED,
                code="not_offered",
                sentence=f"{self.provider} cannot pay out to {payee.method.value}; nothing was entered.",
            )
        return await self._enter(leg, payee.account)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """The entry under our number: `succeeded`, `not_found`, or `conflict` if it is about another amount."""
        async with self._engine.connect() as connection:
            entry = (await _entries(connection, leg)).one_or_none()
        if entry is None:
            return PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
        return self._outcome(entry, leg, entry["account"])

    async def balance(self, account: str, currency: str) -> Money:
        """What an account or card is worth: the sum of its entries."""
        key = {"provider": self.provider, "account": account, "currency": currency}
        async with self._engine.connect() as connection:
            minor = (await connection.execute(_BALANCE, key)).scalar_one()
        return Money(minor=minor, currency=currency)

    async def _enter(self, leg: LegRow, account: str) -> PaymentOutcome:
        if not account:
            return PaymentOutcome(
                kind=OutcomeKind.NEEDS_PAYEE,
                code="account_missing",
                sentence=f"The leg names no account of {self.provider}; nothing was entered.",
                elsewhere=True,
            )
        values = self._stated(leg, account) | {"entered_at": self._clock.now()}
        async with self._transactions.begin() as connection:
            await insert_if_new(connection, STORED_VALUE_ENTRIES, values)
            entry = (await _entries(connection, leg)).one()
        return self._outcome(entry, leg, account)

    def _stated(self, leg: LegRow, account: str) -> dict[str, Any]:
        return {
            "provider_number": leg.leg.provider_number,
            "number": leg.number,
            "provider": self.provider,
            "account": account,
            "movement": leg.leg.movement,
            "amount_minor": leg.leg.amount.minor,
            "currency": leg.leg.amount.currency,
        }

    def _outcome(self, entry: RowMapping, leg: LegRow, account: str) -> PaymentOutcome:
        if any(entry[name] != stated for name, stated in self._stated(leg, account).items()):
            return PaymentOutcome(
                kind=OutcomeKind.CONFLICT,
                code="other_parameters",
                sentence=f"The number {leg.leg.provider_number} stands for another entry of stored value.",
            )
        return PaymentOutcome(
            kind=OutcomeKind.SUCCEEDED,
            provider_reference=leg.leg.provider_number,
            destination=_SHOWN[self.provider].format(end=account[-_END_SHOWN:]),
        )


async def _entries(connection: AsyncConnection, leg: LegRow) -> MappingResult:
    """The one under the leg's number, or none."""
    return (await connection.execute(_BY_NUMBER, {"provider_number": leg.leg.provider_number})).mappings()
