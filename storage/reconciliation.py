"""What the reconciliation reads and writes: statements, legs with their moments, runs, findings, letters."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from zlib import crc32

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Insert,
    Select,
    Subquery,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    text,
    union,
)
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.differences import (
    BookUnit,
    Finding,
    FindingState,
    KeptLeg,
    KeptLine,
    Question,
    Run,
    RunState,
    SystemLetter,
)
from activities.ports import StatementLine
from activities.rows import MailState
from aftersales.contract.values import LegState, Money
from storage.engine import Transactions, snapshots
from storage.errors import RowMissingError
from storage.rows.audit import AuditRows
from storage.rows.base import insert_if_new, update_row, upsert
from storage.rows.cases import leg_of, money_of
from storage.rows.staff import StaffRows
from storage.tables import (
    LEDGER,
    LEGS,
    RECONCILIATION_FINDINGS,
    RECONCILIATION_LETTERS,
    RECONCILIATION_RUNS,
    STATEMENT_LINES,
)

_ONE_PROVIDER: Final = 0x0AF7E25A  # with the provider's name the key of a lock that nothing else takes
_RUNS: Final = RECONCILIATION_RUNS.c
_FINDINGS: Final = RECONCILIATION_FINDINGS.c
_LINES: Final = STATEMENT_LINES.c
_LETTERS: Final = RECONCILIATION_LETTERS.c
_OPEN: Final = and_(_FINDINGS.provider == bindparam("provider"), _FINDINGS.state == FindingState.OPEN)
_EVENTS: Final = {
    "approved_at": "approved",
    "paid_at": "paid",
    "returned_at": "paid_back",
    "released_at": "released",
}
_UNDER_WAY: Final = (LegState.SUBMITTING, LegState.CONFIRMING, LegState.PENDING, LegState.BLOCKED)
_NOT_PAID: Final = (LegState.FAILED, LegState.REVERSED)


class _Page(AuditRows, StaffRows):
    """One transaction; implements `activities.differences.BookUnit`."""

    async def run(self, provider: str, day: date) -> Run | None:
        query = select(RECONCILIATION_RUNS).where(_RUNS.provider == provider, _RUNS.day == day)
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else Run(**row)

    async def put_run(self, run: Run) -> None:
        await self._put(RECONCILIATION_RUNS, dict(run))

    async def replace_lines(self, provider: str, day: date, lines: Sequence[StatementLine]) -> None:
        await self._connection.execute(delete(STATEMENT_LINES).where(_LINES.provider == provider, _LINES.day == day))
        if lines:
            rows = [_line_values(line, day, position) for position, line in enumerate(lines)]
            await self._connection.execute(insert(STATEMENT_LINES), rows)

    async def question(self, provider: str, day: date, since: datetime) -> Question:
        asked = {"provider": provider, "day": day, "since": since}
        legs = (await self._connection.execute(_legs(), asked)).mappings().all()
        lines = (await self._connection.execute(_lines(), asked)).mappings().all()
        read = select(_RUNS.day).where(_RUNS.provider == provider, _RUNS.read_at.is_not(None))
        days = (await self._connection.execute(read)).scalars()
        return Question(tuple(_line_of(row) for row in lines), tuple(_leg_of(row) for row in legs), frozenset(days))

    async def findings(self, provider: str, ids: Sequence[str]) -> tuple[Finding, ...]:
        wanted = or_(_OPEN, _FINDINGS.finding_id.in_(bindparam("ids", expanding=True)))
        query = select(RECONCILIATION_FINDINGS).where(wanted).order_by(_FINDINGS.finding_id).with_for_update()
        rows = await self._connection.execute(query, {"provider": provider, "ids": list(ids)})
        return tuple(finding_of(row) for row in rows.mappings())

    async def finding(self, finding_id: str) -> Finding | None:
        query = select(RECONCILIATION_FINDINGS).where(_FINDINGS.finding_id == finding_id).with_for_update()
        row = (await self._connection.execute(query)).mappings().one_or_none()
        return None if row is None else finding_of(row)

    async def put_finding(self, finding: Finding) -> None:
        await self._put(RECONCILIATION_FINDINGS, _finding_values(finding))

    async def moved(self, provider: str, since: datetime, until: datetime) -> bool:
        within = LEGS.c.sent_at.between(since, until)
        query = select(LEGS.c.number).where(LEGS.c.provider == provider, within).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def add_letters(self, letters: Sequence[SystemLetter]) -> None:
        for letter in letters:
            await insert_if_new(self._connection, RECONCILIATION_LETTERS, dict(letter))

    async def unsent(self, provider: str, day: date) -> tuple[SystemLetter, ...]:
        query = (
            select(RECONCILIATION_LETTERS)
            .where(_LETTERS.provider == provider, _LETTERS.day == day, _LETTERS.state == MailState.QUEUED)
            .order_by(_LETTERS.created_at, _LETTERS.message_id)
        )
        return tuple(SystemLetter(**row) for row in (await self._connection.execute(query)).mappings())

    async def update_letter(self, letter: SystemLetter) -> None:
        """Raises `RowMissingError`."""
        if not await update_row(self._connection, RECONCILIATION_LETTERS, dict(letter)):
            raise RowMissingError(f"Letter {letter.message_id}")

    async def _put(self, table: Table, values: Mapping[str, Any]) -> None:
        await self._connection.execute(_put(self._connection.dialect.name, table), dict(values))


class ReconciliationBook:
    """Implements `activities.differences.Book`; the command line reads by it, too."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    @asynccontextmanager
    async def begin(self, provider: str = "") -> AsyncIterator[BookUnit]:
        """A transaction; two about one provider follow upon each other."""
        async with self._transactions.begin() as connection:
            if provider and connection.dialect.name == "postgresql":
                key = {"ours": _ONE_PROVIDER, "provider": crc32(provider.encode()) >> 1}
                await connection.execute(text("SELECT pg_advisory_xact_lock(:ours, :provider)"), key)
            yield _Page(connection)

    async def states(self, provider: str, since: date) -> Mapping[date, RunState]:
        query = select(_RUNS.day, _RUNS.state).where(_RUNS.provider == provider, _RUNS.day >= since)
        async with self._engine.connect() as connection:
            return {row.day: RunState(row.state) for row in await connection.execute(query)}

    async def first_day(self, provider: str) -> date | None:
        query = select(func.min(_RUNS.day)).where(_RUNS.provider == provider)
        async with self._engine.connect() as connection:
            first: date | None = (await connection.execute(query)).scalar_one()
        return first


