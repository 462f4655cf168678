"""Passwords of the staff: which ones are taken, and their argon2 hashes (RFC 9106).

A hash takes 64 MiB and some hundredths of a second of a thread; of many at once a few are made, the others wait.
"""

from __future__ import annotations

import asyncio
import secrets
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from storage.errors import StorageError

SHORTEST: Final = 12
LONGEST: Final = 200
FEWEST_CHARACTERS: Final = 5
SHORTEST_NAME: Final = 4
"""Shorter ones stand in too many words."""
AT_ONCE: Final = 2
_COMMON: Final = Path(__file__).with_name("common_passwords.txt")


class PasswordRefusedError(StorageError):
    """Somebody would guess it; `str(error)` says what a better one is like."""


def refuse_weak(password: str, *names: str) -> None:
    """Raises PasswordRefusedError. `names`: what everybody knows of the person (ASVS 6.2)."""
    plain = password.casefold()
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefusedError(f"A password has {SHORTEST} to {LONGEST} characters; four words make a good one.")
    if any(name.casefold() in plain for each in names for name in each.split() if len(name) >= SHORTEST_NAME):
        raise PasswordRefusedError("The password contains the name; choose one that says nothing of the person.")
    if plain in _common() or len(set(plain)) < FEWEST_CHARACTERS:
        raise PasswordRefusedError("This password is among the first that anybody tries; choose another one.")


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text(encoding="utf-8").split())


class Passwords:
    """Makes and checks hashes. `hasher` has RFC 9106's parameters for little memory, unless a test wants less."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hashed(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, stored: str | None) -> bool:
        """Whether it is the password; without a hash never, after the same work (ASVS 6.3.8)."""
        async with self._turn:
            fits = await asyncio.to_thread(self._fits, password, stored or self._nobodys)
        return fits and stored is not None

    def _fits(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))
