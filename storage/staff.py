"""The staff: accounts, what each of them may do, and their groups (P2.6). Every change is an entry of the staff log.

The log is the chain of hashes named `staff` (P6.3). An entry is appended before anything is looked at, which locks the
chain's end: changes follow upon each other, so that two admins cannot take each other's role at once.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field, SecretStr
from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.rows import AuditEntry
from aftersales.contract.values import STAFF_ROLES as GRANTABLE
from aftersales.contract.values import Frozen, OpaqueId, Role, Text
from storage.engine import Transactions, snapshots
from storage.errors import StorageError
from storage.passwords import Passwords, refuse_weak
from storage.rows.audit import AuditRows
from storage.rows.base import insert_if_new
from storage.rows.staff import StaffRows
from storage.tables import STAFF_ACCOUNTS, STAFF_GROUPS, STAFF_MEMBERS, STAFF_ROLES, STAFF_SESSIONS

LOG: Final = "staff"
CHANNEL: Final = "staff"
STAFF_ID: Final = re.compile(r"^[a-z0-9][a-z0-9._\-]*$")
GroupName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9\-]{0,31}$")]
_SEEN: Final = [STAFF_ACCOUNTS.c[name] for name in ("staff_id", "display_name", "mail", "active")]
_ACCOUNTS: Final = select(*_SEEN).order_by(STAFF_ACCOUNTS.c.staff_id)
_ACCOUNT: Final = _ACCOUNTS.where(STAFF_ACCOUNTS.c.staff_id == bindparam("staff_id"))


class StaffError(StorageError):
    """A change of the staff that is not made; `str(error)` says why and what to do."""


class _UnchangedError(Exception):
    """It is so already: nothing is changed, and nothing is to be noted."""


class Staff(Frozen):
    """Somebody of the shop's people, with what they may do now."""

    staff_id: OpaqueId
    display_name: str
    mail: str
    active: bool
    roles: frozenset[Role] = frozenset()
    groups: frozenset[str] = frozenset()


class NewStaff(Frozen):
    """Who is to get an account. `staff_id`: in small letters; it stands in logs, so an employee number does, too."""

    staff_id: Annotated[OpaqueId, Field(pattern=STAFF_ID.pattern)]
    display_name: Annotated[Text, Field(min_length=1, max_length=120)]
    mail: Annotated[Text, Field(max_length=254)] = ""
    password: SecretStr
    roles: frozenset[Role] = frozenset()


