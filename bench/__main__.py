"""`make bench`: what this machine does with the product, beside what its engine does alone, in one run."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import auditing
from bench.assessing import assessment_p50
from bench.backtesting import AIM_S, back_test_speed
from bench.engine import engine_rate
from bench.memory import open_cases_memory
from bench.production import all_on_postgres
from bench.refunds import Latency, Rate, bench_stack, decision_latency, make_orders, refund_rate
from bench.replaying import replay_many
from bench.webhooks import AIM_PER_S, webhook_speeds
from cli.servers.errors import ServerUnavailableError
from cli.stack import Stack
from storage.engine import create_store_engine
from worker.garbage import spare_the_collector

HISTORY = Path("tests/replay/histories/automatic_refunded-0.1.0.json")
WARM_UP = 20
ASSESSMENTS = 100
RATE_AIM = "20 /s, at least 12"


async def measure(console: Console, refunds: int, open_cases: int) -> None:
    table = Table("what", "measured", "aim")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with bench_stack(Path(folder) / "sqlite") as stack:
            await _on_sqlite(console, table, stack, refunds)
        await _on_postgres(table, Path(folder) / "postgres", refunds)
        async with bench_stack(Path(folder) / "memory") as stack:
            mebibytes = await open_cases_memory(stack, open_cases)
            table.add_row(f"worker memory with {open_cases} open cases", f"{mebibytes:.0f} MiB", "< 400 MB at 2,000")
        await _webhooks(table, Path(folder) / "webhooks")
        await _back_test(table, Path(folder))
        await _audit(table, Path(folder))
    replays = await replay_many(HISTORY, 200)
    table.add_row("200 replays of a committed history", f"{replays.seconds:.1f} s", "< 5 s")
    console.print(table)


async def _on_sqlite(console: Console, table: Table, stack: Stack, refunds: int) -> None:
    await refund_rate(stack, WARM_UP)
    latency = await decision_latency(stack)
    console.print("latency measured; now the engine alone, then the whole ...")
    assert stack.dev_server is not None
    engine = await engine_rate(await stack.dev_server.connect(), refunds)
    whole = await refund_rate(stack, refunds)
    assessment = await _assessment(stack)
    _add_latency(table, latency)
    table.add_row("assessment with its SQLite, p50", f"{assessment:.1f} ms", "< 10 ms")
    table.add_row("engine alone, same shape of workflow", f"{engine:.1f} /s", "")
    _add_rate(table, "automatic refunds, SQLite", whole)


async def _on_postgres(table: Table, folder: Path, refunds: int) -> None:
    try:
        async with all_on_postgres(folder) as (stack, servers):
            await refund_rate(stack, WARM_UP)
            whole = await refund_rate(stack, refunds, servers)
            assessment = await _assessment(stack)
    except ServerUnavailableError as why:
        table.add_row("automatic refunds, all on PostgreSQL", f"not measured: {why}", RATE_AIM)
    else:
        table.add_row("assessment with its PostgreSQL, p50", f"{assessment:.1f} ms", "< 10 ms")
        _add_rate(table, "automatic refunds, all on PostgreSQL", whole)


async def measure_back_test(console: Console) -> None:
    table = Table("what", "measured", "aim")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        await _back_test(table, Path(folder))
    console.print(table)


async def _back_test(table: Table, folder: Path) -> None:
    took = await back_test_speed(folder)
    what = f"a draft tried on {took.cases:,} past cases, {took.otherwise:,} of them otherwise"
    table.add_row(what, f"{took.seconds:.1f} s", f"< {AIM_S} s")


async def measure_webhooks(console: Console) -> None:
    table = Table("what", "measured", "aim")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        await _webhooks(table, Path(folder))
    console.print(table)


async def _webhooks(table: Table, folder: Path) -> None:
    try:
        speeds = await webhook_speeds(folder)
    except ServerUnavailableError as why:
        table.add_row("webhooks stored", f"not measured: {why}", f"{AIM_PER_S} /s")
        return
    for database, speed in speeds.items():
        table.add_row(f"webhooks stored, {database}", f"{speed.rate:.0f} /s", f"{AIM_PER_S} /s")
        at_that = f"p50 {speed.p50_ms:.1f} ms, p99 {speed.p99_ms:.1f} ms"
        table.add_row(f"  answered, {AIM_PER_S} /s arriving", at_that, "< 5 s, the shortest that a provider waits")
        table.add_row("  the last case told after", f"{speed.told_s:.1f} s", "")
        table.add_row("  CPU of the portal", f"{speed.cpu_ms:.1f} ms a webhook", "")


async def measure_audit(console: Console) -> None:
    table = Table("what", "measured", "aim")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        await _audit(table, Path(folder))
    console.print(table)


async def _audit(table: Table, folder: Path) -> None:
    aim = f"{auditing.AIM_PER_S} /s"
    try:
        speeds = await auditing.audit_speeds(folder)
    except ServerUnavailableError as why:
        table.add_row("log entries verified", f"not measured: {why}", aim)
        return
    for database, speed in speeds.items():
        table.add_row(f"log entries verified, {database}", f"{speed.checked_per_s:.0f} /s", aim)
        table.add_row("  cases sealed", f"{speed.sealed_per_s:.0f} /s", "")


async def _assessment(stack: Stack) -> float:
    """The last thing done on a stack: what is assessed here has no workflow that would pay it."""
    engine = create_store_engine(stack.database_url)
    try:
        return await assessment_p50(engine, await make_orders(stack, engine, ASSESSMENTS))
    finally:
        await engine.dispose()


def _add_latency(table: Table, latency: Latency) -> None:
    table.add_row("client's start to the decision, p50", f"{latency.decision_p50:.0f} ms", "< 100 ms, idle")
    table.add_row("client's start to the decision, p95", f"{latency.decision_p95:.0f} ms", "")


def _add_rate(table: Table, what: str, rate: Rate) -> None:
    table.add_row(what, f"{rate.per_second:.1f} /s ({rate.refunds})", RATE_AIM)
    for name, cpu_ms in sorted(rate.cpu_ms.items(), key=lambda item: -item[1]):
        table.add_row(f"  CPU of {name}", f"{cpu_ms:.1f} ms a refund", "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--refunds", type=int, default=400, help="automatic refunds in each run (default 400)")
    parser.add_argument("--open-cases", type=int, default=2000, help="cases under review for the memory figure")
    parser.add_argument("--webhooks", action="store_true", help="measure webhooks alone")
    parser.add_argument("--audit", action="store_true", help="measure the operations log's checks alone")
    parser.add_argument("--backtest", action="store_true", help="measure the policy's back-test alone")
    chosen = parser.parse_args()
    spare_the_collector()  # as the worker does: the engine's share and the replays are measured in this process
    console = Console(width=110)
    alone = {"webhooks": measure_webhooks, "audit": measure_audit, "backtest": measure_back_test}
    only = next((one for name, one in alone.items() if getattr(chosen, name)), None)
    asyncio.run(only(console) if only else measure(console, chosen.refunds, chosen.open_cases))
    sys.stdout.flush()
    os._exit(0)


main()
