"""`aftersales show`: where a case stands, once or at each change."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.commands.deployment import Deployment
from cli.commands.parameters import DEFAULT_HOME, HomeOption, NumberArgument
from cli.commands.screen import console


def show(
    number: NumberArgument,
    home: HomeOption = DEFAULT_HOME,
    follow: Annotated[bool, typer.Option("--follow", help="Write each change until the case has an outcome.")] = False,
    audit: Annotated[bool, typer.Option("--audit", help="Add the operations log, its chain checked.")] = False,
) -> None:
    """Show where a case stands and what it waits for."""
    asyncio.run(_show(Deployment(home), number, follow=follow, audit=audit))


async def _show(deployment: Deployment, number: str, *, follow: bool, audit: bool) -> None:
    if follow:
        await write_changes(deployment, number)
    await write_case(deployment, number, audit=audit)


async def write_changes(deployment: Deployment, number: str) -> None:
    """A line at each change of status, until the outcome; puts up with an absent worker for a minute."""
    from cli.commands.case_screen import view_line  # noqa: PLC0415 - not needed for `--help`

    client = await deployment.client()
    async for view in client.follow(number):
        console().print(view_line(view, datetime.now(UTC)), soft_wrap=True)


async def write_case(deployment: Deployment, number: str, *, audit: bool = False) -> None:
    """The case as the database has it; what is not there yet is asked of its workflow."""
    from cli.commands.audit_screen import log_table  # noqa: PLC0415
    from cli.commands.case_screen import case_panel, view_line  # noqa: PLC0415
    from storage.reading import Reading  # noqa: PLC0415

    async with deployment.database() as engine:
        reading = Reading(engine)
        record = await reading.case(number)
        broken = await reading.verify_chain(number) if audit else None
    if record is None:
        view = await (await deployment.client()).view(number)
        console().print(view_line(view, datetime.now(UTC)), soft_wrap=True)
        return
    console().print(case_panel(record, datetime.now(UTC)))
    if audit:
        console().print(log_table(record.audit, broken))
