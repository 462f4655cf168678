"""What the product finds on this machine, and how to get what it does not find."""

import asyncio
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli.servers import postgres, postgres_programs, temporal_cli, time_skipping
from cli.servers.discovery import on_path
from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import port_is_free

OLDEST_PYTHON = (3, 11)
EMBEDDED_PORTS: Mapping[str, int] = {"Temporal": 7233, "Temporal Web UI": 8233}


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `where`: its path or address if found; `how_to_get_it`: a sentence if not.

    `needed`: the product cannot run here without it; the others serve its tests or its development.
    """

    name: str
    found: bool
    where: str
    how_to_get_it: str
    needed: bool = False


async def examine(environ: Mapping[str, str] = os.environ, ports: Mapping[str, int] = EMBEDDED_PORTS) -> list[Finding]:
    """Look, change nothing, fetch nothing. `ports`: server name -> the loopback port it would take."""
    servers = await asyncio.gather(_temporal(environ), _time_skipping(environ))
    return [_python(), *servers, *_programs(environ), _postgres(environ), *_ports(ports)]


def _python() -> Finding:
    return Finding(
        "Python",
        sys.version_info >= OLDEST_PYTHON,
        f"{platform.python_version()} at {sys.executable}",
        "Install Python 3.11 or newer.",
        needed=True,
    )


async def _temporal(environ: Mapping[str, str]) -> Finding:
    try:
        path = await temporal_cli.find_temporal_cli(environ)
    except ServerUnavailableError as error:
        return Finding("Temporal CLI", False, "", str(error), needed=True)
    return _at("Temporal CLI", path, temporal_cli.HOW_TO_GET_IT, needed=True)


async def _time_skipping(environ: Mapping[str, str]) -> Finding:
    name = "Time-skipping test server"
    try:
        path = await time_skipping.find_time_skipping_server(environ)
    except ServerUnavailableError as error:
        return Finding(name, False, "", str(error))
    return _at(name, path, time_skipping.HOW_TO_GET_IT)


def _programs(environ: Mapping[str, str]) -> list[Finding]:
    wanted = [
        ("Java", ("java",), "Install a Java runtime (11 or newer); it runs the time-skipping test server."),
        ("Maven", ("mvn",), "Install Maven; it fetches the time-skipping test server."),
        (
            "Go",
            ("go",),
            "Install Go; it builds the Temporal CLI if need be, and tests' programs.",
        ),
        ("Chromium", ("chromium", "chromium-browser", "google-chrome"), "Install it for the page tests."),
    ]
    return [_at(name, _first_on_path(programs, environ), advice) for name, programs, advice in wanted]


def _first_on_path(programs: tuple[str, ...], environ: Mapping[str, str]) -> Path | None:
    return next((path for program in programs if (path := on_path(program, environ))), None)


def _postgres(environ: Mapping[str, str]) -> Finding:
    if environ.get(postgres.VARIABLE):
        return Finding("PostgreSQL", True, f"the server that {postgres.VARIABLE} names", "")
    folders = postgres_programs.find_postgres_folders(environ)
    return _at("PostgreSQL", folders[0] if folders else None, postgres_programs.HOW_TO_GET_IT)


def _ports(ports: Mapping[str, int]) -> list[Finding]:
    return [
        Finding(
            f"Port {port} for {name}",
            port_is_free(port),
            f"127.0.0.1:{port}",
            f"A program listens on {port} already; `aftersales up` then takes another port for {name}.",
        )
        for name, port in ports.items()
    ]


def _at(name: str, path: Path | None, how_to_get_it: str, *, needed: bool = False) -> Finding:
    return Finding(name, path is not None, str(path or ""), how_to_get_it, needed=needed)
