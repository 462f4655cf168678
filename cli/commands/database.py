"""`aftersales db`: the product's database."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.commands.deployment import Deployment, refuse_missing_file, unusable_database
from cli.commands.parameters import DEFAULT_HOME, HomeOption
from cli.commands.screen import say

app = typer.Typer()


@app.callback()
def db() -> None:
    """Look after the product's database."""


@app.command()
def upgrade(
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            envvar="AFTERSALES_DATABASE_URL",
            metavar="URL",
            help="sqlite:////absolute/file.db or postgresql+asyncpg://user:password@host/database; "
            "by default the database of the stack's folder.",
        ),
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Bring the database to the schema of this version; what is up to date stays as it is."""
    asyncio.run(_upgrade(database_url or Deployment(home).database_url()))


async def _upgrade(url: str) -> None:
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 - not needed for `--help`

    from storage.engine import checked_url  # noqa: PLC0415
    from storage.schema import upgrade as upgrade_schema  # noqa: PLC0415

    refuse_missing_file(url, create=True)
    place = checked_url(url).render_as_string(hide_password=True)
    try:
        await upgrade_schema(url)
    except (SQLAlchemyError, OSError) as error:
        raise unusable_database(url, error) from error
    say(f"The schema of {place} is that of this version.")
