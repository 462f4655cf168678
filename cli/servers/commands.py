"""Short commands, run to their end within a bound: versions, installers, `initdb`."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.servers.errors import ServerUnavailableError
from cli.servers.processes import group_of


@dataclass(frozen=True)
class Ended:
    """A command's exit code and all it wrote, standard output and error together."""

    code: int
    output: str

    @property
    def last_lines(self) -> str:
        return "\n".join(self.output.strip().splitlines()[-12:])


async def run(
    command: Sequence[str | Path],
    *,
    limit_seconds: float,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: str | None = None,
) -> Ended:
    """Run `command`; raises if it cannot be executed, or exceeds the bound and is killed."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env={**os.environ, **(environ or {})},
            cwd=folder,
            user=user,
            group=group_of(user),
            extra_groups=None if user is None else [],
        )
    except OSError as error:
        raise ServerUnavailableError(f"{command[0]} could not be executed: {error}.") from error
    return await _ended(process, str(command[0]), limit_seconds)


async def _ended(process: Process, name: str, limit_seconds: float) -> Ended:
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit_seconds)
    except TimeoutError:
        raise ServerUnavailableError(f"{name} did not end within {limit_seconds:g} seconds.") from None
    finally:
        if process.returncode is None:
            process.kill()
    return Ended(await process.wait(), output.decode(errors="replace"))


async def works(command: Sequence[str | Path], *, user: str | None = None) -> bool:
    """Whether `command` (a program's version question) can be executed and succeeds within ten seconds."""
    try:
        return (await run(command, limit_seconds=10, user=user)).code == 0
    except ServerUnavailableError:
        return False
