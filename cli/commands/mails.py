"""`aftersales mails`: what the mail sink of an embedded stack has taken in, by its number in order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.commands.errors import CommandError
from cli.commands.parameters import DEFAULT_HOME, HomeOption, application_number
from cli.commands.screen import console, moment, plain, say, table, words
from cli.home import Home

if TYPE_CHECKING:
    from integrations.mail_folder import SinkMail

app = typer.Typer()


@app.callback(invoke_without_command=True)
def mails(
    context: typer.Context,
    number: Annotated[
        str | None,
        typer.Option(
            "--number", metavar="NUMBER", callback=application_number, help="Only the mails of this application."
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, show_default=True, help="At most so many, the latest.")] = 50,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Read the mails that were sent, as the mail sink keeps them."""
    if context.invoked_subcommand is not None:
        return
    kept = [(place, mail) for place, mail in enumerate(_read(home), start=1) if number in {None, mail.number}]
    if not kept:
        say(f"No mail of {number} was sent yet." if number else "No mail was sent yet.")
        return
    console().print(mail_table(kept[-limit:]))


@app.command()
def show(
    place: Annotated[int, typer.Argument(metavar="N", min=1, help="The mail's number in the list.")],
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show one mail whole."""
    kept = _read(home)
    if place > len(kept):
        raise CommandError(f"There is no mail {place}; {len(kept)} were sent so far, see `aftersales mails`.")
    say(mail_text(kept[place - 1]))


def mail_table(kept: Sequence[tuple[int, SinkMail]]) -> Table:
    """A line a mail."""
    shown = table("N", "Arrived", "Application", "Stage", "To", "Subject")
    for place, mail in kept:
        cells = (str(place), moment(mail.received_at), mail.number, words(mail.stage), mail.recipient, mail.subject)
        shown.add_row(*(plain(cell) for cell in cells))
    return shown


def mail_text(mail: SinkMail) -> str:
    """A mail as its reader gets it, without a frame: the links in it are there to be copied."""
    heads = {
        "Message-ID": mail.message_id,
        "From": mail.sender,
        "To": mail.recipient,
        "Date": moment(mail.received_at),
        "Subject": mail.subject,
    }
    top = "\n".join(f"{name}: {value}" for name, value in heads.items())
    return f"{top}\n\n{mail.body.strip()}"


def _read(home: Path) -> Sequence[SinkMail]:
    from integrations.mail_folder import read_mails  # noqa: PLC0415 - not needed for `--help`

    folder = Home(home).mails
    if not folder.is_dir():
        raise CommandError(
            f"No mails are kept in {folder}: no stack with a mail sink was started from there. Name its folder with "
            "--home; the mails of a case are listed by `aftersales show NUMBER`, too."
        )
    return read_mails(folder)
