"""Small executables that stand in for the programs the product looks for on a machine."""

from collections.abc import Mapping
from pathlib import Path


def write_program(path: Path, script: str = "exit 0") -> Path:
    """An executable shell script at `path`; by default it succeeds whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def bare_machine(folder: Path) -> dict[str, str]:
    """An environment in which nothing is found: an empty search path and an empty cache below `folder`."""
    programs, cache = folder / "programs", folder / "cache"
    programs.mkdir(parents=True)
    cache.mkdir()
    return {"PATH": str(programs), "AFTERSALES_CACHE": str(cache), "HOME": str(folder)}


def search_folder(environ: Mapping[str, str]) -> Path:
    """The folder that is the search path of a `bare_machine`."""
    return Path(environ["PATH"])
