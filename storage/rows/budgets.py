"""Budgets of the rules, counted as they are used, and the breaker that stops the rules (P5.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Insert, Row, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.alerting import BREAKER_LOG
from activities.precautions import Breaker, Held, Spending
from activities.rows import AuditEntry
from activities.rulings import Breaking, Ceilings
from activities.types import CHARGEBACK_LOST
from aftersales.contract.values import ErrorCode, LegState
from domain.budgets import Broken, Limits, Traffic, broken_by, still_counts
from storage.rows.audit import AuditRows
from storage.rows.base import Rows, update_row, upsert
from storage.rows.orders import total
from storage.tables import BREAKERS, BUDGET_USES, BUDGETS, LEGS, PULSES

AUTOMATIC: Final = "automatic"
HOUR: Final = timedelta(hours=1)
PULSE: Final = timedelta(minutes=10)
"""The last hour is counted in such steps: short enough to notice a jump, long enough for a week to be few rows."""

_DISPUTED: Final = (ErrorCode.CHARGEBACK_OPEN.value, CHARGEBACK_LOST)
_FAILED: Final = or_(
    LEGS.c.state.in_((LegState.BLOCKED, LegState.CONFIRMING)),
    and_(LEGS.c.state == LegState.FAILED, LEGS.c.elsewhere.is_(False), LEGS.c.failure_code.not_in(_DISPUTED)),
    and_(LEGS.c.state == LegState.RESERVED, LEGS.c.failure_code != ""),
)
"""Of a leg that was sent: the provider refused it, did not answer, or is to be asked again. A way that is closed on the
customer's side, or a dispute of theirs, is no failure of the provider."""

_SENT: Final = select(func.count().label("calls"), func.count().filter(_FAILED).label("failed")).where(
    LEGS.c.sent_at > bindparam("since"), LEGS.c.sent_at <= bindparam("until")
)
_APPROVED: Final = select(total(PULSES.c.cases).label("cases"), func.min(PULSES.c.at).label("first")).where(
    PULSES.c.at > bindparam("since"), PULSES.c.at <= bindparam("until")
)
_BREAKER: Final = select(BREAKERS).where(BREAKERS.c.name == AUTOMATIC)
_CLOSE: Final = update(BREAKERS).where(BREAKERS.c.name == AUTOMATIC, BREAKERS.c.open)
"""Only what is open: one that was never turned is closed, and stays without a moment from which on traffic counts."""


_COUNT_OTHERWISE: Final = (
    update(BUDGETS)
    .where(*(column == bindparam(f"its_{column.name}") for column in BUDGETS.primary_key))
    .values(minor=BUDGETS.c.minor + bindparam("more"), cases=BUDGETS.c.cases + bindparam("more_cases"))
)
_USES: Final = select(BUDGET_USES).where(BUDGET_USES.c.number == bindparam("number")).with_for_update()


class Scope(StrEnum):
    """What a budget is of; locked in this sequence."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    DAY = "day"


class _Part(NamedTuple):
    """One budget that an approval uses."""

    scope: str
    key: str
    minor: int
    ceiling: int
    held: Held


class BudgetRows(Rows):
    """See `activities.precautions.Precautions`."""

    async def spend(self, spending: Spending, ceilings: Ceilings) -> Held | None:
        """Added first and looked at then: that locks the counters, all in one sequence (customer, products, day), so no
        approval is counted between another one's look and its writing."""
        if spending.amount.minor > ceilings.automatic_case:
            return Held.AUTOMATIC_CEILING
        parts = tuple(_parts(spending, ceilings))
        for place, part in enumerate(parts, start=1):
            if await self._add(spending, part) > part.ceiling:
                await self._take_back(spending, parts[:place])
                return part.held
        pulse = {"at": _pulse_of(spending.at), "cases": 1}
        await self._connection.execute(_count_pulse(self._connection.dialect.name), pulse)
        uses = [_key(spending, part) | {"minor": part.minor, "kept": part.minor} for part in parts]
        await self._connection.execute(
            _add_to_uses(self._connection.dialect.name), [use | {"number": spending.number} for use in uses]
        )
        return None

    async def keep_of_budgets(self, number: str, minor: int) -> None:
        uses = (await self._connection.execute(_USES, {"number": number})).all()
        whole = sum(use.minor for use in uses if use.scope == Scope.DAY)
        for use in sorted(uses, key=_in_line):
            kept = still_counts(use.minor, whole, minor)
            if kept != use.kept:
                await self._count_otherwise(use, kept)

    async def _count_otherwise(self, use: Row[Any], kept: int) -> None:
        budget = {f"its_{column.name}": use._mapping[column.name] for column in BUDGETS.primary_key}
        more = {"more": kept - use.kept, "more_cases": (kept > 0) - (use.kept > 0)}
        await self._connection.execute(_COUNT_OTHERWISE, budget | more)
        await update_row(self._connection, BUDGET_USES, {**use._mapping, "kept": kept})

    async def _add(self, spending: Spending, part: _Part) -> int:
        """What the budget then comes to, in minor units."""
        values = _key(spending, part) | {"minor": part.minor, "cases": 1}
        found = await self._connection.execute(_add_to_budget(self._connection.dialect.name), values)
        return int(found.scalar_one())

    async def _take_back(self, spending: Spending, parts: tuple[_Part, ...]) -> None:
        rows = [{f"its_{name}": value for name, value in _key(spending, part).items()} for part in parts]
        amounts = [{"more": -part.minor, "more_cases": -1} for part in parts]
        await self._connection.execute(_COUNT_OTHERWISE, [a | b for a, b in zip(rows, amounts, strict=True)])


