"""Seals of the operations log in an object store, away from the database: a file a day, written once (P6.3).

What stands in a file says `integrations.seal_format`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Annotated, Final, NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, from_url
from pydantic import AfterValidator

from activities.ports import Seal, SealedHead
from integrations.links import LinkKey, refuse_repeated
from integrations.seal_format import FIRST_PREVIOUS, FORMAT, Lines, Reading, SealBrokenError

BATCH: Final = 1000
_IN_MEMORY_BYTES: Final = 8_000_000
_TRAILER_BYTES: Final = 1000
"""More than the last line of any file; the reading of a seal before begins so far from its end."""

_SUFFIX: Final = ".jsonl"

Take = Callable[[Sequence[SealedHead]], Awaitable[None]]


def _each_id_once(keys: tuple[LinkKey, ...]) -> tuple[LinkKey, ...]:
    refuse_repeated([key.key_id for key in keys])
    return keys


SealKeys = Annotated[tuple[LinkKey, ...], AfterValidator(_each_id_once)]
"""As a setting: the first one signs, all are known when a seal is checked."""


class SealAddressError(Exception):
    """Where seals are to lie cannot be used."""

    def __init__(self, why: Exception) -> None:
        reason = str(why).partition("\n")[0]
        super().__init__(
            f"Seals cannot be kept there ({reason}). Name a folder or an address such as s3://bucket/path, apart from "
            "the database and its backups."
        )


class SealFault(NamedTuple):
    """What is wrong with the seal of a day."""

    day: str
    why: str


class SealFiles:
    """Implements `activities.ports.Seals`."""

    def __init__(self, bucket: ObjectStore, keys: Sequence[LinkKey] = ()) -> None:
        self._bucket = bucket
        self._keys = {key.key_id: key.secret.get_secret_value().encode() for key in keys}
        self._signer = keys[0].key_id if keys else ""

    async def days(self) -> list[date]:
        """The days that have a seal, oldest first; files of other names are none of ours."""
        listed = obstore.list(self._bucket)
        days = [_day_of(each["path"]) async for batch in listed for each in batch]
        return sorted(day for day in days if day)

    async def has(self, day: date) -> bool:
        try:
            await obstore.head_async(self._bucket, _place(day))
        except FileNotFoundError:
            return False
        return True

    async def write(self, day: date, at: datetime, batches: AsyncIterator[Sequence[SealedHead]]) -> None:
        """Raises SealBrokenError if the seal before cannot be followed upon."""
        previous = await self._seal_before(day)
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as file:
            lines = Lines(file)
            lines.write({"at": at.isoformat(), "day": day.isoformat(), "format": FORMAT, "previous": previous})
            async for batch in batches:
                for head in batch:
                    lines.write(head._asdict())
            seal = lines.digest()
            lines.write({"heads": lines.written - 1, "seal": seal, **self._signature(seal)})
            file.seek(0)
            with suppress(AlreadyExistsError):
                # Create-only knows no upload in parts; a million lines are some 130 MB.
                await obstore.put_async(self._bucket, _place(day), file, mode="create", use_multipart=False)

    async def read(self, day: date, take: Take) -> Seal:
        """A seal of ours, its heads given to `take` once all of it holds. Raises SealBrokenError, also for one that
        somebody else put there: with keys, a seal that none of them signed; FileNotFoundError."""
        seal = await self._read(day, _nothing)
        if self._keys and seal.key_id not in self._keys:
            raise SealBrokenError(day.isoformat(), "it was there already, and is not signed with a key of ours")
        return await self._read(day, take)

    async def _read(self, day: date, take: Take) -> Seal:
        reading = Reading(day)
        async for lines in self._line_batches(day):
            if heads := reading.take(lines):
                await take(heads)
        seal, mac = reading.seal()
        if seal.key_id in self._keys:
            ours = _mac(self._keys[seal.key_id], seal.seal)
            if not hmac.compare_digest(mac.encode(errors="replace"), ours.encode()):
                raise SealBrokenError(day.isoformat(), "its signature was not made with our key")
        return seal

    async def check(self, take: Callable[[str, Sequence[SealedHead]], None]) -> tuple[list[Seal], list[SealFault]]:
        """All seals that hold, what they hold given to `take` with their day, and what is wrong with the others."""
        checked = _Checked(frozenset(self._keys))
        for day in await self.days():
            name = day.isoformat()

            async def taken(heads: Sequence[SealedHead], name: str = name) -> None:
                take(name, heads)

            try:
                seal = await self._read(day, _nothing)  # whole, before anything of it counts
                await self._read(day, taken)
            except SealBrokenError as error:
                checked.broken(SealFault(name, error.why))
            else:
                checked.add(seal)
        return checked.seals, checked.faults()

    def _signature(self, seal: str) -> dict[str, str]:
        if not self._signer:
            return {}
        return {"key_id": self._signer, "mac": _mac(self._keys[self._signer], seal)}

    async def _seal_before(self, day: date) -> str:
        before = [each for each in await self.days() if each < day]
        if not before:
            return FIRST_PREVIOUS
        place = _place(before[-1])
        size = (await obstore.head_async(self._bucket, place))["size"]
        start = max(0, size - _TRAILER_BYTES)
        tail = bytes(await obstore.get_range_async(self._bucket, place, start=start, end=size))
        try:
            return str(json.loads(tail.splitlines()[-1])["seal"])
        except (ValueError, LookupError, TypeError) as why:
            raise SealBrokenError(
                before[-1].isoformat(),
                "its last line is no seal; put back the file as it was written, `aftersales audit verify` checks it",
            ) from why

    async def _line_batches(self, day: date) -> AsyncIterator[list[bytes]]:
        found = await obstore.get_async(self._bucket, _place(day))
        rest = b""
        async for piece in found.stream():
            *lines, rest = (rest + bytes(piece)).split(b"\n")
            for start in range(0, len(lines), BATCH):
                yield lines[start : start + BATCH]
        if rest:
            yield [rest]


class _Checked:
    """Seals one after the other, each following upon the one before it."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.seals: list[Seal] = []
        self._faults: list[SealFault] = []
        self._keys = keys
        self._previous: str | None = FIRST_PREVIOUS
        self._unsigned: list[SealFault] = []
        self._signed = False

    def broken(self, fault: SealFault) -> None:
        self._faults.append(fault)
        self._previous = None

    def add(self, seal: Seal) -> None:
        day = seal.day.isoformat()
        if self._previous not in (None, seal.previous):
            self._faults.append(
                SealFault(day, "it does not follow upon the seal before it: one was removed or changed")
            )
        self._previous = seal.seal
        self.seals.append(seal)
        if seal.key_id in self._keys:
            if not self._signed:
                self._unsigned.clear()  # they are from before there was this key, and it holds them
            self._signed = True
        elif self._keys:
            why = f"it is signed with the key {seal.key_id}, which was not given" if seal.key_id else "it is not signed"
            self._unsigned.append(SealFault(day, why))

    def faults(self) -> list[SealFault]:
        return sorted([*self._faults, *self._unsigned])


async def _nothing(_: Sequence[SealedHead]) -> None:
    """Takes nothing."""


def _mac(secret: bytes, seal: str) -> str:
    return hmac.new(secret, seal.encode(), hashlib.sha256).hexdigest()


def _place(day: date) -> str:
    return f"{day.isoformat()}{_SUFFIX}"


def _day_of(place: str) -> date | None:
    try:
        day = date.fromisoformat(place.removesuffix(_SUFFIX))
    except ValueError:
        return None
    return day if _place(day) == place else None


def open_seals(address: str, keys: Sequence[LinkKey] = (), *, make: bool = True) -> SealFiles:
    """The seals at a folder's path or a URL (`memory:///`, `file:///…`, `s3://…`; keys from `AWS_*`). `make`: a folder
    that is not there is made.

    Raises SealAddressError.
    """
    try:
        return SealFiles(_bucket(address, make=make), keys)
    except (BaseError, OSError, ValueError) as why:
        raise SealAddressError(why) from why


def _bucket(address: str, *, make: bool) -> ObjectStore:
    if "://" not in address:
        return LocalStore(Path(address).absolute(), mkdir=make)
    return from_url(address)
