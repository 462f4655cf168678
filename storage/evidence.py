"""What is recorded of evidence: read for people and checks, written by checks and by erasing (P2.2).

Implements `activities.pieces.EvidenceFindings`. Each call is one short transaction; erasing deletes the content inside
one, see there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.pieces import (
    ErasableContent,
    EvidenceFiles,
    EvidencePiece,
    PieceState,
    ReusedEvidence,
    Scan,
    ScanVerdict,
)
from activities.rows import AuditEntry
from aftersales.contract.values import EvidenceRef
from storage.engine import Transactions, snapshots
from storage.rows.audit import AuditRows
from storage.rows.base import insert_if_new, update_row
from storage.rows.evidence import findings_of, keep_findings, reused_in
from storage.tables import CASES, EVIDENCE, EVIDENCE_CHECKS, EVIDENCE_CONTENTS, HAND_PAYMENTS, LIKENESS_BANDS
from storage.types import UtcDateTime

INFECTED: Final = "evidence_infected"
ERASED: Final = "evidence_erased"
"""Entries of the operations log."""

_CONTENT: Final = EVIDENCE_CONTENTS.c
_CHECK: Final = EVIDENCE_CHECKS.c
_PIECES: Final[Select[Any]] = (
    select(
        EVIDENCE_CONTENTS,
        EVIDENCE.c.number,
        _CHECK.verdict,
        _CHECK.signature,
        _CHECK.reused,
        _CHECK.checked_at,
    )
    .join(EVIDENCE, EVIDENCE.c.sha256 == _CONTENT.sha256)
    .join(
        EVIDENCE_CHECKS,
        (_CHECK.sha256 == EVIDENCE.c.sha256) & (_CHECK.number == EVIDENCE.c.number),
        isouter=True,
    )
    .where(EVIDENCE.c.number == bindparam("number"))
    .order_by(EVIDENCE.c.uploaded_at, EVIDENCE.c.sha256)
)
_PIECE: Final = _PIECES.where(EVIDENCE.c.sha256 == bindparam("sha256"))
_NAMED: Final = select(CASES.c.evidence, CASES.c.opened_at, CASES.c.customer_id).where(
    CASES.c.number == bindparam("number")
)
_ORDER: Final = select(CASES.c.order_id).where(CASES.c.number == bindparam("number"))
_RECEIPTS: Final = select(HAND_PAYMENTS.c.evidence).where(HAND_PAYMENTS.c.number == bindparam("number"))
_LOCKED: Final = select(_CONTENT.erased_at).where(_CONTENT.sha256 == bindparam("sha256")).with_for_update()
_QUARANTINE: Final = (
    update(EVIDENCE_CONTENTS)
    .where(_CONTENT.sha256 == bindparam("its_sha256"), _CONTENT.quarantined_at.is_(None))
    .values(quarantined_at=bindparam("at"))
)
_ERASE: Final = (
    update(EVIDENCE_CONTENTS).where(_CONTENT.sha256 == bindparam("its_sha256")).values(erased_at=bindparam("at"))
)
_FORGET_LIKENESS: Final = delete(LIKENESS_BANDS).where(LIKENESS_BANDS.c.sha256 == bindparam("its_sha256"))


def _needed(sha256: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a case that is open, or closed since, or an upload that its case may still name, has the content."""
    since: BindParameter[datetime] = bindparam("closed_before", type_=UtcDateTime())
    case_needs = or_(CASES.c.closed_at.is_(None), CASES.c.closed_at >= since)
    return exists().where(
        EVIDENCE.c.sha256 == sha256,
        or_(
            EVIDENCE.c.uploaded_at >= since,
            exists().where(CASES.c.number == EVIDENCE.c.number, case_needs),
        ),
    )


_ERASABLE: Final = (
    select(_CONTENT.sha256)
    .where(_CONTENT.erased_at.is_(None), ~_needed(_CONTENT.sha256))
    .order_by(_CONTENT.sha256)
    .limit(bindparam("most"))
)
_STILL_NEEDED: Final = select(_needed(bindparam("sha256")))
_HAVE_IT: Final = select(EVIDENCE.c.number).where(EVIDENCE.c.sha256 == bindparam("sha256")).order_by(EVIDENCE.c.number)