class BreakerRows(AuditRows):
    """See `activities.precautions.Precautions`."""

    async def breaker(self, at: datetime, breaking: Breaking) -> Breaker:
        present = await read_breaker(self._connection)
        if present.open:
            return present
        broken = broken_by(await self._traffic(at, breaking, present.changed_at), _limits(breaking))
        if broken is None:
            return present
        opened = Breaker(open=True, why=broken.cause.value, changed_at=at, seen=broken.seen, against=broken.against)
        if await self.turn_breaker(opened):
            await self.append_audit((_turned(opened, broken),))
        return opened

    async def turn_breaker(self, breaker: Breaker) -> bool:
        turn = _open(self._connection.dialect.name) if breaker.open else _CLOSE
        values = dict(breaker) | {"name": AUTOMATIC, "told_at": None}
        return (await self._connection.execute(turn, values)).rowcount == 1

    async def _traffic(self, at: datetime, breaking: Breaking, closed_at: datetime | None) -> Traffic:
        """What a person has looked at already, and closed the breaker after, counts no more."""
        since = max(at - HOUR, closed_at or at - HOUR)
        before = at - HOUR - timedelta(days=breaking.days)
        sent = (await self._connection.execute(_SENT, {"since": since, "until": at})).one()
        now = (await self._connection.execute(_APPROVED, {"since": since, "until": at})).one()
        usual = (await self._connection.execute(_APPROVED, {"since": before, "until": at - HOUR})).one()
        hours = (at - HOUR - usual.first) // HOUR if usual.first else 0
        return Traffic(now.cases, sent.calls, sent.failed, usual.cases, hours)


async def read_breaker(connection: AsyncConnection) -> Breaker:
    """As it stands; closed if it was never turned."""
    row = (await connection.execute(_BREAKER)).mappings().one_or_none()
    return Breaker() if row is None else Breaker(**row)


def _parts(spending: Spending, ceilings: Ceilings) -> Iterator[_Part]:
    minor, customer = spending.amount.minor, spending.customer_id
    yield _Part(Scope.CUSTOMER, customer, minor, ceilings.automatic_customer_day, Held.CUSTOMER_BUDGET)
    for sku, of_product in sorted(spending.products):
        yield _Part(Scope.PRODUCT, sku, of_product, ceilings.automatic_product_day, Held.PRODUCT_BUDGET)
    yield _Part(Scope.DAY, "", minor, ceilings.automatic_day, Held.DAY_BUDGET)


def _key(spending: Spending, part: _Part) -> dict[str, Any]:
    return {"day": spending.day, "scope": part.scope, "key": part.key, "currency": spending.amount.currency}


def _in_line(use: Row[Any]) -> tuple[Any, ...]:
    """The sequence in which `spend` locks the counters."""
    return use.day, list(Scope).index(Scope(use.scope)), use.key


def _pulse_of(at: datetime) -> datetime:
    """The beginning of the step that a moment falls into, counted from the full hour."""
    return at - timedelta(seconds=at.timestamp() % PULSE.total_seconds())


def _limits(breaking: Breaking) -> Limits:
    return Limits(breaking.least_cases, breaking.refund_rate_percent, breaking.least_calls, breaking.failure_percent)


def _turned(breaker: Breaker, broken: Broken) -> AuditEntry:
    assert breaker.changed_at is not None, "it was turned at a moment"
    return AuditEntry(
        number=BREAKER_LOG,
        at=breaker.changed_at,
        actor=breaker.changed_by,
        role="system",
        channel="system",
        action="breaker_opened",
        reason=broken.cause.value,
        facts=json.dumps({"seen": broken.seen, "against": broken.against}),
    )


@cache
def _add_to_budget(dialect: str) -> Insert:
    statement = upsert(dialect, BUDGETS)
    sums = {name: BUDGETS.c[name] + statement.excluded[name] for name in ("minor", "cases")}
    added = statement.on_conflict_do_update(index_elements=list(BUDGETS.primary_key), set_=sums)
    return added.returning(BUDGETS.c.minor)


@cache
def _add_to_uses(dialect: str) -> Insert:
    statement = upsert(dialect, BUDGET_USES)
    sums = {name: BUDGET_USES.c[name] + statement.excluded[name] for name in ("minor", "kept")}
    return statement.on_conflict_do_update(index_elements=list(BUDGET_USES.primary_key), set_=sums)


@cache
def _count_pulse(dialect: str) -> Insert:
    statement = upsert(dialect, PULSES)
    counted = {"cases": PULSES.c.cases + statement.excluded.cases}
    return statement.on_conflict_do_update(index_elements=[PULSES.c.at], set_=counted)


@cache
def _open(dialect: str) -> Insert:
    """Only what is closed: of two that open it at once, one does."""
    statement = upsert(dialect, BREAKERS)
    turned = {column.name: statement.excluded[column.name] for column in BREAKERS.c if column.name != "name"}
    return statement.on_conflict_do_update(index_elements=[BREAKERS.c.name], set_=turned, where=~BREAKERS.c.open)
