"""`aftersales audit`: the operations log, who did what to which case; read, checked, exported (P6.3)."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from aftersales.contract.values import Role
from cli.commands.audit_files import LogFormat, LogWriter, opened
from cli.commands.audit_verifying import SEAL_KEYS, SEALS, seal_keys, verify
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError, MistypedError
from cli.commands.identity import speaker_of
from cli.commands.parameters import (
    DEFAULT_HOME,
    HomeOption,
    StaffActorOption,
    StaffRoleOption,
    application_number,
    confirm_erasing,
)
from cli.commands.screen import console, counted, say

# ruff: noqa: PLC0415 - the database takes a second to load, and `--help` does not need it

if TYPE_CHECKING:
    from storage.audit_export import LogExtract
    from storage.people import Person

BROKEN: Final = 1
_OWN_LOG: Final = re.compile("[a-z]{1,13}")
"""The name of a log that is about no case; application numbers have fourteen characters."""

DAY: Final = timedelta(days=1)
app = typer.Typer()


def log_name(typed: str | None) -> str | None:
    """An application number in its written form, or the name of a log of our own. Raises MistypedError."""
    return typed if typed and _OWN_LOG.fullmatch(typed) else application_number(typed)


LOG_HELP: Final = (
    "The application number (申请号), or a log of our own such as staff, people (erasures), policy, risk or breaker."
)
DATES: Final = ["%Y-%m-%d"]


@app.callback()
def audit() -> None:
    """Read, check and export the operations log; erase a person."""


@app.command()
def show(
    number: Annotated[str, typer.Argument(metavar="NUMBER", callback=log_name, help=LOG_HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, with facts and hashes.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show who did what to a case, as what, when, from what to what, and why."""
    asyncio.run(_show(Deployment(home), number, as_json=as_json))


async def _show(deployment: Deployment, number: str, *, as_json: bool) -> None:
    from cli.commands.audit_screen import log_as_json, log_table
    from storage.reading import Reading

    async with deployment.database() as engine:
        reading = Reading(engine)
        links, broken = await reading.log(number), await reading.verify_chain(number)
    if not links and broken is None:
        raise _no_log(number)
    if as_json:
        say(log_as_json(number, links, broken))
    else:
        console().print(log_table(links, broken))


def _no_log(number: str) -> CommandError:
    return CommandError(f"There is no log {number} in the database. Check the number.")


@app.command("verify")
def verify_command(
    number: Annotated[str | None, typer.Argument(metavar="[NUMBER]", callback=log_name, help=LOG_HELP)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Check every log that there is.")] = False,
    seals: Annotated[
        str | None,
        typer.Option(
            "--seals", metavar="ADDRESS", envvar=SEALS, help="Where the daily seals lie: a folder, or s3://bucket/path."
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Find entries that were changed, removed, put in or cut off; exit status 1 if there are any."""
    if (number is None) is not everything:
        raise MistypedError("Name one log to check, or --all of them.")
    deployment = Deployment(home)
    asyncio.run(_verify(deployment, number, seals or deployment.own_seals()))


async def _verify(deployment: Deployment, number: str | None, address: str | None) -> None:
    keys = seal_keys(os.environ.get(SEAL_KEYS))
    async with deployment.database() as engine:
        verified = await verify(engine, number, address, keys)
    for sentence in verified.wrong:
        say(sentence)
    say(f"{counted(verified.entries, 'entry', 'entries')} checked. {verified.against}")
    if verified.wrong:
        be = "is" if len(verified.wrong) == 1 else "are"
        found = f"{counted(len(verified.wrong), 'thing')} {be} wrong"
        say(f"{found}; keep a copy of the database as it is before anything else.")
        raise typer.Exit(BROKEN)
    say(f"Every chain of hashes holds{'' if verified.vouched else ' in itself; no more is known'}.")


@app.command()
def export(
    log_format: Annotated[
        LogFormat, typer.Option("--format", show_default=True, help="jsonl: a JSON object a line; csv: a table.")
    ] = LogFormat.JSONL,
    since: Annotated[
        datetime | None, typer.Option("--since", metavar="DATE", formats=DATES, help="From that day on, UTC.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", metavar="DATE", formats=DATES, help="Up to that day and with it, UTC.")
    ] = None,
    number: Annotated[str | None, typer.Option("--number", metavar="NUMBER", callback=log_name, help=LOG_HELP)] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="A file that is not there yet.")] = None,
    excel: Annotated[bool, typer.Option("--excel", help="Begin CSV so that Excel reads it as UTF-8.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write the logs out, log by log, as JSON lines or CSV. It names people: keep it like the database itself."""
    from storage.audit_export import LogExtract

    if excel and log_format is not LogFormat.CSV:
        raise MistypedError("--excel goes with --format csv; JSON lines are UTF-8 and begin with nothing else.")
    first = since.replace(tzinfo=UTC) if since else None
    end = until.replace(tzinfo=UTC) + DAY if until else None
    if first and end and first >= end:
        raise MistypedError("--since is not before the end of --until: nothing lies between them.")
    asyncio.run(_export(Deployment(home), LogExtract(number, first, end), log_format, out, bom=excel))


async def _export(
    deployment: Deployment, extract: LogExtract, log_format: LogFormat, out: Path | None, *, bom: bool
) -> None:
    from storage.audit_export import extracted
    from storage.reading import Reading

    written = 0
    async with deployment.database() as engine:
        if extract.number is not None and not await Reading(engine).log(extract.number):
            raise _no_log(extract.number)
        with opened(out) as file:
            writer = LogWriter(file, log_format, bom=bom)
            async for links in extracted(engine, extract):
                writer.write(links)
                written += len(links)
    if out is not None:
        say(f"{counted(written, 'entry', 'entries')} written to {out}.")


@app.command("erase-person")
def erase_person(
    person_id: Annotated[str, typer.Argument(metavar="ID", help="Whose name, addresses and texts are to go.")],
    staff: Annotated[bool, typer.Option("--staff", help="Somebody of the staff; else it is a customer.")] = False,
    actor: StaffActorOption = None,
    role: StaffRoleOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Erase a person for good; what was paid and what was decided stays, and every chain of hashes holds."""
    from storage.people import Kind, Person

    if role not in (None, Role.ADMIN):
        raise CommandError(f"The role {role.value} may not erase anything; an admin may.")
    confirm_erasing(f"Erase the name, the addresses and all texts of {person_id} for good?", said=yes)
    person = Person(Kind.STAFF if staff else Kind.CUSTOMER, person_id)
    asyncio.run(_erase(Deployment(home), person, actor))


async def _erase(deployment: Deployment, person: Person, actor: str | None) -> None:
    from storage.erasure import Eraser, PersonErasure
    from storage.people import erased_person

    speaker = await speaker_of(deployment, actor, Role.ADMIN, ())
    async with deployment.database() as engine:
        erased = await PersonErasure(engine).erase(
            person, Eraser(speaker.actor, speaker.role.value, speaker.channel), datetime.now(UTC)
        )
    shown = f" The logs show {erased_person(erased.pseudonym)} instead." if erased.pseudonym else ""
    cases = f", and what was written in {', '.join(erased.cases)}" if erased.cases else ""
    say(f"Erased: {person.person_id}{cases}.{shown}")
