"""How this very program is called from another terminal: what is printed for people to type must work there."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from cli.commands import PROGRAM
from cli.home import DEFAULT


class Calling(NamedTuple):
    """The program and the folder of its stack, as seen from the folder in which people are."""

    program: str
    home: str

    def line(self, command: str) -> str:
        """`aftersales show NUMBER`, with the folder where it is not the usual one."""
        return f"{self.program} {command}{f' --home {self.home}' if self.home else ''}"

    def alone(self, command: str) -> str:
        """A command that needs no stack: `aftersales apply --help`."""
        return f"{self.program} {command}"


def calling(home: Path, started_as: str = sys.argv[0], environ: Mapping[str, str] = os.environ) -> Calling:
    """For the stack of `home`; `started_as` is how this process was called."""
    usual = home.absolute() == DEFAULT.absolute()
    return Calling(_program(Path(started_as), environ), "" if usual else shlex.quote(str(home)))


def _program(started: Path, environ: Mapping[str, str]) -> str:
    """By its bare name only if a terminal finds it: `uv run` puts the environment's own folder on the path for us."""
    if started.name != PROGRAM:
        return PROGRAM
    folders = [each for each in environ.get("PATH", "").split(os.pathsep) if Path(each) != started.absolute().parent]
    if shutil.which(PROGRAM, path=os.pathsep.join(folders)):
        return PROGRAM
    absolute = started.absolute()
    near = absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute
    return shlex.quote(str(near))
