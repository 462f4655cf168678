"""Logins of the staff: passwords tried, tokens that hold, and how long whoever fails must wait (ASVS 6.3, 7.2-7.4).

A try is counted before its password is looked at, and taken back when it fits: a hundred guesses at once are a hundred.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Delete, delete, insert, or_, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.engine import Transactions
from storage.errors import StorageError
from storage.passwords import Passwords
from storage.rows.base import insert_if_new, update_row
from storage.staff import STAFF_ID, Staff, account_of, note
from storage.tables import LOGIN_ATTEMPTS, STAFF_ACCOUNTS, STAFF_SESSIONS

TOKEN_BYTES: Final = 32
FORGOTTEN_AFTER: Final = timedelta(days=1)
LONGEST_WAIT_S: Final = 300
FREE_BY_ACCOUNT: Final = 5
FREE_BY_ADDRESS: Final = 20
"""Failures before the first wait; many people may stand behind one address."""

_NOTED_EVERY: Final = timedelta(seconds=30)
"""So often the last use is written down: a hundredth of what idleness is measured in."""


class LoginRefusedError(StorageError):
    """Name and password do not go together, or the account is disabled; which of them nobody is told."""

    def __init__(self) -> None:
        super().__init__("This name and password do not open an account. Check both; an admin can set a new password.")


class TooManyLoginsError(StorageError):
    """Tried too often; in `wait_s` seconds there is another try."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"This was tried too often; try again in {wait_s} seconds.")
        self.wait_s = wait_s


class Login(NamedTuple):
    """A new login. The token is told here and kept nowhere."""

    token: str
    expires_at: datetime
    staff: Staff


