"""`make safeguards`: takes each safeguard away in turn and shows that the suite fails (R20)."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.safeguards.catalogue import SAFEGUARDS
from bench.safeguards.safeguard import Safeguard, TextGoneError
from bench.safeguards.trial import Copy, Run, Trial, Verdict

SOURCES: Final = Path(__file__).parents[2]
_MOST_SHOWN: Final = 20
_WIDTH: Final = 200
"""Of what is written into a file."""


class NotGreenError(Exception):
    """A test fails although nothing was taken away, so its failing would prove nothing."""


async def prove(safeguards: Sequence[Safeguard], sources: Path, *, jobs: int) -> list[Trial]:
    """Try each safeguard, `jobs` at a time, each job in a copy of its own.

    Raises NotGreenError, and TextGoneError before any test has run.
    """
    for safeguard in safeguards:
        safeguard.without(sources)
    with tempfile.TemporaryDirectory(prefix="safeguards-") as folder:
        copies = [Copy.of(sources, Path(folder) / f"copy-{number}") for number in range(jobs)]
        for on_postgres in {each.on_postgres for each in safeguards}:
            tests = {test for each in safeguards if each.on_postgres is on_postgres for test in each.tests}
            _refuse_red(await copies[0].test(sorted(tests), on_postgres=on_postgres))
        free: asyncio.Queue[Copy] = asyncio.Queue()
        for copy in copies:
            free.put_nowait(copy)
        return await asyncio.gather(*(_tried(safeguard, free) for safeguard in safeguards))


async def _tried(safeguard: Safeguard, free: asyncio.Queue[Copy]) -> Trial:
    copy = await free.get()
    try:
        trial = await copy.try_without(safeguard)
    finally:
        free.put_nowait(copy)
    print(f"{safeguard.name}: {_outcome(trial)}", flush=True)
    return trial


def _refuse_red(run: Run) -> None:
    if run.status:
        failed = "\n".join(sorted(run.failed)[:_MOST_SHOWN])
        raise NotGreenError(f"With every safeguard in place the tests do not pass:\n{failed or run.output[-2000:]}")


def chosen(names: Sequence[str]) -> list[Safeguard]:
    """The safeguards of these names, all of them for none. Raises ValueError for a name that there is not."""
    unknown = sorted(set(names) - {each.name for each in SAFEGUARDS})
    if unknown:
        raise ValueError(f"no safeguard is called {', '.join(unknown)}; --list shows their names")
    return [each for each in SAFEGUARDS if not names or each.name in names]


def _shown(safeguards: Sequence[Safeguard], trials: Sequence[Trial]) -> Table:
    table = Table("safeguard", "taken away", show_lines=True)
    table.add_column("tests run", overflow="fold")
    table.add_column("outcome", overflow="fold")
    for safeguard, trial in zip(safeguards, trials, strict=True):
        table.add_row(safeguard.name, safeguard.taken_away, "\n".join(safeguard.tests), _outcome(trial))
    return table


def _outcome(trial: Trial) -> str:
    return f"{trial.verdict}: {trial.why}" if trial.why else trial.verdict.value


def main(arguments: Sequence[str] | None = None) -> int:
    """Status 0: each safeguard was missed; 1: one was not; 2: nothing could be shown."""
    parser = argparse.ArgumentParser(prog="python -m bench.safeguards", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this one; may be given again")
    parser.add_argument("--list", action="store_true", help="show the safeguards and try nothing")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="how many at a time")
    given = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else _WIDTH)
    try:
        safeguards = chosen(given.only)
        if given.list:
            for each in safeguards:
                console.print(f"{each.name}: {each.taken_away}", soft_wrap=True)
            return 0
        trials = asyncio.run(prove(safeguards, SOURCES, jobs=max(1, given.jobs)))
    except (ValueError, TextGoneError, NotGreenError) as error:
        console.print(str(error), soft_wrap=True, markup=False)
        return 2
    console.print(_shown(safeguards, trials))
    missed = sum(trial.verdict is Verdict.FAILED for trial in trials)
    console.print(f"{missed} of {len(trials)} safeguards were missed by the tests when they were gone.")
    return 0 if missed == len(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
