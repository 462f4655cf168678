"""The `aftersales` program as people run it, its output read afterwards."""

from __future__ import annotations

import asyncio
import io
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from rich.console import Console

from cli.commands.case_screen import case_panel
from cli.commands.screen import PIPE_WIDTH
from cli.home import Addresses, Home
from storage.engine import create_store_engine
from storage.reading import CaseRecord, Reading
from tests.support.preloaded import run_preloaded

NUMBER = re.compile(r"[0-9A-Y]{5}-[0-9A-Y]{5}-[0-9A-Y]{4}")
LIMIT_S = 60
ADDRESSES = Addresses(temporal="127.0.0.1:7", portal="http://127.0.0.1:8", sandbox="http://127.0.0.1:9", smtp_port=10)
"""Of a stack that takes the command line's word, and of which nothing answers."""

OF_THE_DEPLOYMENT = ("AFTERSALES_", "TEMPORAL_")
OF_THE_MACHINE = ("AFTERSALES_CACHE", "TEMPORAL_CLI_PATH", "TEMPORAL_TEST_SERVER_PATH")


class Ran(NamedTuple):
    """How a run ended, and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def number(self) -> str:
        """The first application number in the output."""
        found = NUMBER.search(self.out)
        assert found, f"no application number in {self}"
        return found.group()


class Program:
    """Runs `aftersales` with a home folder; `environ` is added to the machine's."""

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.environ = {**bare_environment(), "AFTERSALES_HOME": str(home), **(environ or {})}

    async def __call__(self, *arguments: str, **environ: str) -> Ran:
        """Run to the end, whatever comes of it; within a minute. What is told to Python itself is for `start`."""
        return await self.told("", *arguments, **environ)

    async def told(self, typed: str, *arguments: str, **environ: str) -> Ran:
        """Run to the end with `typed` on its standard input."""
        told = {**self.environ, **environ}
        status, out, err = await run_preloaded("cli.main", arguments, told, LIMIT_S, typed.encode())
        return Ran(status, out.decode(), err.decode())

    async def ok(self, *arguments: str) -> Ran:
        """Run to the end, which must be a good one."""
        ran = await self(*arguments)
        assert ran.status == 0, ran
        assert ran.err == "", ran
        return ran

    async def apply(self, order_id: str, *arguments: str, customer_id: str = "customer-1") -> str:
        """Apply for two mugs, unless told otherwise, and give the application number."""
        wanted = arguments or ("--reason", "wrong_item", "--item", "mugs=2")
        return (await self.ok("apply", order_id, customer_id, "--language", "en", *wanted)).number

    async def shows(self, number: str, *wanted: str) -> str:
        """What `show` writes of a case, once all of `wanted` are there."""
        await self.reaches(number, *wanted)
        shown = (await self.ok("show", number)).out
        assert all(text in shown for text in wanted), shown
        return shown

    async def reaches(self, number: str, *wanted: str, within_s: float = 30) -> None:
        """Wait until a case has all of `wanted` to show; looking starts no process."""
        engine = create_store_engine(Home(self.home).used_database_url())
        try:
            async with asyncio.timeout(within_s):
                while missing := _missing(await Reading(engine).case(number), wanted):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{missing} of case {number} did not come up within {within_s} s") from None
        finally:
            await engine.dispose()

    async def start(self, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
        """Start it as a shell does, and go on."""
        command = (sys.executable, "-m", "cli.main", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**self.environ, **environ}
        )


def _missing(record: CaseRecord | None, wanted: Sequence[str]) -> list[str]:
    if record is None:
        return ["the case itself"]
    screen = Console(width=PIPE_WIDTH, file=io.StringIO(), record=True)
    screen.print(case_panel(record, datetime.now(UTC)))
    shown = screen.export_text()
    return [text for text in wanted if text not in shown]


def bare_environment() -> dict[str, str]:
    """The machine's environment without what names a deployment, and without a terminal's width."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in OF_THE_MACHINE or (not name.startswith(OF_THE_DEPLOYMENT) and name != "COLUMNS")
    }
