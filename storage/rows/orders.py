"""The order with what cases took of it, its row locked (design: money, rule 7)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, ScalarSelect, and_, bindparam, case, cast, exists, func, or_, select

from activities.rows import Account, Order, OrderLine, Tender
from aftersales.contract.values import CaseStatus, LegState, Movement
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SETTLEMENT_PREFIXES
from domain.breakdown import NOTHING_TAKEN, Taken, taken_by
from storage.rows.base import Rows
from storage.tables import ACCOUNTS, CASE_UNITS, CASES, LEDGER, LEGS, ORDER_LINES, ORDERS, SHIPPING_LINE, TENDERS

NOT_RESERVED: Final = (LegState.SUCCEEDED, LegState.FAILED, LegState.REVERSED)
"""Legs in these states hold no reservation: the ledger speaks for them, or nothing was moved."""

UNDECIDED: Final = frozenset(
    {
        CaseStatus.RECEIVED,
        CaseStatus.ASSESSING,
        CaseStatus.NEEDS_EVIDENCE,
        CaseStatus.UNDER_REVIEW,
        CaseStatus.AWAITING_CUSTOMER,
    }
)
"""Statuses of a case that may hold units although nobody granted it anything yet."""


def total(amount: ColumnElement[int]) -> ColumnElement[int]:
    """A sum that is zero over no rows and an integer on both databases (PostgreSQL sums bigint to numeric)."""
    return cast(func.coalesce(func.sum(amount), 0), BigInteger)


def paid_out() -> ColumnElement[int]:
    """Of one ledger row: what settled a debt to the customer, negative when it came back, else zero.

    A fee or a write-off moves a settlement account, too, and refunds nothing.
    """
    debit, credit = LEDGER.c.debit, LEDGER.c.credit
    return case(
        (and_(debit == CUSTOMER_REFUNDS_PAYABLE, _settles(credit)), LEDGER.c.amount_minor),
        (and_(credit == CUSTOMER_REFUNDS_PAYABLE, _settles(debit)), -LEDGER.c.amount_minor),
        else_=0,
    )


def _settles(account: ColumnElement[str]) -> ColumnElement[bool]:
    return or_(*(account.startswith(prefix) for prefix in SETTLEMENT_PREFIXES))


def _units_taken() -> ScalarSelect[int]:
    of_line = (CASE_UNITS.c.order_id == ORDER_LINES.c.order_id, CASE_UNITS.c.line_id == ORDER_LINES.c.line_id)
    return (
        select(total(CASE_UNITS.c.quantity))
        .where(*of_line, CASE_UNITS.c.number != bindparam("besides"))
        .scalar_subquery()
    )


def _shipping_taken() -> ColumnElement[bool]:
    return exists().where(
        CASE_UNITS.c.order_id == bindparam("order_id"),
        CASE_UNITS.c.line_id == SHIPPING_LINE,
        CASE_UNITS.c.number != bindparam("besides"),
    )


def _refunded() -> ScalarSelect[int]:
    of_tender = (LEDGER.c.order_id == TENDERS.c.order_id, LEDGER.c.tender_id == TENDERS.c.tender_id)
    return select(total(paid_out())).where(*of_tender).scalar_subquery()


def _reserved() -> ScalarSelect[int]:
    return (
        select(total(LEGS.c.amount_minor))
        .where(
            LEGS.c.order_id == TENDERS.c.order_id,
            LEGS.c.tender_id == TENDERS.c.tender_id,
            LEGS.c.state.not_in(NOT_RESERVED),
        )
        .scalar_subquery()
    )


def _parts() -> ScalarSelect[int]:
    """Refunds that its provider was, or is to be, asked for; a failed one is none."""
    return (
        select(func.count())
        .select_from(LEGS)
        .where(
            LEGS.c.order_id == TENDERS.c.order_id,
            LEGS.c.tender_id == TENDERS.c.tender_id,
            LEGS.c.movement == Movement.REFUND,
            LEGS.c.state != LegState.FAILED,
        )
        .scalar_subquery()
    )


_LOCKED_ORDER = (
    select(ORDERS, *(column.label(f"account_{column.name}") for column in ACCOUNTS.c))
    .join(ACCOUNTS, ACCOUNTS.c.customer_id == ORDERS.c.customer_id)
    .where(ORDERS.c.order_id == bindparam("order_id"))
    .with_for_update(of=ORDERS)
)
_LINES = (
    select(ORDER_LINES, _units_taken().label("taken_units"), _shipping_taken().label("shipping_taken"))
    .where(ORDER_LINES.c.order_id == bindparam("order_id"))
    .order_by(ORDER_LINES.c.position)
)
_HOLDING = select(CASE_UNITS.c.number).where(
    CASE_UNITS.c.order_id == bindparam("order_id"), CASE_UNITS.c.number != bindparam("besides")
)
_BREAK_DOWNS = (
    select(CASES.c.status, CASES.c.break_down)
    .where(CASES.c.number.in_(_HOLDING), CASES.c.break_down.is_not(None))
    .order_by(CASES.c.opened_at, CASES.c.number)
)
_TENDERS = (
    select(TENDERS, (_refunded() + _reserved()).label("taken_minor"), _parts().label("parts"))
    .where(TENDERS.c.order_id == bindparam("order_id"))
    .order_by(TENDERS.c.position)
)


_BUYER = (
    select(ACCOUNTS)
    .join(ORDERS, ORDERS.c.customer_id == ACCOUNTS.c.customer_id)
    .where(ORDERS.c.order_id == bindparam("order_id"))
)


class OrderRows(Rows):
    """See `activities.ports.Unit`."""

    async def buyer(self, order_id: str) -> Account | None:
        row = (await self._connection.execute(_BUYER, {"order_id": order_id})).mappings().one_or_none()
        return None if row is None else Account(**row)

    async def order(self, order_id: str, besides: str = "") -> Order | None:
        """The lock comes first: what others took is read by later statements, which see what they committed."""
        key = {"order_id": order_id}
        found = (await self._connection.execute(_LOCKED_ORDER, key)).mappings().one_or_none()
        if found is None:
            return None
        lines = (await self._connection.execute(_LINES, key | {"besides": besides})).mappings().all()
        tenders = (await self._connection.execute(_TENDERS, key)).mappings().all()
        held = any(line["taken_units"] for line in lines)  # of most orders nobody holds anything
        facts: dict[str, Any] = dict(found)
        return Order(
            **facts,
            account=Account(**{column.name: found[f"account_{column.name}"] for column in ACCOUNTS.c}),
            lines=tuple(OrderLine(**line) for line in lines),
            shipping_taken=any(line["shipping_taken"] for line in lines),
            tenders=tuple(Tender(**tender) for tender in tenders),
            taken=await self._taken(order_id, besides) if held else NOTHING_TAKEN,
        )

    async def _taken(self, order_id: str, besides: str) -> Taken:
        """By the break-downs of the cases that hold units of the order; who let go of them holds nothing."""
        rows = (await self._connection.execute(_BREAK_DOWNS, {"order_id": order_id, "besides": besides})).all()
        return taken_by(
            granted=[row.break_down for row in rows if row.status not in UNDECIDED],
            proposed=[row.break_down for row in rows if row.status in UNDECIDED],
        )
