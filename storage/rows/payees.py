"""Destinations as steps see them: masked (P3.2)."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from activities.ports import KeptPayee
from storage.rows.base import Rows
from storage.tables import PAYEES

_SEEN = [PAYEES.c[name] for name in KeptPayee.model_fields]
_PAYEE = select(*_SEEN).where(PAYEES.c.token == bindparam("token"), PAYEES.c.erased_at.is_(None))


class PayeeRows(Rows):
    """See `activities.ports.Unit`."""

    async def payee(self, token: str) -> KeptPayee | None:
        row = (await self._connection.execute(_PAYEE, {"token": token})).mappings().one_or_none()
        return None if row is None else KeptPayee(**row)
