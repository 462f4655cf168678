"""Programs that a checkout builds once with Go, because their releases come only as container images."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.servers.commands import run
from cli.servers.discovery import Progress, cache_folder, cached, first_working, named_by, on_path, silent
from cli.servers.errors import ServerUnavailableError
from cli.servers.obtaining import built_with_go

BUILD_LIMIT_SECONDS = 1200.0


@dataclass(frozen=True)
class GoProgram:
    """`package` is a main package of `module`. `variable` may name a copy that is there already.

    `on_path_as`: the name under which any version on PATH will do; without it only this version counts.
    """

    name: str
    variable: str
    module: str
    package: str
    version: str
    on_path_as: str = ""

    @property
    def file_name(self) -> str:
        """With the version: a copy of another version is never taken for this one."""
        return f"{self.name}-{self.version}"


async def obtain_go_program(
    program: GoProgram, environ: Mapping[str, str] = os.environ, progress: Progress = silent
) -> Path:
    """The copy the variable names, else one on PATH if any will do, else the one in our cache, else a build."""
    if named := named_by(program.variable, environ):
        return named
    installed = on_path(program.on_path_as, environ) if program.on_path_as else None
    if found := await first_working(installed, cached(program.file_name, environ)):
        return found
    progress(f"Building {program.name} {program.version} with Go (some minutes, once) ...")
    package, destination = f"{program.package}@v{program.version}", cache_folder(environ) / program.file_name
    return await built_with_go(_go(program, environ), package, destination, environ, limit_seconds=BUILD_LIMIT_SECONDS)


async def module_folder(program: GoProgram, environ: Mapping[str, str] = os.environ) -> Path:
    """The module's source, which holds the files that the program expects beside it; downloaded if need be."""
    wanted = f"{program.module}@v{program.version}"
    ended = await run(
        [_go(program, environ), "mod", "download", "-json", wanted], limit_seconds=BUILD_LIMIT_SECONDS, environ=environ
    )
    if ended.code != 0:
        raise ServerUnavailableError(f"Go could not fetch {wanted}: {ended.last_lines}")
    return Path(json.loads(ended.output)["Dir"])


def _go(program: GoProgram, environ: Mapping[str, str]) -> Path:
    go = on_path("go", environ)
    if go is None:
        raise ServerUnavailableError(
            f"{program.name} {program.version} is not on this machine. Install Go, with which it is built once, "
            f"or set {program.variable} to a copy."
        )
    return go
