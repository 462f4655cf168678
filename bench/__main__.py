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

from bench.engine import engine_rate
from bench.memory import open_cases_memory
from bench.refunds import Latency, Rate, bench_stack, decision_latency, refund_rate
from bench.replaying import replay_many
from cli.servers.postgres import postgres_cluster
from cli.stack import Stack

HISTORY = Path("tests/replay/histories/automatic_refunded-0.1.0.json")
WARM_UP = 20


async def measure(console: Console, refunds: int, open_cases: int) -> None:
    table = Table("what", "measured", "aim")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with bench_stack(Path(folder) / "sqlite") as stack:
            await _on_sqlite(console, table, stack, refunds)
        async with postgres_cluster() as cluster:
            url = await cluster.server.create_database("bench")
            async with bench_stack(Path(folder) / "postgres", database_url=url) as stack:
                await refund_rate(stack, WARM_UP)
                _add_rate(table, "automatic refunds, product's data on PostgreSQL", await refund_rate(stack, refunds))
        async with bench_stack(Path(folder) / "memory") as stack:
            mebibytes = await open_cases_memory(stack, open_cases)
            table.add_row(f"worker memory with {open_cases} open cases", f"{mebibytes:.0f} MiB", "< 400 MB at 2,000")
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
    _add_latency(table, latency)
    table.add_row("engine alone, same shape of workflow", f"{engine:.1f} /s", "")
    _add_rate(table, "automatic refunds, SQLite", whole)


def _add_latency(table: Table, latency: Latency) -> None:
    table.add_row("client's start to the decision, p50", f"{latency.decision_p50:.0f} ms", "< 100 ms, idle")
    table.add_row("client's start to the decision, p95", f"{latency.decision_p95:.0f} ms", "")


def _add_rate(table: Table, what: str, rate: Rate) -> None:
    table.add_row(what, f"{rate.per_second:.1f} /s ({rate.refunds})", "20 /s, at least 12")
    for name, cpu_ms in sorted(rate.cpu_ms.items(), key=lambda item: -item[1]):
        table.add_row(f"  CPU of {name}", f"{cpu_ms:.1f} ms a refund", "")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--refunds", type=int, default=400, help="automatic refunds in each run (default 400)")
    parser.add_argument("--open-cases", type=int, default=2000, help="cases under review for the memory figure")
    chosen = parser.parse_args()
    asyncio.run(measure(Console(width=110), chosen.refunds, chosen.open_cases))
    sys.stdout.flush()
    os._exit(0)


main()
