"""`aftersales up`: the whole service on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from cli.commands.errors import CommandError
from cli.commands.parameters import DEFAULT_HOME
from cli.commands.screen import say, span
from cli.home import Home, HomeError

if TYPE_CHECKING:
    from cli.stack import Stack

ALL_CASES: Final = "WorkflowType = 'RefundCase'"
LOOK_EVERY_S: Final = 1.0


def up(
    home: Annotated[
        Path,
        typer.Option(metavar="FOLDER", envvar="AFTERSALES_HOME", show_default=True, help="Where it keeps its state."),
    ] = DEFAULT_HOME,
    time_scale: Annotated[
        float,
        typer.Option(
            metavar="FACTOR", show_default=True, help="Shorten every wait of the policy; 0.001 makes a day 86 s."
        ),
    ] = 1.0,
    headless: Annotated[bool, typer.Option("--headless", help="Without Temporal's Web UI.")] = False,
    any_ports: Annotated[
        bool, typer.Option("--any-ports", help="Take any free ports; for several stacks on one machine.")
    ] = False,
) -> None:
    """Start the whole service on this machine, until Ctrl-C.

    Temporal's dev server with its Web UI, the payment sandbox, a mail sink, the portal and a worker. The usual ports
    are taken where they are free. With TEMPORAL_ADDRESS or AFTERSALES_DATABASE_URL set, that server or database is
    used instead of one of its own.
    """
    if not 0 < time_scale <= 1:
        raise CommandError(f"--time-scale {time_scale:g} cannot be used: it is above 0 and at most 1.")
    asyncio.run(_up(Home(home), time_scale, headless=headless, usual_ports=not any_ports))


async def _up(home: Home, time_scale: float, *, headless: bool, usual_ports: bool) -> None:
    from cli.stack import StackOptions, running_stack  # noqa: PLC0415 - two seconds, and not needed for `--help`

    await refuse_second_stack(home)
    options = StackOptions(
        home,
        time_scale=time_scale,
        temporal=os.environ.get("TEMPORAL_ADDRESS") or None,
        database_url=os.environ.get("AFTERSALES_DATABASE_URL") or None,
        headless=headless,
        usual_ports=usual_ports,
    )
    cancel_when_told(asyncio.current_task())
    try:
        async with running_stack(options, say) as stack:
            for line in welcome(stack):
                say(line)
            await watch(stack)
    except asyncio.CancelledError:
        say("Everything has stopped.")


async def refuse_second_stack(home: Home) -> None:
    """Raises HomeError if a stack runs from this folder: two would write the same files."""
    from cli.servers.probes import tcp_answers  # noqa: PLC0415 - not needed for `--help`

    try:
        temporal = home.addresses().temporal
    except HomeError:
        return
    host, _, port = temporal.rpartition(":")
    if await tcp_answers(host, int(port)):
        raise HomeError(
            f"A stack runs from {home.folder} already (Temporal at {temporal}). Use it, stop it, or name another "
            "folder with --home."
        )


def cancel_when_told(task: asyncio.Task[None] | None) -> None:
    """SIGTERM and Ctrl-C end `task` once, in whatever it does; told again, the clean-up still goes on."""
    loop, told = asyncio.get_running_loop(), False

    def cancel() -> None:
        nonlocal told
        if task is not None and not told:
            told = True
            task.cancel()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, cancel)


async def watch(stack: Stack) -> None:
    """Wait for ever. Raises CommandError if a part of the stack ends by itself."""
    while True:
        parts = [stack.worker, stack.portal, stack.sandbox, stack.mail_sink]
        parts += [stack.dev_server.child] if stack.dev_server else []
        for part in parts:
            if not part.running:
                raise CommandError(
                    f"The {part.name} has ended by itself (exit code {part.exit_code}), so everything is stopped. "
                    f"Its log is {part.log}; the last lines:\n{part.log_tail()}"
                )
        await asyncio.sleep(LOOK_EVERY_S)


def welcome(stack: Stack) -> Iterator[str]:
    """Where everything is, and how to go on."""
    addresses, options = stack.addresses, stack.options
    yield f"The service runs from {options.home.folder}; Ctrl-C stops all of it."
    if addresses.ui:
        yield f"  Cases     {case_list(addresses.ui)}"
    yield f"  Temporal  {addresses.temporal}"
    yield f"  Portal    {addresses.portal}"
    yield f"  Sandbox   {addresses.sandbox}"
    yield f"  Mails     {options.home.mails}"
    yield f"  Logs      {options.home.logs}"
    if options.time_scale < 1:
        day = timedelta(days=1) * options.time_scale
        yield f"Waits are shortened: a day of the policy takes {span(day)}."
    yield "Go on in another terminal: aftersales orders import FILE, aftersales apply --help, aftersales queue"


def case_list(ui: str) -> str:
    """The Web UI's list, filtered to the product's cases."""
    return f"{ui}/namespaces/default/workflows?query={quote(ALL_CASES)}"
