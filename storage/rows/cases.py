"""The case row, the units it holds, and the legs of its payment."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.engine import RowMapping

from activities.rows import CaseRow, LegRow, SendingTerms
from activities.types import Leg
from aftersales.contract.messages import Item
from aftersales.contract.values import LegState, Money, Movement
from storage.errors import RowMissingError
from storage.rows.base import Rows, update_row
from storage.tables import CASE_UNITS, CASES, LEGS, ORDERS, SHIPPING_LINE

_CASE = select(CASES).where(CASES.c.number == bindparam("number")).with_for_update()
_INSERT_CASE = insert(CASES)
_HOLD_UNITS = insert(CASE_UNITS)
_RELEASE_UNITS = delete(CASE_UNITS).where(CASE_UNITS.c.number == bindparam("number"))
_LEGS = select(LEGS).where(LEGS.c.number == bindparam("number")).order_by(LEGS.c.leg, LEGS.c.attempt)
_INSERT_LEG = insert(LEGS)
_LOCK_ORDER = select(ORDERS.c.bought_at).where(ORDERS.c.order_id == bindparam("order_id")).with_for_update()
_OTHER_PARTS = select(func.count().label("parts"), func.max(LEGS.c.sent_at).label("last_sent_at")).where(
    LEGS.c.provider == bindparam("provider"),
    LEGS.c.reference == bindparam("reference"),
    LEGS.c.movement == Movement.REFUND,
    LEGS.c.provider_number != bindparam("number"),
    LEGS.c.state != LegState.FAILED,
    LEGS.c.sent_at.is_not(None),
)


def case_values(case: CaseRow) -> dict[str, Any]:
    """A case as a row: its amount in two columns, and what lists filter by copied out of the application."""
    application = case.start.application
    values = dict(case) | {
        "order_id": application.order_id,
        "customer_id": application.customer_id,
        "kind": application.kind,
        "reason": application.reason,
        "channel": application.channel,
        "amount_minor": case.amount.minor if case.amount else None,
        "currency": case.amount.currency if case.amount else None,
    }
    del values["amount"]
    return values


def case_of(row: RowMapping) -> CaseRow:
    """The case of a row of `cases`."""
    amount = None if row["amount_minor"] is None else money_of(row)
    return CaseRow(**row, amount=amount)


def leg_values(row: LegRow) -> dict[str, Any]:
    """A leg as one flat row."""
    values = dict(row.leg) | dict(row)
    amount: Money = values.pop("amount")
    return values | {"leg": row.leg.leg, "amount_minor": amount.minor, "currency": amount.currency}


def leg_of(row: RowMapping) -> LegRow:
    """The leg of a row of `legs`."""
    facts: dict[str, Any] = dict(row)
    return LegRow(**facts | {"leg": Leg(**facts, amount=money_of(row))})


def money_of(row: RowMapping) -> Money:
    return Money(minor=row["amount_minor"], currency=row["currency"])


class CaseRows(Rows):
    """See `activities.ports.Unit`."""

    async def insert_case(self, case: CaseRow) -> None:
        await self._connection.execute(_INSERT_CASE, case_values(case))

    async def case(self, number: str) -> CaseRow | None:
        row = (await self._connection.execute(_CASE, {"number": number})).mappings().one_or_none()
        return None if row is None else case_of(row)

    async def update_case(self, case: CaseRow) -> None:
        """Raises `RowMissingError`."""
        if not await update_row(self._connection, CASES, case_values(case)):
            raise RowMissingError(f"Case {case.number}")

    async def hold_units(self, number: str, order_id: str, items: tuple[Item, ...], shipping: bool) -> None:
        held = [(item.line_id, item.quantity) for item in items] + [(SHIPPING_LINE, 1)] * shipping
        await self.release_units(number)
        if held:
            rows = [
                {"number": number, "order_id": order_id, "line_id": line_id, "quantity": quantity}
                for line_id, quantity in held
            ]
            await self._connection.execute(_HOLD_UNITS, rows)

    async def release_units(self, number: str) -> None:
        await self._connection.execute(_RELEASE_UNITS, {"number": number})


class LegRows(Rows):
    """See `activities.ports.Unit`."""

    async def insert_leg(self, leg: LegRow) -> None:
        await self._connection.execute(_INSERT_LEG, leg_values(leg))

    async def legs(self, number: str) -> tuple[LegRow, ...]:
        rows = await self._connection.execute(_LEGS, {"number": number})
        return tuple(leg_of(row) for row in rows.mappings())

    async def sending_terms(self, leg: LegRow) -> SendingTerms:
        """Raises `RowMissingError`."""
        order = (await self._connection.execute(_LOCK_ORDER, {"order_id": leg.order_id})).one_or_none()
        if order is None:
            raise RowMissingError(f"Order {leg.order_id}")
        of_leg = {"provider": leg.leg.provider, "reference": leg.reference, "number": leg.leg.provider_number}
        others = (await self._connection.execute(_OTHER_PARTS, of_leg)).one()
        return SendingTerms(bought_at=order.bought_at, parts=others.parts, last_sent_at=others.last_sent_at)

    async def update_leg(self, leg: LegRow) -> None:
        """Raises `RowMissingError`."""
        if not await update_row(self._connection, LEGS, leg_values(leg)):
            raise RowMissingError(f"Leg {leg.leg.leg}, attempt {leg.leg.attempt}, of case {leg.number}")