class Session(NamedTuple):
    """A login that holds, with what its account may do now. `authenticated_at`: when the password was given."""

    staff: Staff
    authenticated_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class LoginTerms:
    """How long a login holds unused, and at all."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=10)


class LoginStore:
    """Logins over one engine; every one of them, and every failure, is an entry of the staff log."""

    def __init__(self, engine: AsyncEngine, passwords: Passwords, terms: LoginTerms | None = None) -> None:
        self._transactions = Transactions(engine)
        self._engine = engine
        self._passwords = passwords
        self._terms = terms or LoginTerms()

    async def log_in(self, name: str, password: str, address: str, at: datetime) -> Login:
        """A new token for whoever has the password. Raises LoginRefusedError, TooManyLoginsError."""
        staff_id = name.strip().lower()
        allowances = {_mark("account", staff_id): FREE_BY_ACCOUNT, _mark("address", address): FREE_BY_ADDRESS}
        async with self._transactions.begin() as connection:
            for whose in sorted(allowances):
                await _count(connection, whose, allowances[whose], at)
        async with self._engine.connect() as connection:
            stored = await _stored(connection, staff_id) if STAFF_ID.fullmatch(staff_id) else None
        fits = await self._passwords.fits(password, stored.password_hash if stored else None)
        login = await self._open(staff_id, stored, address, at) if stored and stored.active and fits else None
        if login is None:
            await self._fail(staff_id if stored else "", at)
            raise LoginRefusedError
        return login

    async def recognised(self, token: str, at: datetime) -> Session | None:
        """Whose login it is, if it holds now and the account is active; it is noted as used."""
        query = select(STAFF_SESSIONS).where(STAFF_SESSIONS.c.token_hash == _hash(token))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            staff = await account_of(connection, row["staff_id"]) if row else None
        if row is None or staff is None or not staff.active or self._over(row, at):
            return None
        if at >= row["used_at"] + _NOTED_EVERY:
            async with self._transactions.begin() as connection:
                await connection.execute(
                    update(STAFF_SESSIONS).where(STAFF_SESSIONS.c.token_hash == row["token_hash"]).values(used_at=at)
                )
        return Session(staff, row["authenticated_at"], min(row["expires_at"], at + self._terms.idle))

    async def log_out(self, token: str, at: datetime) -> bool:
        """End the login; False if there is none under that token."""
        ended = delete(STAFF_SESSIONS).where(STAFF_SESSIONS.c.token_hash == _hash(token))
        async with self._transactions.begin() as connection:
            staff_id = (await connection.execute(ended.returning(STAFF_SESSIONS.c.staff_id))).scalar_one_or_none()
            if staff_id:
                await note(connection, "logged_out", at, by=staff_id)
        return staff_id is not None

    def _over(self, row: RowMapping, at: datetime) -> bool:
        return bool(at >= row["expires_at"] or at >= row["used_at"] + self._terms.idle)

    async def _fail(self, staff_id: str, at: datetime) -> None:
        """What was typed as an unknown name is not noted: it may be a password."""
        async with self._transactions.begin() as connection:
            await connection.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.forgotten_at <= at))
            await note(connection, "login_failed", at, **({"staff": staff_id} if staff_id else {}))

    async def _open(self, staff_id: str, known: _Stored, address: str, at: datetime) -> Login | None:
        """None if the account was changed while its password was looked at."""
        token, expires_at = secrets.token_urlsafe(TOKEN_BYTES), at + self._terms.longest
        async with self._transactions.begin() as connection:
            await note(connection, "logged_in", at, by=staff_id)
            staff = await account_of(connection, staff_id)
            if staff is None or await _stored(connection, staff_id) != known:
                await connection.rollback()
                return None
            await _take_back(connection, staff_id, address)
            await connection.execute(_all_over(at, self._terms.idle))
            moments = {"created_at": at, "authenticated_at": at, "used_at": at, "expires_at": expires_at}
            values = {"token_hash": _hash(token), "staff_id": staff_id, **moments}
            await connection.execute(insert(STAFF_SESSIONS), values)
        return Login(token, expires_at, staff)


class _Stored(NamedTuple):
    password_hash: str
    active: bool


async def _stored(connection: AsyncConnection, staff_id: str) -> _Stored | None:
    columns = STAFF_ACCOUNTS.c
    query = select(columns.password_hash, columns.active).where(columns.staff_id == staff_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _Stored(*row)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _mark(kind: str, whose: str) -> str:
    return _hash(f"{kind}:{whose}")


def _all_over(at: datetime, idle: timedelta) -> Delete:
    return delete(STAFF_SESSIONS).where(or_(STAFF_SESSIONS.c.expires_at <= at, STAFF_SESSIONS.c.used_at <= at - idle))


async def _count(connection: AsyncConnection, whose: str, free: int, at: datetime) -> None:
    """One try more, or TooManyLoginsError; the waits double up to five minutes."""
    start = {"whose": whose, "failures": 0, "not_before": at, "forgotten_at": at + FORGOTTEN_AFTER}
    await connection.execute(
        delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.whose == whose, LOGIN_ATTEMPTS.c.forgotten_at <= at)
    )
    await insert_if_new(connection, LOGIN_ATTEMPTS, start)
    query = select(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.whose == whose).with_for_update()
    row = (await connection.execute(query)).mappings().one()
    if at < row["not_before"]:
        raise TooManyLoginsError(math.ceil((row["not_before"] - at).total_seconds()))
    failures = row["failures"] + 1
    not_before = at + timedelta(seconds=_wait_s(failures, free))
    await update_row(connection, LOGIN_ATTEMPTS, start | {"failures": failures, "not_before": not_before})


def _wait_s(failures: int, free: int) -> int:
    over = failures - free
    return 0 if over < 0 else min(LONGEST_WAIT_S, 2 ** min(over, 16))


async def _take_back(connection: AsyncConnection, staff_id: str, address: str) -> None:
    """The account starts anew; of the address only this one try: one good account must not open it to guessing."""
    mine, addresses = _mark("account", staff_id), _mark("address", address)
    await connection.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.whose == mine))
    await connection.execute(
        update(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.whose == addresses).values(failures=LOGIN_ATTEMPTS.c.failures - 1)
    )
