"""`aftersales doctor`: what this machine has of what the product needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import typer
from rich.table import Table
from rich.text import Text

from cli.commands.screen import console, plain, say, table
from cli.servers.doctor import Finding, examine


def doctor() -> None:
    """Say what is missing on this machine and how to get it.

    Ends with status 1 if something is missing that the product cannot run without.
    """
    findings = asyncio.run(examine())
    console().print(findings_table(findings))
    missing = [finding.name for finding in findings if finding.needed and not finding.found]
    if missing:
        say(f"The product cannot run here yet: {', '.join(missing)}.")
        raise typer.Exit(1)
    say("Everything that the product needs is here.")


def findings_table(findings: Sequence[Finding]) -> Table:
    """A line for each thing looked for; what is missing says how it is got."""
    shown = table("What", "Found", "Where, or how to get it")
    for finding in findings:
        shown.add_row(
            plain(finding.name), _found(finding), plain(finding.where if finding.found else finding.how_to_get_it)
        )
    return shown


def _found(finding: Finding) -> Text:
    if finding.found:
        return Text("yes", style="green")
    return Text("no, and needed", style="bold red") if finding.needed else Text("no", style="yellow")
