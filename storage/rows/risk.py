"""What was seen of a customer, a payment and an address besides the case at hand (P6.1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    JSON,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    distinct,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.engine import RowMapping

from activities.precautions import CustomerHistory
from activities.rulings import Listed
from aftersales.contract.values import CaseKind, CaseStatus, ErrorCode, Money, Reason
from domain.chargebacks import BLOCKING, Chargeback, ChargebackState
from domain.listing import ListedKind, ListEntry, ListName, Mark
from storage.errors import RowMissingError
from storage.rows.base import Rows
from storage.rows.orders import total
from storage.tables import CASE_MARKS, CASES, CHARGEBACKS, LIST_ENTRIES, ORDERS, TENDERS

VELOCITY_DAYS: Final = 30
_REFUNDED: Final = (CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED)
_THEIR_ORDERS: Final = ORDERS.alias("their_orders")
_AT_HAND: Final = ORDERS.alias("at_hand")
_CURRENCY: Final = select(_AT_HAND.c.currency).where(_AT_HAND.c.order_id == bindparam("order_id")).scalar_subquery()
_OF_CUSTOMER: Final = and_(CASES.c.customer_id == bindparam("customer_id"), CASES.c.number != bindparam("besides"))
_OF_LATE: Final = and_(CASES.c.opened_at > bindparam("since"), CASES.c.number != bindparam("besides"))


def _alike(name: str) -> ScalarSelect[int]:
    """Cases of late about orders that share with the order at hand what the column says, if it says anything."""
    others = ORDERS.alias(f"by_{name}")
    return (
        select(func.count())
        .select_from(CASES.join(others, others.c.order_id == CASES.c.order_id))
        .where(others.c[name] == ORDERS.c[name], ORDERS.c[name] != "", _OF_LATE)
        .scalar_subquery()
    )


def _counted(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return total(case((and_(*conditions), 1), else_=0))


@cache
def history_statement(dialect: str) -> Select[Any]:
    refunded = CASES.c.status.in_(_REFUNDED)
    their_cases = (
        select(
            _counted(CASES.c.opened_at > bindparam("since")).label("by_customer"),
            func.count(distinct(case((refunded, CASES.c.order_id)))).label("refunded_orders"),
            _counted(refunded, CASES.c.kind == CaseKind.REFUND_ONLY, _kept(dialect)).label("keep_items"),
            _counted(CASES.c.reason == Reason.NOT_RECEIVED).label("not_received"),
            total(case((and_(refunded, CASES.c.currency == _CURRENCY), CASES.c.amount_minor), else_=0)).label(
                "refunded_minor"
            ),
        )
        .where(_OF_CUSTOMER)
        .subquery()
    )
    orders = select(func.count()).where(_THEIR_ORDERS.c.customer_id == bindparam("customer_id"))
    return (
        select(
            their_cases,
            orders.scalar_subquery().label("orders"),
            _EMPTY_BOXES.label("empty_boxes"),
            _alike("payment_fingerprint").label("by_payment"),
            _alike("address_hash").label("by_address"),
        )
        .join_from(ORDERS, their_cases, true())
        .where(ORDERS.c.order_id == bindparam("order_id"))
    )


def _kept(dialect: str) -> ColumnElement[bool]:
    """Refunded goods that stayed with the customer: they came, and were not given back.

    What the customer declared is in the application's JSON, which the two databases spell each in its own way.
    """
    came = CASES.c.reason != Reason.NOT_RECEIVED
    if dialect == "sqlite":
        return and_(came, func.json_extract(CASES.c.start, "$.application.goods_back") == 0)
    return and_(came, cast(CASES.c.start, JSON)[("application", "goods_back")].as_boolean().is_(False))


_EMPTY_BOXES: Final = (
    select(func.count())
    .select_from(CASE_MARKS.join(CASES, CASES.c.number == CASE_MARKS.c.number))
    .where(_OF_CUSTOMER, CASE_MARKS.c.mark == Mark.EMPTY_BOX)
    .scalar_subquery()
)


_GUESSES: Final = (
    select(func.count())
    .select_from(CASES)
    .where(
        CASES.c.order_id == bindparam("order_id"),
        or_(CASES.c.status == CaseStatus.RECEIVED, CASES.c.reason_code == ErrorCode.ORDER_UNKNOWN),
        _OF_LATE,
    )
)


def _of_order(column: ColumnElement[str]) -> ScalarSelect[str]:
    return select(column).where(ORDERS.c.order_id == bindparam("order_id")).scalar_subquery()


LISTED_OF_ORDER: Final = select(LIST_ENTRIES.c.listing).where(
    LIST_ENTRIES.c.removed_at.is_(None),
    or_(LIST_ENTRIES.c.expires_at.is_(None), LIST_ENTRIES.c.expires_at > bindparam("at")),
    or_(
        and_(LIST_ENTRIES.c.kind == ListedKind.CUSTOMER, LIST_ENTRIES.c.value == bindparam("customer_id")),
        and_(
            LIST_ENTRIES.c.kind == ListedKind.PAYMENT, LIST_ENTRIES.c.value == _of_order(ORDERS.c.payment_fingerprint)
        ),
        and_(LIST_ENTRIES.c.kind == ListedKind.ADDRESS, LIST_ENTRIES.c.value == _of_order(ORDERS.c.address_hash)),
    ),
)


def of_order() -> CompoundSelect[Any]:
    """Keys of the chargebacks of `:order_id`: of the order by name, or of a payment that it was paid by."""
    key, tenders = (CHARGEBACKS.c.provider, CHARGEBACKS.c.dispute_id), TENDERS.c
    by_payment = [
        select(*key)
        .join_from(
            TENDERS, CHARGEBACKS, and_(tenders.provider == CHARGEBACKS.c.provider, tenders.reference == reference)
        )
        .where(tenders.order_id == bindparam("order_id"))
        for reference in (CHARGEBACKS.c.payment_reference, CHARGEBACKS.c.other_reference)
    ]
    return union(select(*key).where(CHARGEBACKS.c.order_id == bindparam("order_id")), *by_payment)


def _blocking() -> Select[Any]:
    found = of_order().subquery()
    same = and_(found.c.provider == CHARGEBACKS.c.provider, found.c.dispute_id == CHARGEBACKS.c.dispute_id)
    return select(CHARGEBACKS.c.state).join_from(found, CHARGEBACKS, same).where(CHARGEBACKS.c.state.in_(BLOCKING))


BLOCKING_OF_ORDER: Final = _blocking()


def chargeback_values(chargeback: Chargeback) -> dict[str, Any]:
    """A chargeback as a row."""
    values = dict(chargeback)
    amount: Money | None = values.pop("amount")
    return values | {"amount_minor": amount and amount.minor, "currency": amount and amount.currency}


def chargeback_of(row: RowMapping) -> Chargeback:
    """The chargeback of a row of `chargebacks`."""
    amount = None if row["amount_minor"] is None else Money(minor=row["amount_minor"], currency=row["currency"])
    return Chargeback(**row, amount=amount)


def list_entry_of(row: RowMapping) -> ListEntry:
    """The line of a row of `list_entries`."""
    return ListEntry(**row)


class RiskRows(Rows):
    """See `activities.ports.Unit`."""

    async def history(self, order_id: str, customer_id: str, at: datetime, besides: str) -> CustomerHistory:
        """Raises `RowMissingError`."""
        asked = {
            "order_id": order_id,
            "customer_id": customer_id,
            "since": at - timedelta(days=VELOCITY_DAYS),
            "besides": besides,
        }
        statement = history_statement(self._connection.dialect.name)
        row = (await self._connection.execute(statement, asked)).mappings().one_or_none()
        if row is None:
            raise RowMissingError(f"Order {order_id}")
        return CustomerHistory(**row, days=VELOCITY_DAYS)

    async def listed(self, order_id: str, customer_id: str, at: datetime) -> Listed:
        asked = {"order_id": order_id, "customer_id": customer_id, "at": at}
        found = set((await self._connection.execute(LISTED_OF_ORDER, asked)).scalars())
        if ListName.BLOCK in found:
            return Listed.BLOCK
        return Listed.ALLOW if ListName.ALLOW in found else Listed.NONE

    async def guesses(self, order_id: str, since: datetime, besides: str) -> int:
        asked = {"order_id": order_id, "since": since, "besides": besides}
        return (await self._connection.execute(_GUESSES, asked)).scalar_one()

    async def chargeback_open(self, order_id: str) -> bool:
        return await self.chargeback(order_id) is not None

    async def chargeback(self, order_id: str) -> ChargebackState | None:
        found = set((await self._connection.execute(BLOCKING_OF_ORDER, {"order_id": order_id})).scalars())
        if ChargebackState.OPEN in found:
            return ChargebackState.OPEN
        return ChargebackState.LOST if found else None