@cache
def _put(dialect: str, table: Table) -> Insert:
    statement = upsert(dialect, table)
    key = list(table.primary_key)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column not in key}
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


def _asked_for() -> Subquery:
    """The numbers that the day's lines or open findings name."""
    named = select(_LINES.provider_number).where(
        _LINES.provider == bindparam("provider"), _LINES.day == bindparam("day"), _LINES.provider_number != ""
    )
    return union(named, select(_FINDINGS.subject).where(_OPEN)).subquery()


def _of_lone_lines() -> Select[tuple[str]]:
    """The references of lines without a number of ours."""
    return select(_LINES.reference).where(
        _LINES.provider == bindparam("provider"),
        _LINES.provider_number == "",
        _LINES.reference != "",
        _LINES.booked_at >= bindparam("since"),
    )


@cache
def _legs() -> Select[*tuple[Any, ...]]:
    """Legs in question, each with the moments of its postings."""
    events = {name: LEDGER.alias(name) for name in _EVENTS}
    joined: Any = LEGS
    for name, event in _EVENTS.items():
        joined = joined.outerjoin(events[name], _is_posting(events[name], event))
    paid_lately = and_(
        LEGS.c.state == LegState.SUCCEEDED,
        events["paid_at"].c.posted_at >= bindparam("since"),
        not_(exists().where(_LINES.provider == LEGS.c.provider, _LINES.provider_number == LEGS.c.provider_number)),
    )
    return (
        select(LEGS, *(each.c.posted_at.label(name) for name, each in events.items()))
        .select_from(joined)
        .where(
            LEGS.c.provider == bindparam("provider"),
            or_(
                paid_lately,
                _stands_open(),
                LEGS.c.provider_number.in_(select(_asked_for())),
                LEGS.c.provider_reference.in_(_of_lone_lines()),
            ),
        )
    )


def _stands_open() -> ColumnElement[bool]:
    """Legs that are under way, and those that failed or came back lately."""
    lately = and_(LEGS.c.state.in_(_NOT_PAID), LEGS.c.sent_at >= bindparam("since"))
    return or_(and_(LEGS.c.state.in_(_UNDER_WAY), LEGS.c.sent_at.is_not(None)), lately)


def _is_posting(posting: FromClause, event: str) -> ColumnElement[bool]:
    return posting.c.posting_id == LEGS.c.provider_number + literal(f":{event}")


@cache
def _lines() -> Select[*tuple[Any, ...]]:
    """The day's lines, and all others of the same payments."""
    open_legs = select(LEGS.c.provider_number).where(LEGS.c.provider == bindparam("provider"), _stands_open())
    subjects = select(_FINDINGS.subject).where(_OPEN)
    return select(STATEMENT_LINES).where(
        _LINES.provider == bindparam("provider"),
        or_(
            _LINES.day == bindparam("day"),
            _LINES.provider_number.in_(select(_asked_for())),
            _LINES.provider_number.in_(open_legs),
            and_(_LINES.provider_number == "", _LINES.booked_at >= bindparam("since")),
            _LINES.line_id.in_(subjects),
        ),
    )


def finding_of(row: RowMapping) -> Finding:
    """The finding of a row."""
    return Finding(**row, ours=_amount(row, "ours"), theirs=_amount(row, "theirs"))


def _finding_values(finding: Finding) -> dict[str, Any]:
    values = dict(finding)
    for side in ("ours", "theirs"):
        values |= _columns(side, values.pop(side))
    return values


def _line_values(line: StatementLine, day: date, position: int) -> dict[str, Any]:
    values = dict(line)
    amount: Money = values.pop("amount")
    values |= {"day": day, "position": position, "amount_minor": amount.minor, "currency": amount.currency}
    return values | _columns("fee", values.pop("fee"))


def _line_of(row: RowMapping) -> KeptLine:
    return KeptLine(**row, amount=money_of(row), fee=_amount(row, "fee"))


def _leg_of(row: RowMapping) -> KeptLeg:
    return KeptLeg(row=leg_of(row), **{name: row[name] for name in _EVENTS})


def _amount(row: RowMapping, side: str) -> Money | None:
    minor, currency = row[f"{side}_minor"], row[f"{side}_currency"]
    return None if minor is None else Money(minor=minor, currency=currency)


def _columns(side: str, money: Money | None) -> dict[str, Any]:
    """An amount that may be absent, as its two columns."""
    return {f"{side}_minor": money.minor if money else None, f"{side}_currency": money.currency if money else None}
