"""The ledger (append only), and mails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, bindparam, insert, select

from activities.rows import Mail, Posting
from activities.types import Stage
from storage.errors import RowMissingError
from storage.rows.base import Rows, insert_if_new, update_row
from storage.rows.cases import money_of
from storage.tables import LEDGER, MAILS

_POSTINGS = (
    select(LEDGER).where(LEDGER.c.number == bindparam("number")).order_by(LEDGER.c.posted_at, LEDGER.c.posting_id)
)
_MAILS = select(MAILS).where(MAILS.c.number == bindparam("number")).order_by(MAILS.c.created_at, MAILS.c.message_id)
_MAILS_OF_STAGE = _MAILS.where(MAILS.c.stage == bindparam("stage"), MAILS.c.round == bindparam("round"))
_INSERT_MAIL = insert(MAILS)


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
