"""Accounts for tests, with passwords whose hashes cost next to nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from aftersales.contract.values import Role
from storage.logins import LoginStore, LoginTerms
from storage.passwords import Passwords
from storage.staff import NewStaff, StaffBook

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PASSWORD = "lantern river tin piano"
ADMIN = "boss"
QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def newcomer(staff_id: str, *roles: Role, password: str = PASSWORD) -> NewStaff:
    return NewStaff(
        staff_id=staff_id,
        display_name=f"Person {staff_id}",
        mail=f"{staff_id}@shop.example",
        password=SecretStr(password),
        roles=frozenset(roles),
    )


async def staffed(engine: AsyncEngine, **people: Role) -> StaffBook:
    """A book with the admin `boss` and these people, a role each."""
    book = StaffBook(engine, QUICK)
    await book.add_first(newcomer(ADMIN, Role.ADMIN), NOW)
    for staff_id, role in people.items():
        await book.add(newcomer(staff_id, role), ADMIN, NOW)
    return book


def logins_of(engine: AsyncEngine, idle_s: int = 1800, session_s: int = 36_000) -> LoginStore:
    return LoginStore(engine, QUICK, LoginTerms(timedelta(seconds=idle_s), timedelta(seconds=session_s)))
