"""Who works here: accounts, roles, groups, logins (P2.6)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class StaffAccounts(Stored, table=True):
    """People of the shop. `staff_id` is what they log in with and what stands in proofs and logs, for ever."""

    staff_id: str = Field(primary_key=True)
    display_name: str
    mail: str
    password_hash: str
    active: bool
    created_at: datetime = Field(sa_type=UtcDateTime())
    changed_at: datetime = Field(sa_type=UtcDateTime())


class StaffRoles(Stored, table=True):
    """What an account holds now; a row that is gone counts no more from the next message on."""

    staff_id: str = Field(primary_key=True, foreign_key="staff_accounts.staff_id")
    role: str = Field(primary_key=True)


class StaffGroups(Stored, table=True):
    """Groups that a case can be handed to."""

    name: str = Field(primary_key=True)


class StaffMembers(Stored, table=True):
    name: str = Field(primary_key=True, foreign_key="staff_groups.name")
    staff_id: str = Field(primary_key=True, foreign_key="staff_accounts.staff_id")


class StaffSessions(Stored, table=True):
    """Logins that may still hold; the token itself is with the person alone. `expires_at`: however much it is used."""

    token_hash: str = Field(primary_key=True)
    staff_id: str = Field(index=True, foreign_key="staff_accounts.staff_id")
    created_at: datetime = Field(sa_type=UtcDateTime())
    authenticated_at: datetime = Field(sa_type=UtcDateTime())
    used_at: datetime = Field(sa_type=UtcDateTime())
    expires_at: datetime = Field(sa_type=UtcDateTime())


class LoginAttempts(Stored, table=True):
    """Tries that did not succeed, by account and by address. `whose` is a hash: people type passwords as names."""

    whose: str = Field(primary_key=True)
    failures: int
    not_before: datetime = Field(sa_type=UtcDateTime())
    forgotten_at: datetime = Field(index=True, sa_type=UtcDateTime())


STAFF_ACCOUNTS = table_of(StaffAccounts)
STAFF_ROLES = table_of(StaffRoles)
STAFF_GROUPS = table_of(StaffGroups)
STAFF_MEMBERS = table_of(StaffMembers)
STAFF_SESSIONS = table_of(StaffSessions)
LOGIN_ATTEMPTS = table_of(LoginAttempts)