class EvidenceRecords:
    """Over one engine."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)

    async def pieces(self, number: str) -> tuple[EvidencePiece, ...]:
        """What the case names, receipts of payments by hand included, becomes its own, also what was uploaded for
        another one: retention goes by that."""
        async with self._transactions.begin() as connection:
            case = (await connection.execute(_NAMED, {"number": number})).one_or_none()
            if case is None:
                return ()
            receipts = (await connection.execute(_RECEIPTS, {"number": number})).scalars()
            refs = (*case.evidence, *(ref for of_payment in receipts for ref in of_payment))
            for ref in refs:
                own = {"number": number, "uploaded_at": case.opened_at, "customer_id": case.customer_id}
                await insert_if_new(connection, EVIDENCE, dict(ref) | own)
            named = {ref.sha256 for ref in refs}
            return tuple(piece for piece in await pieces_of(connection, number) if piece.ref.sha256 in named)

    async def reused(self, piece: EvidencePiece) -> tuple[ReusedEvidence, ...]:
        async with self._engine.connect() as connection:
            order_id = (await connection.execute(_ORDER, {"number": piece.number})).scalar_one()
            return await reused_in(connection, piece.number, order_id, piece.ref.sha256)

    async def store(self, piece: EvidencePiece, at: datetime) -> None:
        """A piece that could not be read, which no scan tells of, stays unchecked, whatever else was found."""
        check = {"number": piece.number, "sha256": piece.ref.sha256, "reused": piece.reused, "checked_at": at}
        check |= piece.scan.model_dump() if piece.scan else {"verdict": "", "signature": ""}
        async with self._transactions.begin() as connection:
            if not await update_row(connection, EVIDENCE_CHECKS, check):
                await insert_if_new(connection, EVIDENCE_CHECKS, check)
            if piece.state is PieceState.KEPT:
                await keep_findings(connection, piece.ref, piece.findings)
            if piece.scan and piece.scan.verdict is ScanVerdict.INFECTED:
                await self._quarantine(connection, piece, piece.scan, at)

    async def _quarantine(self, connection: AsyncConnection, piece: EvidencePiece, scan: Scan, at: datetime) -> None:
        key = {"its_sha256": piece.ref.sha256, "at": at}
        if (await connection.execute(_QUARANTINE, key)).rowcount:
            facts = {"sha256": piece.ref.sha256, "signature": scan.signature}
            await _note(connection, piece.number, INFECTED, facts, at)

    async def erasable(self, closed_before: datetime, limit: int) -> tuple[ErasableContent, ...]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(_ERASABLE, {"closed_before": closed_before, "most": limit})
            hashes = [row.sha256 for row in rows]
            return tuple([await _erasable(connection, sha256) for sha256 in hashes])

    async def erase(
        self, content: ErasableContent, files: EvidenceFiles, closed_before: datetime, at: datetime
    ) -> bool:
        """The content goes while its row is locked: an upload of the same content waits, and then finds it gone and
        keeps it again. Cut off, the next run deletes what is gone once more and notes it."""
        key = {"sha256": content.sha256}
        async with self._transactions.begin() as connection:
            locked = (await connection.execute(_LOCKED, key)).one_or_none()
            needed = (await connection.execute(_STILL_NEEDED, key | {"closed_before": closed_before})).scalar_one()
            if locked is None or locked.erased_at is not None or needed:
                return False
            await files.delete(content.sha256)
            await connection.execute(_ERASE, {"its_sha256": content.sha256, "at": at})
            await connection.execute(_FORGET_LIKENESS, {"its_sha256": content.sha256})
            for number in content.numbers:
                await _note(connection, number, ERASED, {"sha256": content.sha256}, at)
        return True


async def pieces_of(connection: AsyncConnection, number: str) -> tuple[EvidencePiece, ...]:
    """Everything that was uploaded for, or named by, a case, oldest first."""
    rows = (await connection.execute(_PIECES, {"number": number})).mappings().all()
    return tuple(_piece(row) for row in rows)


async def piece_of(connection: AsyncConnection, number: str, sha256: str) -> EvidencePiece | None:
    row = (await connection.execute(_PIECE, {"number": number, "sha256": sha256})).mappings().one_or_none()
    return None if row is None else _piece(row)


def _piece(row: Mapping[str, Any]) -> EvidencePiece:
    return EvidencePiece(
        number=row["number"],
        ref=EvidenceRef(sha256=row["sha256"], media_type=row["media_type"], size_bytes=row["size_bytes"]),
        state=_state(row),
        findings=findings_of(row),
        scan=Scan(verdict=row["verdict"], signature=row["signature"]) if row["verdict"] else None,
        reused=row["reused"] or (),
        checked_at=row["checked_at"],
        erased_at=row["erased_at"],
    )


def _state(row: Mapping[str, Any]) -> PieceState:
    if row["erased_at"] is not None:
        return PieceState.ERASED
    if row["quarantined_at"] is not None:
        return PieceState.QUARANTINED
    return PieceState.KEPT if row["verdict"] else PieceState.UNCHECKED


async def _erasable(connection: AsyncConnection, sha256: str) -> ErasableContent:
    rows = await connection.execute(_HAVE_IT, {"sha256": sha256})
    return ErasableContent(sha256=sha256, numbers=tuple(row.number for row in rows))


async def _note(connection: AsyncConnection, number: str, action: str, facts: Mapping[str, str], at: datetime) -> None:
    entry = AuditEntry(
        number=number, at=at, actor="system", role="system", channel="system", action=action, facts=json.dumps(facts)
    )
    await AuditRows(connection).append_audit((entry,))
