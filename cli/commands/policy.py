"""`aftersales policy`: the rules by which applications are decided, written, checked and published (P2.1, P5.1)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from cli.commands.deployment import Deployment
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.policy_acts import Author
from cli.commands.policy_reading import compare, export_version, list_versions, show_version
from cli.commands.policy_shadow import shadow
from cli.commands.policy_test import back_test
from cli.commands.speaking import spoken_by

app = typer.Typer()
app.command("test")(back_test)
app.command()(shadow)

VersionArgument = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A name, a hash or its first digits, a packaged version, or a folder."),
]
NewFolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is not there yet, or empty.")]


@app.callback()
def policy() -> None:
    """Write, check, compare and publish the rules that applications are decided by."""


@app.command("list")
def list_(home: HomeOption = DEFAULT_HOME) -> None:
    """List all versions, and say which one is in force."""
    asyncio.run(list_versions(Deployment(home)))


@app.command()
def show(
    version: Annotated[str, typer.Argument(metavar="[VERSION]", help="By default the one in force.")] = "",
    sheet: Annotated[str, typer.Option("--sheet", metavar="NAME", help="This table alone, such as decision.")] = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show a version's tables, row by row."""
    asyncio.run(show_version(Deployment(home), version, sheet))


@app.command()
def diff(before: VersionArgument, after: VersionArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Show what the second version says otherwise than the first."""
    asyncio.run(compare(Deployment(home), before, after))


@app.command()
def export(version: VersionArgument, folder: NewFolderArgument, home: HomeOption = DEFAULT_HOME) -> None:
    """Write a version's files into a folder, to work on."""
    asyncio.run(export_version(Deployment(home), version, folder))


@app.command()
@spoken_by(Author)
def draft(
    author: Author,
    *,
    name: Annotated[str, typer.Option(help="What people call it, such as 2026-12-returns.")],
    note: Annotated[str, typer.Option(help="What it changes, and why.")],
) -> None:
    """Keep the files of a folder as a draft; for policy authors."""
    author.draft(name, note)


@app.command()
@spoken_by(Author)
def check(author: Author) -> None:
    """Check a version cell by cell; a draft without a fault may then be published. Exit status 1 for a fault."""
    author.check()


@app.command()
@spoken_by(Author)
def publish(
    author: Author,
    *,
    effective_from: Annotated[
        str, typer.Option("--from", metavar="WHEN", help="`now`, or a moment to come: 2026-12-01T00:00+08:00.")
    ],
) -> None:
    """Put a checked version in force; whoever wrote it cannot."""
    author.publish(effective_from)


@app.command()
@spoken_by(Author)
def withdraw(author: Author) -> None:
    """Take back a draft, or a version that is not in force yet."""
    author.withdraw()
