"""`python -m cli.servers.fetch`: get the Temporal servers this machine lacks, saying what takes long."""

import asyncio
import sys

import typer

from cli.servers.errors import ServerUnavailableError
from cli.servers.temporal_cli import obtain_temporal_cli
from cli.servers.time_skipping import obtain_time_skipping_server


async def fetch() -> None:
    """Both servers, one after the other: each build alone uses every core."""
    await obtain_temporal_cli(progress=typer.echo)
    await obtain_time_skipping_server(progress=typer.echo)


def main() -> int:
    """The exit status: 0, or 1 after the reason has been written to standard error."""
    try:
        asyncio.run(fetch())
    except ServerUnavailableError as error:
        typer.echo(str(error), err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
