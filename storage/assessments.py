"""Past decisions as lists and back-tests read them (P5.1); nothing here writes or locks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Text, exists, func, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.past_cases import PastCase, ShadowWord
from activities.precautions import AssessmentRow, Disagreement
from activities.rulings import Action
from aftersales.contract.values import MessageKind
from storage.engine import snapshots
from storage.rows.assessments import assessment_of
from storage.rows.orders import paid_out, total
from storage.tables import ASSESSMENTS, CASES, HEARD_MESSAGES, LEDGER

AT_ONCE: Final = 2000
"""Rows that are read in one go; each is about a kilobyte."""

_A: Final = ASSESSMENTS.c
_HEARD: Final = HEARD_MESSAGES.c
_PAID: Final = select(total(paid_out())).where(LEDGER.c.number == _A.number).scalar_subquery()
_DECIDED: Final = exists().where(
    _HEARD.number == _A.number, _HEARD.kind == MessageKind.DECISION, _HEARD.accepted.is_(True)
)
_PAST: Final = (
    select(
        _A.number,
        _A.at,
        type_coerce(_A.facts, Text),
        _A.amount_minor,
        _A.currency,
        _A.ruled,
        _A.action,
        type_coerce(_A.held, Text),
        func.coalesce(CASES.c.status, ""),
        _PAID,
        _DECIDED,
    )
    .select_from(ASSESSMENTS.outerjoin(CASES, CASES.c.number == _A.number))
    .order_by(_A.at, _A.number)
)
_ACTIONS: Final = {action.value: action for action in Action}


class AssessmentListing:
    """Queries over one engine. `since` belongs to a time, `until` does not."""

    def __init__(self, engine: AsyncEngine, *, at_once: int = AT_ONCE) -> None:
        self._engine = snapshots(engine)
        self._at_once = at_once

    async def of_case(self, number: str) -> tuple[AssessmentRow, ...]:
        """Oldest first."""
        query = select(ASSESSMENTS).where(_A.number == number).order_by(_A.sequence)
        async with self._engine.connect() as connection:
            return tuple(assessment_of(row) for row in (await connection.execute(query)).mappings())

    async def count(self, since: datetime, until: datetime) -> int:
        """How many cases were first assessed in that time."""
        query = select(func.count()).where(_A.sequence == 1, *_within(_A.at, since, until))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar_one()

    async def past_cases(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[PastCase]]:
        """Cases that were first assessed in that time, oldest first, so many at a time; JSON stays as it is."""
        query = _PAST.where(_A.sequence == 1, *_within(_A.at, since, until)).limit(self._at_once)
        async with self._engine.connect() as connection:
            after = query
            while rows := (await connection.execute(after)).all():
                yield [_past_case(row) for row in rows]
                after = query.where(tuple_(_A.at, _A.number) > (rows[-1].at, rows[-1].number))

    async def handling_minutes(self, since: datetime, until: datetime) -> list[float]:
        """Minutes of a person's work on each case decided in that time: from claiming it to deciding it (P2.6)."""
        query: Select[Any] = (
            select(_HEARD.number, _HEARD.kind, _HEARD.actor, _HEARD.received_at, _HEARD.body)
            .where(
                _HEARD.kind.in_((MessageKind.CLAIM, MessageKind.DECISION)),
                _HEARD.accepted.is_(True),
                *_within(_HEARD.received_at, since, until),
            )
            .order_by(_HEARD.number, _HEARD.received_at)
        )
        async with self._engine.connect() as connection:
            heard = (await connection.execute(query)).all()
        by_case = groupby(heard, key=lambda row: row.number)
        return [minutes for _, of_case in by_case for minutes in _minutes(of_case)]

    async def shadow_words(self, since: datetime, until: datetime) -> tuple[ShadowWord, ...]:
        """Where a version in the shadow disagreed, oldest first."""
        query: Select[Any] = select(_A.number, _A.at, _A.amount_minor, _A.currency, _A.ruled, _A.shadow)
        query = query.where(_A.shadow.is_not(None), *_within(_A.at, since, until)).order_by(_A.at)
        async with self._engine.connect() as connection:
            found: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return tuple(_shadow_word(row) for row in found)


def _within(column: ColumnElement[datetime], since: datetime, until: datetime) -> Iterable[ColumnElement[bool]]:
    return column >= since, column < until


def _past_case(row: Row[Any]) -> PastCase:
    number, at, facts, amount, currency, ruled, action, held, status, paid, by_person = tuple(row)
    return PastCase(
        number=number,
        at=at,
        facts=facts,
        amount_minor=amount,
        currency=currency,
        ruled=_ACTIONS[ruled],
        action=_ACTIONS[action],
        held=() if held == "[]" else tuple(json.loads(held)),
        status=status,
        paid_minor=paid,
        by_person=bool(by_person),
    )


def _minutes(of_case: Iterable[Row[Any]]) -> list[float]:
    """Each decision counts from its own person's first claim; one without a claim tells nothing of the work."""
    claimed: dict[str, datetime] = {}
    found = []
    for row in of_case:
        if row.kind == MessageKind.CLAIM:
            _note_claim(claimed, row)
        elif row.actor in claimed:
            found.append((row.received_at - claimed.pop(row.actor)).total_seconds() / 60)
    return found


def _note_claim(claimed: dict[str, datetime], row: Row[Any]) -> None:
    if json.loads(row.body).get("minutes") == 0:
        claimed.pop(row.actor, None)  # let go
    else:
        claimed.setdefault(row.actor, row.received_at)


def _shadow_word(row: Row[Any]) -> ShadowWord:
    said: Disagreement = row.shadow
    return ShadowWord(
        number=row.number,
        at=row.at,
        policy_hash=said.policy_hash,
        amount_minor=row.amount_minor,
        currency=row.currency,
        ruled=_ACTIONS[row.ruled],
        otherwise=None if said.failure else said.action,
        failure=said.failure,
    )
