"""`aftersales demo`: the main job on one machine, with days made short."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from cli.commands.calling import calling
from cli.commands.parameters import DEFAULT_HOME, StateOption
from cli.commands.screen import plain
from cli.commands.up import cancel_when_told, case_list, watch
from cli.demo.retail import NEWEST_DAYS_AGO, run_retail
from cli.demo.run import Ending, run_scenes
from cli.home import Home
from cli.orders.importing import recent_shift
from cli.stack import Stack, StackOptions, running_stack

DAY_S: Final = 2.0
"""How many seconds a day takes in the demo."""
RETAIL_LOOKUP_S: Final = 2
"""A file of real orders holds all that its shop will ever know: no later look finds more."""
FAILED: Final = 1
INTERRUPTED: Final = 130
LOG_WIDTH: Final = 170
"""Wide enough for the table's columns where nothing tells how wide the terminal is."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself; status 0 only if every case ended well.")
    ] = False,
    orders: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run real orders of the Online Retail layout instead.")
    ] = None,
    home: StateOption = DEFAULT_HOME,
    day_seconds: Annotated[float, typer.Option(min=0.5, max=86_400, help="Seconds that a day takes.")] = DAY_S,
) -> int:
    """Start everything on this machine and run refunds down every path, days made short."""
    if orders is not None:
        # Read once before anything is started: a file that cannot be used is said at once.
        recent_shift(orders, datetime.now(UTC), NEWEST_DAYS_AGO)
    console = Console()
    if not console.is_terminal:
        console = Console(width=LOG_WIDTH)
    options = StackOptions(
        Home(home),
        time_scale=min(1.0, day_seconds / 86_400),
        order_lookup_s=RETAIL_LOOKUP_S if orders else None,
        usual_ports=True,
    )
    return asyncio.run(_demo(console, options, once, orders))


async def _demo(console: Console, options: StackOptions, once: bool, orders: Path | None) -> int:
    """Ctrl-C stops everything: before the end with a status of its own, afterwards with that of the run."""
    cancel_when_told(asyncio.current_task())
    notice(console, options)
    status = INTERRUPTED
    with suppress(asyncio.CancelledError):
        async with running_stack(options, progress=lambda line: console.print(f"[dim]{line}[/]")) as stack:
            ending = await _run(stack, console, orders)
            _report(console, ending)
            status = 0 if ending.well else FAILED
            if not once:
                look_around(console, stack, ending)
                await watch(stack)
    console.print("Everything has stopped.")
    return status


def notice(console: Console, options: StackOptions) -> None:
    """What is shorter here than in production."""
    day = f"A day takes {options.time_scale * 86_400:g} s here; in production a day is a day."
    console.print(f"[bold]After-sales demo.[/] {day}")
    if options.order_lookup_s:
        console.print(
            f"An order that the shop does not know is looked up again for {options.order_lookup_s} s here; in "
            "production for some minutes, as the policy says."
        )


async def _run(stack: Stack, console: Console, orders: Path | None) -> Ending:
    return await run_scenes(stack, console) if orders is None else await run_retail(stack, console, orders)


def _report(console: Console, ending: Ending) -> None:
    console.print(ending.reckoning.table())
    for trouble in ending.troubles:
        console.print(plain(f"✗ {trouble}", "red"))
    if ending.well:
        console.print("[green]✓ Every case ended as it must, and the three sums agree.[/]")


def look_around(console: Console, stack: Stack, ending: Ending) -> None:
    """Where everything is, and what to type in another terminal."""
    call = calling(stack.options.home.folder)
    rows = {
        "Web UI, all cases": case_list(stack.addresses.ui),
        "sandbox's books": f"{stack.addresses.sandbox}/admin/executions",
        "one case": call.line(f"show {ending.example}"),
        "why it was so decided": call.line(f"explain {ending.example}"),
        "all cases": call.line("queue --all"),
        "mails sent": call.line("mails"),
        "orders to play with": f"{call.alone('orders example')} > orders.jsonl",
        "import them": call.line("orders import orders.jsonl"),
        "a refund of yours": call.alone("apply --help"),
    }
    console.print("\n[bold]Look around[/] in another terminal, in this folder; everything stays up until Ctrl-C here.")
    for what, where in rows.items():
        console.print(plain(f"  {what:<21}{where}"), soft_wrap=True)
