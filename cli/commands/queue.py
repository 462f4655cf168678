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
    from activities.ports import CaseRow

MOST: int = 1000


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
    console().print(case_table(cases, datetime.now(UTC)))


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
            plain(case.assignee or case.waits_for.value),
            due(case.due_at, now),
        )
    return shown
