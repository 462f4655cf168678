"""`aftersales orders import`: orders from a file, with a report of every row that was not one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.screen import console, say, table, words

if TYPE_CHECKING:
    from cli.orders.importing import ImportReport, Stored
    from cli.orders.warehouse import Kind, WarehouseReport
    from integrations.shop.retail import RetailOptions
    from integrations.shop.warehouse import StatedT

# ruff: noqa: PLC0415 - the database and the readers take a second to load, and `--help` needs neither

app = typer.Typer()

LeftOutOption = Annotated[
    Path | None,
    typer.Option("--left-out", metavar="FILE", help="Where to write rows left out; by default FILE.left-out.csv."),
]
WarehouseFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="JSON lines, or CSV whose first line names columns.")
]


@app.callback()
def orders() -> None:
    """Take orders in from the shop's files, and what the warehouse says of them."""


@app.command("import")
def orders_import(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, or CSV of the Online Retail layout.")],
    left_out: LeftOutOption = None,
    recent: Annotated[
        int | None,
        typer.Option(
            "--recent",
            metavar="DAYS",
            min=0,
            max=3650,
            help="Online Retail only: shift all dates by one number of days, so that the newest purchase was made "
            "DAYS days ago. Another shift makes other orders: import a file always with the same one.",
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Import orders. Importing a file again changes nothing; that no order came in is an error.

    Where the stack of --home runs, its payment sandbox is told of the card payments, so that they can be refunded.
    """
    report = asyncio.run(_import(Deployment(home), file, left_out, recent))
    console().print(report_table(report))
    if report.rejects:
        say(f"Every row that was left out, and why: {report.rejects}")
    if not report.orders:
        raise CommandError(f"No order of {file} came in: every row was left out, and {report.rejects} says why.")


@app.command("shipments")
def orders_shipments(file: WarehouseFile, left_out: LeftOutOption = None, home: HomeOption = DEFAULT_HOME) -> None:
    """Take in what was picked, shipped, weighed and delivered. The last statement counts; the same again changes
    nothing."""
    from cli.orders.warehouse import SHIPMENTS

    _take_in(file, SHIPMENTS, left_out, home)


@app.command("stock")
def orders_stock(file: WarehouseFile, left_out: LeftOutOption = None, home: HomeOption = DEFAULT_HOME) -> None:
    """Take in what is in stock, by SKU. The latest count stays."""
    from cli.orders.warehouse import STOCK

    _take_in(file, STOCK, left_out, home)


def _take_in(file: Path, kind: Kind[StatedT], left_out: Path | None, home: Path) -> None:
    report = asyncio.run(_statements(Deployment(home), file, kind, left_out))
    console().print(statements_table(report))
    if report.rejects:
        say(f"Every row that was left out, and why: {report.rejects}")
    if not report.taken:
        raise CommandError(f"No row of {file} was taken in; {report.rejects} says why.")


async def _statements(
    deployment: Deployment, file: Path, kind: Kind[StatedT], left_out: Path | None
) -> WarehouseReport:
    from cli.orders.warehouse import import_statements
    from storage.schema import require_current

    async with deployment.database() as engine:
        await require_current(engine)
        return await import_statements(file, engine, kind, left_out)


@app.command("example")
def orders_example(
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            metavar="FOLDER",
            help="Write orders.jsonl there, with shipments.jsonl and stock.jsonl for the same orders.",
        ),
    ] = None,
) -> None:
    """Write example orders in our own format, with fresh ids and dates: `aftersales orders example > orders.jsonl`."""
    from cli.orders.examples import example_lines, example_shipments, example_stock

    now = datetime.now(UTC)
    run = now.strftime("%m%d%H%M%S")
    if into is None:
        typer.echo(example_lines(now, run).encode(), nl=False)  # UTF-8, whatever the locale
        return
    files = {"orders": example_lines(now, run), "shipments": example_shipments(now, run), "stock": example_stock(now)}
    for name, lines in files.items():
        _write(into / f"{name}.jsonl", lines)


def _write(path: Path, lines: str) -> None:
    try:
        path.write_text(lines, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}. Name a folder that is there.") from error
    say(str(path))


async def _import(deployment: Deployment, file: Path, left_out: Path | None, recent: int | None) -> ImportReport:
    from cli.orders.importing import import_orders, opened
    from storage.schema import require_current

    with opened(file) as found:
        size_bytes = found.seek(0, 2)
    options = _options(file, recent)
    async with deployment.database() as engine:
        await require_current(engine)
        with _bar() as bar:
            task = bar.add_task("Importing", total=size_bytes)
            return await import_orders(
                file,
                engine,
                options=options,
                rejects=left_out,
                progress=lambda read_bytes: bar.update(task, completed=read_bytes),
                stored=_told_to_sandbox(deployment),
            )


def _told_to_sandbox(deployment: Deployment) -> Stored:
    from cli.orders.importing import nothing_more
    from cli.orders.payments import seed_payments_at

    address = deployment.sandbox_url()
    return nothing_more if address is None else partial(seed_payments_at, address)


def _options(file: Path, recent: int | None) -> RetailOptions:
    """How the retail layout is read; the shift is printed, for it is a part of what is imported."""
    from cli.orders.importing import recent_shift
    from integrations.shop.retail import AS_IT_STANDS, RetailOptions

    if recent is None:
        return AS_IT_STANDS
    shift_days = recent_shift(file, datetime.now(UTC), recent)
    say(f"All dates are shifted by {shift_days} days.")
    return RetailOptions(shift_days=shift_days)


def _bar() -> Progress:
    out = console()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=out, disable=not out.is_terminal)


def report_table(report: ImportReport) -> Table:
    """Orders by what became of them, and rows by why they are in none."""
    shown = table("", "orders", "rows")
    shown.add_row("new", str(report.inserted))
    shown.add_row("there already, unchanged", str(report.unchanged))
    shown.add_row("there already, payment or delivery updated", str(report.updated))
    shown.add_row("rows of these orders", "", str(report.rows_in_orders))
    for reason, count in sorted(report.left_out.items(), key=lambda item: (-item[1], item[0])):
        orders_of_reason = str(len(report.conflicts)) if reason == "conflict" else ""
        shown.add_row(f"left out: {words(reason.value)}", orders_of_reason, str(count))
    shown.add_row("all rows of the file", "", str(report.rows), style="bold")
    return shown


def statements_table(report: WarehouseReport) -> Table:
    """Rows of the warehouse's file by what became of them."""
    shown = table("", "rows")
    shown.add_row("taken in", str(report.taken))
    for reason, count in sorted(report.left_out.items()):
        shown.add_row(f"left out: {words(reason.value)}", str(count))
    return shown
