"""Checking logs against their chains and the seals outside, and what is said about it (P6.3)."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.commands.audit_screen import broken_sentence
from cli.commands.errors import CommandError
from cli.commands.screen import counted

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from activities.ports import Seal, SealedHead
    from integrations.links import LinkKey
    from integrations.seals import SealFault
    from storage.audit_checks import AuditCheck, Checked
    from storage.seals import SealedEnds

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

SEALS: Final = "AFTERSALES_SEALS"
SEAL_KEYS: Final = "AFTERSALES_SEAL_KEYS"
_UNVOUCHED: Final = (
    "So nothing outside the database vouches for these logs: one that was cut off or written anew together with the "
    "record of its end does not show."
)


class Verified(NamedTuple):
    """`wrong`: a sentence for each thing that is wrong; `against`: what the logs were compared with; `vouched`: whether
    that was anything outside the database."""

    entries: int
    wrong: tuple[str, ...]
    against: str
    vouched: bool


class SealsRead(NamedTuple):
    """What the seals say, what is wrong with them, how that is told, and whether any holds."""

    ends: SealedEnds | None
    wrong: tuple[str, ...]
    told: str
    vouch: bool = False


def seal_keys(typed: str | None) -> tuple[LinkKey, ...]:
    """The keys of the setting. Raises CommandError."""
    from pydantic import TypeAdapter

    from integrations.seals import SealKeys

    try:
        return TypeAdapter(SealKeys).validate_json(typed) if typed else ()
    except ValueError as error:
        raise CommandError(
            f'{SEAL_KEYS} cannot be used; it is JSON such as [{{"key_id": "2026a", "secret": "..."}}] with secrets of '
            "at least 16 bytes, the same as the worker's."
        ) from error


async def verify(engine: AsyncEngine, number: str | None, address: str | None, keys: Sequence[LinkKey]) -> Verified:
    """One log, or all of them, with progress on standard error; `address`: where the seals lie, if anybody said so.

    Raises CommandError for seals that cannot be read.
    """
    from storage.audit_checks import AuditCheck
    from storage.seals import ChainEnds

    # Before the seals themselves: one that is made meanwhile is then only unknown, not missing.
    noted = await ChainEnds(engine).noted()
    read = await _read(address, keys, number, noted) if address else _unread(noted)
    check = AuditCheck(engine, read.ends)
    entries, wrong = 0, list(read.wrong)
    async for page in _progress(check, number):
        entries += page.entries
        wrong += [broken_sentence(broken) for broken in page.breaks]
    return Verified(entries, tuple(wrong), read.told, read.vouch)


async def _progress(check: AuditCheck, number: str | None) -> AsyncIterator[Checked]:
    if number is not None:
        yield await check.of(number)
        return
    columns = (TextColumn("checking entries"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("", total=await check.entries())
        async for page in check.all():
            progress.advance(task, page.entries)
            yield page


async def _read(address: str, keys: Sequence[LinkKey], number: str | None, noted: Mapping[str, str]) -> SealsRead:
    from obstore.exceptions import BaseError

    from integrations.seals import SealAddressError, open_seals
    from storage.seals import SealedEnds

    ends = SealedEnds()

    def take(day: str, heads: Sequence[SealedHead]) -> None:
        ends.add(day, [head for head in heads if number in (None, head.number)])

    try:
        found, faults = await open_seals(address, keys, make=False).check(take)
    except (SealAddressError, BaseError, OSError) as error:
        raise CommandError(f"The seals at {address} cannot be read. {error}") from error
    wrong = [f"The seal of {fault.day}: {fault.why}." for fault in faults]
    wrong += _missing(noted, found, faults)
    if not found:
        return SealsRead(ends, tuple(wrong), f"There is no seal at {address} that holds. {_UNVOUCHED}")
    unsigned = "" if keys else f" Signatures were not checked: {SEAL_KEYS} is not set."
    told = f"Compared with {counted(len(found), 'seal')}, the newest of {found[-1].day.isoformat()}.{unsigned}"
    return SealsRead(ends, tuple(wrong), told, vouch=True)


def _missing(noted: Mapping[str, str], found: Sequence[Seal], faults: Sequence[SealFault]) -> list[str]:
    """Seals that the database knows and that are not there as they were."""
    there = {seal.day.isoformat(): seal.seal for seal in found}
    known_wrong = {fault.day for fault in faults} - there.keys()
    return [
        f"The seal of {day}: it {'is another than the database knows' if day in there else 'is missing'}."
        for day, seal in noted.items()
        if day not in known_wrong and there.get(day) != seal
    ]


def _unread(noted: Mapping[str, str]) -> SealsRead:
    if not noted:
        return SealsRead(None, (), f"Nothing was ever sealed. {_UNVOUCHED} A worker that is told {SEALS} seals daily.")
    told = f"Seals were made up to {max(noted)}, and none was compared. {_UNVOUCHED}"
    return SealsRead(None, (), f"{told} Say with --seals or {SEALS} where they lie.")
