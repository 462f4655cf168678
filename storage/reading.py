"""What pages, lists and the command line read; nothing here writes or locks."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.pieces import EvidencePiece
from activities.precautions import Approval
from activities.rows import CaseRow, HeardMessage, LegRow, Mail, Posting
from aftersales.contract.messages import CaseStart
from aftersales.contract.values import CaseStatus, Frozen, Money, WaitsFor
from storage.audit import ChainBreak, ChainedEntry
from storage.audit_checks import AuditCheck
from storage.engine import snapshots
from storage.evidence import pieces_of
from storage.rows.audit import read_log
from storage.rows.cases import case_of, leg_of, money_of
from storage.rows.ceilings import CeilingRows
from storage.rows.orders import paid_out, total
from storage.tables import CASES, HEARD_MESSAGES, LEDGER, LEGS, MAILS

LIMIT: Final = 50
STAFF: Final = (WaitsFor.AGENT, WaitsFor.SUPERVISOR, WaitsFor.FINANCE)


class CaseRecord(Frozen):
    """A case with everything that is stored about it, each part in the sequence in which it happened."""

    case: CaseRow
    legs: tuple[LegRow, ...]
    approvals: tuple[Approval, ...] = ()
    messages: tuple[HeardMessage, ...]
    mails: tuple[Mail, ...]
    audit: tuple[ChainedEntry, ...]
    ledger: tuple[Posting, ...]
    evidence: tuple[EvidencePiece, ...] = ()


class TotalBy(StrEnum):
    """What the ledger's rows are added up by."""

    CASE = "number"
    ORDER = "order_id"
    TENDER = "tender_id"


class LedgerTotal(NamedTuple):
    """Money paid out less money that came back. `tender_id` is empty unless added up by tender."""

    key: str
    tender_id: str
    paid_out: Money


class Reading:
    """Queries over one engine. Each call reads one consistent moment."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = snapshots(engine)

    async def cases(
        self, *, status: CaseStatus | None = None, waits_for: WaitsFor | None = None, limit: int = LIMIT
    ) -> tuple[CaseRow, ...]:
        """Cases, newest first."""
        query = select(CASES).order_by(CASES.c.opened_at.desc(), CASES.c.number).limit(limit)
        if status is not None:
            query = query.where(CASES.c.status == status)
        if waits_for is not None:
            query = query.where(CASES.c.waits_for == waits_for)
        return tuple(case_of(row) for row in await self._rows(query))

    async def queue(self, waits_for: Sequence[WaitsFor] = STAFF, *, limit: int = LIMIT) -> tuple[CaseRow, ...]:
        """Cases that wait for somebody of the staff, the next deadline first, those without one last (P2.7)."""
        query = (
            select(CASES)
            .where(CASES.c.waits_for.in_(waits_for))
            .order_by(CASES.c.due_at.is_(None), CASES.c.due_at, CASES.c.opened_at)
            .limit(limit)
        )
        return tuple(case_of(row) for row in await self._rows(query))

    async def open_cases(self, *, limit: int = LIMIT) -> tuple[CaseRow, ...]:
        """Cases that are not closed, oldest first: each must have a running workflow."""
        query = select(CASES).where(CASES.c.closed_at.is_(None)).order_by(CASES.c.opened_at).limit(limit)
        return tuple(case_of(row) for row in await self._rows(query))

    async def open_numbers(self, after: str, limit: int) -> tuple[str, ...]:
        """Application numbers of cases that are not closed, ascending, from the first one above `after` on."""
        query = (
            select(CASES.c.number)
            .where(CASES.c.closed_at.is_(None), CASES.c.number > after)
            .order_by(CASES.c.number)
            .limit(limit)
        )
        return tuple(row["number"] for row in await self._rows(query))

    async def start_of(self, number: str) -> CaseStart | None:
        """What the case's workflow was started with; None if the case is closed, or was never stored."""
        query = select(CASES.c.start).where(CASES.c.number == number, CASES.c.closed_at.is_(None))
        return next((row["start"] for row in await self._rows(query)), None)

    async def case(self, number: str) -> CaseRecord | None:
        """A case with its legs, messages, mails, log and postings; None if there is none of that number."""
        async with self._engine.connect() as connection:
            query = select(CASES).where(CASES.c.number == number)
            row = (await connection.execute(query)).mappings().one_or_none()
            return None if row is None else await _record(connection, case_of(row))

    async def mails(self, *, number: str | None = None, limit: int = LIMIT) -> tuple[Mail, ...]:
        """Mails of one case or of all, newest first."""
        query = select(MAILS).order_by(MAILS.c.created_at.desc(), MAILS.c.message_id).limit(limit)
        if number is not None:
            query = query.where(MAILS.c.number == number)
        return tuple(Mail(**row) for row in await self._rows(query))

    async def counts_by_status(self) -> dict[CaseStatus, int]:
        """How many cases are in each status that occurs."""
        query = select(CASES.c.status, func.count().label("cases")).group_by(CASES.c.status)
        return {CaseStatus(row["status"]): row["cases"] for row in await self._rows(query)}

    async def ledger_totals(self, by: TotalBy) -> tuple[LedgerTotal, ...]:
        """What went out, by case, order or tender (of an order), and by currency: sums over the ledger (rule 10)."""
        key = (LEDGER.c.order_id, LEDGER.c.tender_id) if by is TotalBy.TENDER else (LEDGER.c[by.value],)
        group: tuple[ColumnElement[Any], ...] = (*key, LEDGER.c.currency)
        query = select(*group, total(paid_out()).label("amount_minor")).group_by(*group).order_by(*group)
        return tuple(
            LedgerTotal(row[key[0].name], row.get("tender_id", ""), money_of(row)) for row in await self._rows(query)
        )

    async def verify_chain(self, number: str) -> ChainBreak | None:
        """The first place where the case's operations log was tampered with, and why; None if it holds (P6.3)."""
        found = (await AuditCheck(self._engine).of(number)).breaks
        return found[0] if found else None

    async def log(self, number: str) -> tuple[ChainedEntry, ...]:
        """A case's operations log, or one of ours that is about no case (`staff`, `people`)."""
        async with self._engine.connect() as connection:
            return await read_log(connection, number)

    async def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[RowMapping]:
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).mappings().all()


async def _record(connection: AsyncConnection, case: CaseRow) -> CaseRecord:
    number = case.number
    legs = await _of_case(connection, LEGS, number, LEGS.c.leg, LEGS.c.attempt)
    messages = await _of_case(connection, HEARD_MESSAGES, number, HEARD_MESSAGES.c.received_at)
    mails = await _of_case(connection, MAILS, number, MAILS.c.created_at, MAILS.c.message_id)
    ledger = await _of_case(connection, LEDGER, number, LEDGER.c.posted_at, LEDGER.c.posting_id)
    return CaseRecord(
        case=case,
        legs=tuple(leg_of(row) for row in legs),
        approvals=await CeilingRows(connection).approvals(number),
        messages=tuple(HeardMessage(**row) for row in messages),
        mails=tuple(Mail(**row) for row in mails),
        audit=await read_log(connection, number),
        ledger=tuple(Posting(**row, amount=money_of(row)) for row in ledger),
        evidence=await pieces_of(connection, number),
    )


async def _of_case(
    connection: AsyncConnection, table: Table, number: str, *order: ColumnElement[Any]
) -> Sequence[RowMapping]:
    query = select(table).where(table.c.number == number).order_by(*order)
    return (await connection.execute(query)).mappings().all()
