"""`aftersales demo`: the main job on one machine, with days made short."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import quote

import typer
from rich.console import Console

from cli.demo.run import Ending, run_scenes
from cli.home import DEFAULT, Home
from cli.stack import Stack, StackOptions, running_stack

DAY_S: Final = 2.0
"""How many seconds a day takes in the demo."""
INTERRUPTED: Final = 130
LOG_WIDTH: Final = 170
"""Wide enough for the table's columns where nothing tells how wide the terminal is."""


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End by itself; status 0 only if every case ended well.")
    ] = False,
    orders: Annotated[Path | None, typer.Option(help="Run real orders of the Online Retail layout instead.")] = None,
    home: Annotated[Path, typer.Option(help="Where the stack keeps its data.")] = DEFAULT,
    day_seconds: Annotated[float, typer.Option(min=0.5, max=86_400, help="Seconds that a day takes.")] = DAY_S,
) -> int:
    """Start everything on this machine and run refunds down every path, days made short."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=LOG_WIDTH)
    return asyncio.run(_until_interrupted(_demo(console, Home(home), once, orders, day_seconds)))


async def _until_interrupted(work: Coroutine[None, None, int]) -> int:
    """Ctrl-C and SIGTERM cancel the work, which stops what it started."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return INTERRUPTED


async def _demo(console: Console, home: Home, once: bool, orders: Path | None, day_seconds: float) -> int:
    console.print(f"[bold]After-sales demo.[/] A day takes {day_seconds:g} s here; in production a day is a day.")
    options = StackOptions(home, time_scale=min(1.0, day_seconds / 86_400), usual_ports=True)
    async with running_stack(options, progress=lambda line: console.print(f"[dim]{line}[/]")) as stack:
        if orders is None:
            ending = await run_scenes(stack, console)
        else:
            from cli.demo.retail import run_retail  # noqa: PLC0415 - only this path needs the real orders' reader

            ending = await run_retail(stack, console, orders)
        _report(console, ending)
        if once:
            return 0 if ending.well else 1
        _addresses(console, stack)
        await asyncio.Event().wait()
    return 0


def _report(console: Console, ending: Ending) -> None:
    console.print(ending.reckoning.table())
    for trouble in ending.troubles:
        console.print(f"[red]✗ {trouble}[/]")
    if ending.well:
        console.print("[green]✓ Every case ended as it must, and the three sums agree.[/]")


def _addresses(console: Console, stack: Stack) -> None:
    query = quote('WorkflowType = "RefundCase"')
    console.print(
        f"\n[bold]Look around[/] (everything stays up until Ctrl-C)\n"
        f"  every case          {stack.addresses.ui}/namespaces/default/workflows?query={query}\n"
        f"  one case            aftersales show NUMBER --follow\n"
        f"  waiting for people  aftersales queue\n"
        f"  mails sent          aftersales mails\n"
        f"  a refund of yours   aftersales apply --help\n"
        f"  sandbox's admin     {stack.addresses.sandbox}/admin/executions\n",
        soft_wrap=True,
    )
