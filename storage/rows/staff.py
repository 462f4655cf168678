"""Which role an account of ours holds at this moment, as a step sees it (ASVS 7.4.2)."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from aftersales.contract.values import Role
from storage.rows.base import Rows
from storage.tables import STAFF_ACCOUNTS, STAFF_ROLES

_HOLDS = (
    select(STAFF_ROLES.c.role)
    .join(STAFF_ACCOUNTS, STAFF_ACCOUNTS.c.staff_id == STAFF_ROLES.c.staff_id)
    .where(
        STAFF_ACCOUNTS.c.active,
        STAFF_ROLES.c.staff_id == bindparam("staff_id"),
        STAFF_ROLES.c.role == bindparam("role"),
    )
)


class StaffRows(Rows):
    """See `activities.ports.Unit`."""

    async def holds_role(self, staff_id: str, role: Role) -> bool:
        found = await self._connection.execute(_HOLDS, {"staff_id": staff_id, "role": role.value})
        return found.one_or_none() is not None