class StaffBook:
    """Accounts over one engine. `by` is an account that must hold the role admin at that moment.

    Every change raises StaffError: who asks is no admin, there is nobody of that name, nobody would be left who can
    give roles. What is so already stays, and no entry says that it was changed.
    """

    def __init__(self, engine: AsyncEngine, passwords: Passwords) -> None:
        self._transactions = Transactions(engine)
        self._engine = snapshots(engine)
        self._passwords = passwords

    async def listed(self) -> tuple[Staff, ...]:
        """Everybody, by their ids."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_ACCOUNTS)).mappings().all()
            return tuple([await _with_roles(connection, row) for row in rows])

    async def find(self, staff_id: str) -> Staff | None:
        async with self._engine.connect() as connection:
            return await account_of(connection, staff_id)

    async def has_admin(self) -> bool:
        """Whether anybody can give roles."""
        async with self._engine.connect() as connection:
            return await _has_admin(connection)

    async def groups(self) -> tuple[str, ...]:
        async with self._engine.connect() as connection:
            return tuple((await connection.execute(select(STAFF_GROUPS.c.name).order_by("name"))).scalars())

    async def add_first(self, new: NewStaff, at: datetime) -> None:
        """The first admin, by whoever has the database. Raises StaffError if there is one, PasswordRefusedError."""
        if Role.ADMIN not in new.roles:
            raise StaffError("The first account is an admin's, for nobody else can give roles: add the role admin.")
        hashed = await self._hashed(new.password, new.staff_id, new.display_name)
        async with self._transactions.begin() as connection:
            await note(connection, "staff_added", at, staff=new.staff_id, roles=sorted(new.roles))
            if await _has_admin(connection):
                raise StaffError("There is an admin already: log in as one, or ask one.")
            await _insert(connection, new, hashed, at)

    async def add(self, new: NewStaff, by: str, at: datetime) -> None:
        """Raises PasswordRefusedError, too."""
        hashed = await self._hashed(new.password, new.staff_id, new.display_name)
        facts = {"staff": new.staff_id, "roles": sorted(new.roles)}
        async with self._change("staff_added", by, at, facts) as connection:
            await _insert(connection, new, hashed, at)

    async def grant(self, staff_id: str, role: Role, by: str, at: datetime) -> None:
        """From now on."""
        _refuse_ungrantable(frozenset({role}))
        async with self._change("role_granted", by, at, {"staff": staff_id, "role": role}) as connection:
            await _require(connection, staff_id)
            _noted_if(await insert_if_new(connection, STAFF_ROLES, {"staff_id": staff_id, "role": role.value}))

    async def revoke(self, staff_id: str, role: Role, by: str, at: datetime) -> None:
        """At once: the next message that is recorded does not have it any more (ASVS 7.4.2)."""
        gone = delete(STAFF_ROLES).where(STAFF_ROLES.c.staff_id == staff_id, STAFF_ROLES.c.role == role.value)
        async with self._change("role_revoked", by, at, {"staff": staff_id, "role": role}) as connection:
            await _require(connection, staff_id)
            _noted_if((await connection.execute(gone)).rowcount == 1)
            await _refuse_without_admin(connection)

    async def set_active(self, staff_id: str, active: bool, by: str, at: datetime) -> None:
        """Disabling ends all logins at once; roles stay for the day on which the account is enabled again."""
        action = "staff_enabled" if active else "staff_disabled"
        async with self._change(action, by, at, {"staff": staff_id}) as connection:
            _noted_if((await _require(connection, staff_id)).active is not active)
            await _update(connection, staff_id, active=active, changed_at=at)
            await _end_sessions(connection, staff_id)
            await _refuse_without_admin(connection)

    async def set_password(self, staff_id: str, password: SecretStr, by: str, at: datetime) -> None:
        """One's own, or an admin anybody's; all logins of the account end. Raises PasswordRefusedError, too."""
        account = await self.find(staff_id)
        hashed = await self._hashed(password, staff_id, account.display_name if account else "")
        facts = {"staff": staff_id}
        async with self._change("password_changed", by, at, facts, own=by == staff_id) as connection:
            if not (await _require(connection, staff_id)).active and by == staff_id:
                raise StaffError(f"The account {staff_id} is disabled, so only an admin gives it a new password.")
            await _update(connection, staff_id, password_hash=hashed, changed_at=at)
            await _end_sessions(connection, staff_id)

    async def make_group(self, name: GroupName, by: str, at: datetime) -> None:
        async with self._change("group_made", by, at, {"group": name}) as connection:
            _noted_if(await insert_if_new(connection, STAFF_GROUPS, {"name": name}))

    async def join(self, name: str, staff_id: str, by: str, at: datetime) -> None:
        async with self._change("group_joined", by, at, {"staff": staff_id, "group": name}) as connection:
            await _require(connection, staff_id)
            known = await connection.execute(select(STAFF_GROUPS.c.name).where(STAFF_GROUPS.c.name == name))
            if known.one_or_none() is None:
                raise StaffError(f"There is no group {name}; make it first.")
            _noted_if(await insert_if_new(connection, STAFF_MEMBERS, {"name": name, "staff_id": staff_id}))

    async def leave(self, name: str, staff_id: str, by: str, at: datetime) -> None:
        gone = delete(STAFF_MEMBERS).where(STAFF_MEMBERS.c.name == name, STAFF_MEMBERS.c.staff_id == staff_id)
        async with self._change("group_left", by, at, {"staff": staff_id, "group": name}) as connection:
            await _require(connection, staff_id)
            _noted_if((await connection.execute(gone)).rowcount == 1)

    async def _hashed(self, password: SecretStr, *names: str) -> str:
        clear = password.get_secret_value()
        refuse_weak(clear, *names)
        return await self._passwords.hashed(clear)

    @asynccontextmanager
    async def _change(
        self, action: str, by: str, at: datetime, facts: Mapping[str, object], *, own: bool = False
    ) -> AsyncIterator[AsyncConnection]:
        """A transaction that is noted, by an admin; `own`: by anybody who is active, about themselves."""
        with suppress(_UnchangedError):
            async with self._transactions.begin() as connection:
                await note(connection, action, at, by=by, **facts)
                if not (own or await StaffRows(connection).holds_role(by, Role.ADMIN)):
                    raise StaffError(f"{by} is not an admin (any more), and only admins look after the staff. Ask one.")
                yield connection


async def note(connection: AsyncConnection, action: str, at: datetime, *, by: str = "", **facts: object) -> None:
    """An entry of the staff log; without `by`, what somebody with the database did, or nobody who is known."""
    actor, role, channel = (by, "staff", CHANNEL) if by else ("system", "system", "system")
    told = json.dumps(facts) if facts else ""
    entry = AuditEntry(number=LOG, at=at, actor=actor, role=role, channel=channel, action=action, facts=told)
    await AuditRows(connection).append_audit((entry,))


async def account_of(connection: AsyncConnection, staff_id: str) -> Staff | None:
    """The account with what it holds now."""
    row = (await connection.execute(_ACCOUNT, {"staff_id": staff_id})).mappings().one_or_none()
    return None if row is None else await _with_roles(connection, row)


async def _with_roles(connection: AsyncConnection, row: RowMapping) -> Staff:
    roles = select(STAFF_ROLES.c.role).where(STAFF_ROLES.c.staff_id == row["staff_id"])
    groups = select(STAFF_MEMBERS.c.name).where(STAFF_MEMBERS.c.staff_id == row["staff_id"])
    held = {
        "roles": frozenset((await connection.execute(roles)).scalars()),
        "groups": frozenset((await connection.execute(groups)).scalars()),
    }
    return Staff.model_validate({**row, **held})


async def _has_admin(connection: AsyncConnection) -> bool:
    admins = select(STAFF_ROLES.c.staff_id).join(STAFF_ACCOUNTS, STAFF_ACCOUNTS.c.staff_id == STAFF_ROLES.c.staff_id)
    of_today = admins.where(STAFF_ACCOUNTS.c.active, STAFF_ROLES.c.role == Role.ADMIN.value).limit(1)
    return (await connection.execute(of_today)).one_or_none() is not None


async def _refuse_without_admin(connection: AsyncConnection) -> None:
    if not await _has_admin(connection):
        raise StaffError("That would leave nobody who can give roles; make somebody else an admin first.")


def _refuse_ungrantable(roles: frozenset[Role]) -> None:
    if strange := roles - GRANTABLE:
        raise StaffError(f"The role {', '.join(sorted(strange))} is not one of the staff's.")


async def _insert(connection: AsyncConnection, new: NewStaff, password_hash: str, at: datetime) -> None:
    _refuse_ungrantable(new.roles)
    values = {
        "staff_id": new.staff_id,
        "display_name": new.display_name,
        "mail": new.mail,
        "password_hash": password_hash,
        "active": True,
        "created_at": at,
        "changed_at": at,
    }
    if not await insert_if_new(connection, STAFF_ACCOUNTS, values):
        raise StaffError(f"There is an account {new.staff_id} already; ids are never given twice.")
    if new.roles:
        await connection.execute(
            insert(STAFF_ROLES), [{"staff_id": new.staff_id, "role": role.value} for role in sorted(new.roles)]
        )


def _noted_if(changed: bool) -> None:
    """Raises _UnchangedError, by which the transaction is taken back, its entry included."""
    if not changed:
        raise _UnchangedError


async def _require(connection: AsyncConnection, staff_id: str) -> Staff:
    account = await account_of(connection, staff_id)
    if account is None:
        raise StaffError(f"There is no account {staff_id}; `aftersales staff list` shows those that exist.")
    return account


async def _update(connection: AsyncConnection, staff_id: str, **values: object) -> None:
    await connection.execute(update(STAFF_ACCOUNTS).where(STAFF_ACCOUNTS.c.staff_id == staff_id).values(**values))


async def _end_sessions(connection: AsyncConnection, staff_id: str) -> None:
    await connection.execute(delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.staff_id == staff_id))
