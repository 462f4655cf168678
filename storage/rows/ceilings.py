"""What was granted to whom, and who agreed to it (P6.2).

Locks are taken in one sequence by all: case, order, customer, budgets, breaker.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zlib import crc32

from sqlalchemy import Select, bindparam, exists, func, insert, literal, or_, select, text, update

from activities.precautions import Approval
from aftersales.contract.values import LegState
from storage.rows.base import Rows
from storage.rows.cases import money_of
from storage.rows.orders import total
from storage.tables import APPROVALS, CASES, LEDGER, LEGS, STAFF_ACCOUNTS, STAFF_MEMBERS, STAFF_ROLES

_CUSTOMERS: Final = 0x0AF7C057  # any number that nothing else locks
_GONE: Final = (LegState.FAILED, LegState.REVERSED)
_BESIDES: Final = CASES.c.number != bindparam("besides")
_GRANTED_TO_CUSTOMER: Final = (
    select(total(LEGS.c.amount_minor))
    .join(CASES, CASES.c.number == LEGS.c.number)
    .join(LEDGER, LEDGER.c.posting_id == LEGS.c.provider_number + literal(":approved"))
    .where(
        CASES.c.customer_id == bindparam("customer_id"),
        LEGS.c.currency == bindparam("currency"),
        LEGS.c.state.not_in(_GONE),
        LEDGER.c.posted_at >= bindparam("since"),
        _BESIDES,
    )
)
_GRANTED_OF_ORDER: Final = select(total(LEGS.c.amount_minor)).where(
    LEGS.c.order_id == bindparam("order_id"), LEGS.c.state.not_in(_GONE), LEGS.c.number != bindparam("besides")
)
_OF_CASE: Final = APPROVALS.c.number == bindparam("number")
_HOLDS: Final = exists().where(
    STAFF_ACCOUNTS.c.staff_id == APPROVALS.c.actor,
    STAFF_ACCOUNTS.c.active,
    STAFF_ROLES.c.staff_id == STAFF_ACCOUNTS.c.staff_id,
    STAFF_ROLES.c.role == APPROVALS.c.role,
)
_NO_ACCOUNT: Final = ~exists().where(STAFF_ACCOUNTS.c.staff_id == APPROVALS.c.actor)
_APPROVALS: Final = (
    select(APPROVALS)
    .where(_OF_CASE, APPROVALS.c.voided_at.is_(None), or_(_NO_ACCOUNT, _HOLDS))
    .order_by(APPROVALS.c.sequence)
)
"""Of an account of ours only while it holds the role (ASVS 7.4.2); people of a backend have none."""
_ADD: Final = insert(APPROVALS)
_SEQUENCE: Final = select(func.coalesce(func.max(APPROVALS.c.sequence), 0) + 1).where(_OF_CASE)
_VOID: Final = (
    update(APPROVALS)
    .where(APPROVALS.c.number == bindparam("case_number"), APPROVALS.c.voided_at.is_(None))
    .values(voided_at=bindparam("voided"))
)
_STAFFED: Final = (
    select(STAFF_MEMBERS.c.name)
    .join(STAFF_ACCOUNTS, STAFF_ACCOUNTS.c.staff_id == STAFF_MEMBERS.c.staff_id)
    .where(STAFF_ACCOUNTS.c.active)
    .distinct()
)


class CeilingRows(Rows):
    """See `activities.precautions.Precautions`."""

    async def granted_to_customer(self, customer_id: str, currency: str, since: datetime, besides: str) -> int:
        """The lock comes first: what other cases were granted is read by a later statement, which sees what they
        committed. It is no row's, so that an import of the shop's accounts never waits for it, nor it for that."""
        if self._connection.dialect.name == "postgresql":
            lock = {"ours": _CUSTOMERS, "customer": crc32(customer_id.encode()) >> 1}
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:ours, :customer)"), lock)
        asked = {"customer_id": customer_id, "currency": currency, "since": since, "besides": besides}
        return await self._sum(_GRANTED_TO_CUSTOMER, asked)

    async def granted_of_order(self, order_id: str, besides: str) -> int:
        """The caller has the order's row locked."""
        return await self._sum(_GRANTED_OF_ORDER, {"order_id": order_id, "besides": besides})

    async def approvals(self, number: str) -> tuple[Approval, ...]:
        rows = (await self._connection.execute(_APPROVALS, {"number": number})).mappings()
        return tuple(Approval(**row, amount=money_of(row)) for row in rows)

    async def add_approval(self, approval: Approval) -> None:
        key = {"number": approval.number}
        sequence = (await self._connection.execute(_SEQUENCE, key)).scalar_one()
        values: dict[str, Any] = dict(approval)
        del values["amount"]
        amount = {"amount_minor": approval.amount.minor, "currency": approval.amount.currency}
        await self._connection.execute(_ADD, values | amount | {"sequence": sequence, "voided_at": None})

    async def void_approvals(self, number: str, at: datetime) -> int:
        return (await self._connection.execute(_VOID, {"case_number": number, "voided": at})).rowcount

    async def staffed_groups(self) -> tuple[str, ...]:
        return tuple((await self._connection.execute(_STAFFED)).scalars())

    async def _sum(self, query: Select[int], asked: dict[str, Any]) -> int:
        return (await self._connection.execute(query, asked)).scalar_one()
