"""`aftersales up`: the whole service on this machine."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

import typer

from cli.commands.calling import calling
from cli.commands.errors import CommandError
from cli.commands.parameters import DEFAULT_HOME, StateOption
from cli.commands.screen import say, span
from cli.home import Home

if TYPE_CHECKING:
    from cli.stack import Stack, StackOptions

ALL_CASES: Final = "WorkflowType = 'RefundCase'"
LOOK_EVERY_S: Final = 1.0


def up(
    home: StateOption = DEFAULT_HOME,
    time_scale: Annotated[
        float,
        typer.Option(
            metavar="FACTOR",
            show_default=True,
            help="Shorten every wait of the policy for people and windows; 0.001 makes a day 86 s.",
        ),
    ] = 1.0,
    order_lookup: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=1,
            max=86_400,
            help="How long an order that the shop does not know yet is looked up again; by default as the policy says.",
        ),
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Without Temporal's Web UI.")] = False,
    any_ports: Annotated[
        bool, typer.Option("--any-ports", help="Take any free ports; for several stacks on one machine.")
    ] = False,
) -> None:
    """Start the whole service on this machine, until Ctrl-C.

    Temporal's dev server with its Web UI, the payment sandbox, a mail sink, the portal and a worker.

    The usual ports are taken where they are free.

    With TEMPORAL_ADDRESS or AFTERSALES_DATABASE_URL set, that server or database is used instead of its own one.
    """
    if not 0 < time_scale <= 1:
        raise CommandError(f"--time-scale {time_scale:g} cannot be used: it is above 0 and at most 1.")
    from cli.stack import StackOptions  # noqa: PLC0415 - two seconds, and not needed for `--help`

    options = StackOptions(
        Home(home),
        time_scale=time_scale,
        order_lookup_s=order_lookup,
        temporal=os.environ.get("TEMPORAL_ADDRESS") or None,
        database_url=os.environ.get("AFTERSALES_DATABASE_URL") or None,
        headless=headless,
        usual_ports=not any_ports,
        vouches=False,
    )
    asyncio.run(_up(options))


async def _up(options: StackOptions) -> None:
    from cli.stack import running_stack  # noqa: PLC0415

    cancel_when_told(asyncio.current_task())
    try:
        async with running_stack(options, say) as stack:
            for line in welcome(stack):
                say(line)
            await watch(stack)
    except asyncio.CancelledError:
        say("Everything has stopped.")


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
    from storage.engine import checked_url  # noqa: PLC0415

    addresses, options = stack.addresses, stack.options
    yield f"The service runs from {options.home.folder}; Ctrl-C stops all of it."
    if addresses.ui:
        yield f"  Cases     {case_list(addresses.ui)}"
    yield f"  Temporal  {addresses.temporal}"
    yield f"  Portal    {addresses.portal}"
    yield f"  Sandbox   {addresses.sandbox}"
    if options.database_url:
        yield f"  Database  {checked_url(options.database_url).render_as_string(hide_password=True)}"
    yield f"  Mails     {options.home.mails}"
    yield f"  Logs      {options.home.logs}"
    if options.time_scale < 1:
        day = timedelta(days=1) * options.time_scale
        yield f"Waits are shortened: a day of the policy takes {span(day)}."
    if options.order_lookup_s:
        seconds = span(timedelta(seconds=options.order_lookup_s))
        yield f"An order that the shop does not know is looked up again for {seconds} only."
    call = calling(options.home.folder)
    if not options.vouches:
        first, login = call.line("staff add NAME --role admin"), call.line("login NAME")
        yield f"Who decides logs in: {login}; the first account is made by: {first}"
    going_on = (call.line("orders import FILE"), call.alone("apply --help"), call.line("queue"))
    yield f"Go on in another terminal: {', '.join(going_on)}"


def case_list(ui: str) -> str:
    """The Web UI's list, filtered to the product's cases."""
    return f"{ui}/namespaces/default/workflows?query={quote(ALL_CASES)}"
