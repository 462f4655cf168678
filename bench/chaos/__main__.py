"""`python -m bench.chaos`: one run, its table, and exit status 0 only if every rule held."""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from bench.chaos.report import print_ending
from bench.chaos.run import Ending, run
from bench.chaos.storm import Database, Storm
from cli.servers.errors import ServerUnavailableError

UNUSABLE = 2


def main() -> int:
    """0 if all held, 1 if not, 2 if the servers cannot be had."""
    (storm, keep), console = _chosen(), Console(width=120)
    quiet = LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=quiet)))  # it warns of every server that is away
    console.print(f"Seed {storm.seed}.")
    try:
        ending = _play(storm, keep, console)
    except ServerUnavailableError as why:
        console.print(f"[red]{why}")
        return UNUSABLE
    print_ending(console, ending)
    return 0 if ending.well else 1


def _play(storm: Storm, keep: Path | None, console: Console) -> Ending:
    if keep is not None:
        return asyncio.run(run(storm, keep, console.print))
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return asyncio.run(run(storm, Path(folder), console.print))


def _chosen() -> tuple[Storm, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--refunds", type=int, default=500, help="default 500")
    parser.add_argument("--seconds-between-kills", type=float, default=10.0, help="of one of two workers; default 10")
    parser.add_argument("--seed", type=int, default=secrets.randbits(32), help="of an earlier run, to play it again")
    parser.add_argument("--database", type=Database, choices=list(Database), default=Database.POSTGRESQL)
    parser.add_argument("--keep", type=Path, help="an empty folder for logs, mails and files that stay there")
    chosen = parser.parse_args()
    storm = Storm(
        seed=chosen.seed,
        refunds=chosen.refunds,
        kill_every_s=chosen.seconds_between_kills,
        database=chosen.database,
    )
    return storm, chosen.keep


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # the SDK's native threads can crash an interpreter that is torn down
