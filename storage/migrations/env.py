"""Runs migrations on the connection that `storage.schema` hands over, or on one of its own for developers."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from storage.engine import create_store_engine
from storage.tables import metadata
from storage.types import ModelJson, UtcDateTime

RENDERED = {
    UtcDateTime: "sa.DateTime(timezone=True)",
    ModelJson: "sa.Text()",
    AutoString: "sa.String()",
}


def render_item(kind, item, _autogen):
    """Migrations spell plain types, so that they stay what they are when ours change."""
    return RENDERED.get(type(item), False) if kind == "type" else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_item=render_item,
        compare_type=True,
        transactional_ddl=True,  # on SQLite too: our engine begins its transactions itself
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_from_environment() -> None:
    engine = create_store_engine(os.environ["AFTERSALES_DATABASE_URL"])
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


handed_over = context.config.attributes.get("connection")
if handed_over is not None:
    migrate(handed_over)
else:
    asyncio.run(migrate_from_environment())
