"""`aftersales queue`: the cases that wait for people, the next deadline first."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from cli.commands.deployment import Deployment
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.screen import amount, console, due, plain, say, status, table, words

if TYPE_CHECKING:
    from activities.rows import CaseRow

MOST: int = 1000
WIDE: int = 120
"""From so many columns on a case has its line for itself."""


def queue(
    home: HomeOption = DEFAULT_HOME,
    everything: Annotated[bool, typer.Option("--all", help="All cases, newest first, whoever they wait for.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, show_default=True, help="At most so many.")] = 50,
) -> None:
    """List the cases that wait for somebody of the staff."""
    asyncio.run(_queue(Deployment(home), limit, everything=everything))


async def _queue(deployment: Deployment, limit: int, *, everything: bool) -> None:
    from storage.reading import Reading  # noqa: PLC0415 - not needed for `--help`

    async with deployment.database() as engine:
        reading = Reading(engine)
        cases = await (reading.cases(limit=limit) if everything else reading.queue(limit=limit))
    if not cases:
        say("There is no case yet." if everything else "No case waits for the staff.")
        return
    out = console()
    arranged = case_table if out.width >= WIDE else narrow_case_table
    out.print(arranged(cases, datetime.now(UTC)))


def case_table(cases: tuple[CaseRow, ...], now: datetime) -> Table:
    """A line a case."""
    shown = table("Number", "Order", "Reason", "Amount", "Status", "Waits for", "Until")
    for case in cases:
        application = case.start.application
        shown.add_row(
            case.number,
            plain(application.order_id),
            words(application.reason.value),
            amount(case.amount),
            status(case.status),
            plain(_whose(case, now)),
            due(case.due_at, now),
        )
    return shown


def _whose(case: CaseRow, now: datetime) -> str:
    who = case.assignee or case.waits_for.value
    return f"{who}: {case.lease.holder}" if case.lease and case.lease.until > now else who


def narrow_case_table(cases: tuple[CaseRow, ...], now: datetime) -> Table:
    """Two lines a case, where one would cut every word in pieces."""
    shown = table("Number, order", "Reason, amount", "Status", "Waits for, until")
    for case in cases:
        application = case.start.application
        shown.add_row(
            plain(f"{case.number}\n{application.order_id}"),
            f"{words(application.reason.value)}\n{amount(case.amount)}",
            status(case.status),
            plain(f"{_whose(case, now)}\n{due(case.due_at, now)}"),
        )
    return shown
