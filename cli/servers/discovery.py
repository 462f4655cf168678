"""Where the programs we do not ship are looked for, and the folder we keep fetched ones in."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from cli.servers.commands import works
from cli.servers.errors import ServerUnavailableError

Progress = Callable[[str], None]
"""Receives one line before each slow step."""


def silent(_line: str) -> None:
    """A `Progress` that says nothing."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$AFTERSALES_CACHE`, else `aftersales/bin` below `$XDG_CACHE_HOME`, else below `~/.cache`."""
    if own := environ.get("AFTERSALES_CACHE"):
        return Path(own).expanduser().absolute()
    if shared := environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser().absolute() / "aftersales" / "bin"
    return Path(environ.get("HOME", "~")).expanduser() / ".cache" / "aftersales" / "bin"


def named_by(variable: str, environ: Mapping[str, str]) -> Path | None:
    """The executable a variable names. A wrong setting is an error: silently using another would be worse."""
    if not (value := environ.get(variable)):
        return None
    path = Path(value).expanduser().absolute()
    if not is_executable(path):
        raise ServerUnavailableError(
            f"{variable} names {path}, which is no executable file. Correct it, or unset it to let the "
            "product look elsewhere."
        )
    return path


def on_path(program: str, environ: Mapping[str, str]) -> Path | None:
    """The program on the search path of `environ`."""
    found = shutil.which(program, path=environ.get("PATH", ""))
    return Path(found).absolute() if found else None


def is_executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def cached(program: str, environ: Mapping[str, str]) -> Path | None:
    """The copy in our cache folder."""
    path = cache_folder(environ) / program
    return path if is_executable(path) else None


async def first_working(*candidates: Path | None) -> Path | None:
    """The first that answers `--version`; a half-written copy or one for another machine is passed over."""
    for path in candidates:
        if path is not None and await works([path, "--version"]):
            return path
    return None


def adopt(folder: Path, destination: Path) -> Path | None:
    """Move the only executable of `folder` to `destination` in one step, so nobody ever meets half a file."""
    executables = [path for path in folder.rglob("*") if is_executable(path)]
    if len(executables) != 1:
        return None
    destination.parent.mkdir(parents=True, exist_ok=True)
    return executables[0].replace(destination)
