"""The `aftersales` program as people run it: a process of its own, its output read afterwards."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NUMBER = re.compile(r"[0-9A-Y]{5}-[0-9A-Y]{5}-[0-9A-Y]{4}")
LIMIT_S = 60
OF_THE_DEPLOYMENT = ("AFTERSALES_", "TEMPORAL_")
OF_THE_MACHINE = ("AFTERSALES_CACHE", "TEMPORAL_CLI_PATH", "TEMPORAL_TEST_SERVER_PATH")


@dataclass(frozen=True)
class Ran:
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
        """Run to the end, whatever comes of it; within a minute."""
        started = await self.start(*arguments, **environ)
        async with asyncio.timeout(LIMIT_S):
            out, err = await started.communicate()
        assert started.returncode is not None
        return Ran(started.returncode, out.decode(), err.decode())

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

    async def shows(self, number: str, *wanted: str, within_s: float = 30) -> str:
        """What `show` writes of a case, as soon as all of `wanted` are in it."""
        out = ""
        deadline = asyncio.get_running_loop().time() + within_s
        while asyncio.get_running_loop().time() < deadline:
            out = (await self("show", number)).out
            if out and all(text in out for text in wanted):
                return out
            await asyncio.sleep(0.2)
        raise AssertionError(f"{wanted} did not come up within {within_s} s in:\n{out}")

    async def start(self, *arguments: str, **environ: str) -> asyncio.subprocess.Process:
        """Start it and go on."""
        command = (sys.executable, "-m", "cli.main", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**self.environ, **environ}
        )


def bare_environment() -> dict[str, str]:
    """The machine's environment without what names a deployment, and without a terminal's width."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in OF_THE_MACHINE or (not name.startswith(OF_THE_DEPLOYMENT) and name != "COLUMNS")
    }
