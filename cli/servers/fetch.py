"""`python -m cli.servers.fetch`: get the servers that the tests need and this machine lacks, saying what takes long.

These are Temporal's two, and the programs of others that the payment tests hold against the adapters.
With `--production` those of the production topology: Temporal's own server, its schema tool and its Web UI.
"""

import asyncio
import sys
from typing import Annotated

import typer

from cli.servers.errors import ServerUnavailableError
from cli.servers.go_programs import module_folder, obtain_go_program
from cli.servers.temporal_cli import obtain_temporal_cli
from cli.servers.temporal_server import PRODUCTION_PROGRAMS, WEB_UI
from cli.servers.time_skipping import obtain_time_skipping_server
from cli.servers.wire_programs import WIRE_PROGRAMS


async def fetch() -> None:
    """One after the other: each build alone uses every core."""
    await obtain_temporal_cli(progress=typer.echo)
    await obtain_time_skipping_server(progress=typer.echo)
    for program in WIRE_PROGRAMS:
        await obtain_go_program(program, progress=typer.echo)


async def fetch_production() -> None:
    """What is built with Go, and the Web UI's files."""
    for program in PRODUCTION_PROGRAMS:
        await obtain_go_program(program, progress=typer.echo)
    await module_folder(WEB_UI)


def main(
    *, production: Annotated[bool, typer.Option("--production", help="Those of the production topology.")] = False
) -> None:
    """Get the servers that this machine lacks."""
    try:
        asyncio.run(fetch_production() if production else fetch())
    except ServerUnavailableError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
