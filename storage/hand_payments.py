"""Payments that a finance person makes, behind the port of the providers: filed, paid, confirmed by another one (P3.2).

For a destination or a payment that has no interface. What the two of finance say comes in as a message to the case
(`activities.by_hand`); here it is only read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

from sqlalchemy import and_, bindparam, exists, not_, select
from sqlalchemy.engine import MappingResult, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import Clock, Payee
from activities.rows import HandPaymentRow, HandPaymentState, LegRow
from activities.types import TO_BE_CONFIRMED, TO_BE_PAID, OutcomeKind, PaymentOutcome
from aftersales.contract.values import PayoutMethod
from domain.rails import BY_HAND
from storage.engine import Transactions, snapshots
from storage.rows.base import insert_if_new
from storage.rows.hand_payments import hand_payment_of, hand_payment_values
from storage.rows.risk import BLOCKING_OF_ORDER
from storage.tables import HAND_PAYMENTS, LEGS

TAKEN_BACK: Final = "taken_back"
IMPOSSIBLE: Final = "cannot_be_paid_by_hand"
LIMIT: Final = 200
_BY_NUMBER: Final = select(HAND_PAYMENTS).where(HAND_PAYMENTS.c.provider_number == bindparam("provider_number"))
_TAKEN_BACK: Final = and_(
    HAND_PAYMENTS.c.state == HandPaymentState.TO_PAY,
    exists().where(LEGS.c.provider_number == HAND_PAYMENTS.c.provider_number, LEGS.c.released),
)
_ENDED: Final = (HandPaymentState.CONFIRMED, HandPaymentState.IMPOSSIBLE)
_UNFINISHED: Final = (
    select(HAND_PAYMENTS)
    .where(HAND_PAYMENTS.c.state.not_in(_ENDED), not_(_TAKEN_BACK))
    .order_by(HAND_PAYMENTS.c.filed_at, HAND_PAYMENTS.c.provider_number)
    .limit(bindparam("limit"))
)


class HandPayments:
    """Implements `activities.ports.Payments`. A payment is `pending` until the second person has confirmed it,
    `needs_payee` once finance says that it cannot be made, and `rejected` if its leg was released before anybody had
    paid.

    A database that cannot be used raises as it does: the same number is filed again later, once.
    """

    provider: str = BY_HAND
    key_life_s: int = sys.maxsize

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._transactions = Transactions(engine)
        self._clock = clock

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """File a payment back to where the order's money came from, which `destination` names."""
        return await self._file(leg, None, leg.reference)

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        """File a payment to the customer's destination, by its token."""
        return await self._file(leg, payee.method, leg.leg.destination)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """`not_found` if it was never filed."""
        async with self._engine.connect() as connection:
            payment = (await _filed(connection, leg)).one_or_none()
        return PaymentOutcome(kind=OutcomeKind.NOT_FOUND) if payment is None else _outcome(payment, leg)

    async def _file(self, leg: LegRow, method: PayoutMethod | None, destination: str) -> PaymentOutcome:
        to_pay = HandPaymentRow(
            provider_number=leg.leg.provider_number,
            number=leg.number,
            amount=leg.leg.amount,
            movement=leg.leg.movement,
            method=method,
            payee=leg.payee,
            destination=destination,
            filed_at=self._clock.now(),
        )
        async with self._transactions.begin() as connection:
            await insert_if_new(connection, HAND_PAYMENTS, hand_payment_values(to_pay))
            filed = (await _filed(connection, leg)).one()
        return _outcome(filed, leg)


async def unfinished(engine: AsyncEngine, *, limit: int = LIMIT) -> tuple[HandPaymentRow, ...]:
    """Payments that wait for the first or the second person of finance, oldest first."""
    async with snapshots(engine).connect() as connection:
        rows = await connection.execute(_UNFINISHED, {"limit": limit})
        return tuple(hand_payment_of(row) for row in rows.mappings())


async def disputed(engine: AsyncEngine, payments: Iterable[HandPaymentRow]) -> frozenset[str]:
    """Our numbers of those that nobody has made yet and nobody may: a chargeback gives the customer the money back."""
    found = set()
    async with snapshots(engine).connect() as connection:
        for each in payments:
            order_id = select(LEGS.c.order_id).where(LEGS.c.provider_number == each.provider_number)
            of_order = {"order_id": (await connection.execute(order_id)).scalar_one_or_none()}
            to_pay = each.state is HandPaymentState.TO_PAY
            if to_pay and (await connection.execute(BLOCKING_OF_ORDER, of_order)).first() is not None:
                found.add(each.provider_number)
    return frozenset(found)


async def _filed(connection: AsyncConnection, leg: LegRow) -> MappingResult:
    """The one under the leg's number, or none."""
    return (await connection.execute(_BY_NUMBER, {"provider_number": leg.leg.provider_number})).mappings()


def _outcome(row: RowMapping, leg: LegRow) -> PaymentOutcome:
    payment = hand_payment_of(row)
    asked = (leg.number, leg.leg.amount, leg.leg.movement, leg.payee)
    if (payment.number, payment.amount, payment.movement, payment.payee) != asked:
        return PaymentOutcome(
            kind=OutcomeKind.CONFLICT,
            code="other_parameters",
            sentence=f"Another payment by hand is filed under the number {payment.provider_number}.",
        )
    if payment.state is HandPaymentState.CONFIRMED:
        return PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference=payment.reference)
    if payment.state is HandPaymentState.IMPOSSIBLE:
        sentence = "Finance cannot pay to this destination; nothing was paid."
        return PaymentOutcome(kind=OutcomeKind.NEEDS_PAYEE, code=IMPOSSIBLE, sentence=sentence, elsewhere=True)
    if payment.state is HandPaymentState.TO_PAY and leg.released:
        sentence = "This payment was taken back before anybody had made it."
        return PaymentOutcome(kind=OutcomeKind.REJECTED, code=TAKEN_BACK, sentence=sentence)
    if payment.state is HandPaymentState.PAID:
        sentence = "One person of finance has made this payment by hand; a second one is to confirm it."
        return PaymentOutcome(kind=OutcomeKind.PENDING, code=TO_BE_CONFIRMED, sentence=sentence)
    sentence = "Finance is to make this payment by hand, and a second person to confirm it."
    return PaymentOutcome(kind=OutcomeKind.PENDING, code=TO_BE_PAID, sentence=sentence)
