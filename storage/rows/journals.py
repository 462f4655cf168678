"""Ledger and operations log (append only), mails, and the look-up of evidence."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, insert, select

from activities.rows import AuditEntry, Mail, Posting
from activities.types import Stage
from aftersales.contract.values import EvidenceRef
from storage.audit import START, Link, chained
from storage.errors import RowMissingError
from storage.rows.base import Rows, insert_if_new, update_row, upsert
from storage.rows.cases import money_of
from storage.tables import AUDIT, AUDIT_HEADS, EVIDENCE, LEDGER, MAILS

_POSTINGS = (
    select(LEDGER).where(LEDGER.c.number == bindparam("number")).order_by(LEDGER.c.posted_at, LEDGER.c.posting_id)
)
_HEAD = (
    select(AUDIT_HEADS.c.seq, AUDIT_HEADS.c.hash).where(AUDIT_HEADS.c.number == bindparam("number")).with_for_update()
)
_LOG = select(AUDIT).where(AUDIT.c.number == bindparam("number")).order_by(AUDIT.c.seq)
_APPEND = insert(AUDIT)
_MAILS = select(MAILS).where(MAILS.c.number == bindparam("number")).order_by(MAILS.c.created_at, MAILS.c.message_id)
_MAILS_OF_STAGE = _MAILS.where(MAILS.c.stage == bindparam("stage"), MAILS.c.round == bindparam("round"))
_INSERT_MAIL = insert(MAILS)


@cache
def _move_head(dialect: str) -> Insert:
    statement = upsert(dialect, AUDIT_HEADS)
    moved = {"seq": statement.excluded.seq, "hash": statement.excluded.hash}
    return statement.on_conflict_do_update(index_elements=[AUDIT_HEADS.c.number], set_=moved)


class LedgerRows(Rows):
    """See `activities.ports.Unit`."""

    async def post(self, posting: Posting) -> None:
        values: dict[str, Any] = dict(posting)
        del values["amount"]
        values |= {"amount_minor": posting.amount.minor, "currency": posting.amount.currency}
        await insert_if_new(self._connection, LEDGER, values)

    async def postings(self, number: str) -> tuple[Posting, ...]:
        rows = await self._connection.execute(_POSTINGS, {"number": number})
        return tuple(Posting(**row, amount=money_of(row)) for row in rows.mappings())


class AuditRows(Rows):
    """See `activities.ports.Unit`."""

    async def append_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        """The chain's end is locked, so two units that append to one case follow upon each other."""
        for number in dict.fromkeys(entry.number for entry in entries):
            await self._append(number, [entry for entry in entries if entry.number == number])

    async def log(self, number: str) -> tuple[AuditEntry, ...]:
        rows = await self._connection.execute(_LOG, {"number": number})
        return tuple(AuditEntry(**row) for row in rows.mappings())

    async def _append(self, number: str, entries: list[AuditEntry]) -> None:
        row = (await self._connection.execute(_HEAD, {"number": number})).one_or_none()
        links = chained(entries, START if row is None else Link(row.seq, row.hash))
        rows = [dict(link.entry) | {"seq": link.seq, "prev_hash": link.prev_hash, "hash": link.hash} for link in links]
        await self._connection.execute(_APPEND, rows)
        head = {"number": number, "seq": links[-1].seq, "hash": links[-1].hash}
        await self._connection.execute(_move_head(self._connection.dialect.name), head)


class MailRows(Rows):
    """See `activities.ports.Unit`."""

    async def mails(self, number: str, stage: Stage, round_: int) -> tuple[Mail, ...]:
        return await self._mails(_MAILS_OF_STAGE, {"number": number, "stage": stage, "round": round_})

    async def all_mails(self, number: str) -> tuple[Mail, ...]:
        return await self._mails(_MAILS, {"number": number})

    async def _mails(self, query: Select[Any], key: Mapping[str, object]) -> tuple[Mail, ...]:
        return tuple(Mail(**row) for row in (await self._connection.execute(query, key)).mappings())

    async def insert_mail(self, mail: Mail) -> None:
        await self._connection.execute(_INSERT_MAIL, dict(mail))

    async def update_mail(self, mail: Mail) -> None:
        """Raises `RowMissingError`."""
        if not await update_row(self._connection, MAILS, dict(mail)):
            raise RowMissingError(f"Mail {mail.message_id}")


class EvidenceRows(Rows):
    """See `activities.ports.Unit`."""

    async def evidence_known(self, refs: tuple[EvidenceRef, ...]) -> bool:
        """Whether each piece was taken in with just this hash, media type and size."""
        if not refs:
            return True
        query = select(EVIDENCE.c.sha256, EVIDENCE.c.media_type, EVIDENCE.c.size_bytes).where(
            EVIDENCE.c.sha256.in_([ref.sha256 for ref in refs])
        )
        known = {tuple(row) for row in await self._connection.execute(query)}
        return all((ref.sha256, ref.media_type, ref.size_bytes) in known for ref in refs)
