"""What all parts of a unit of work share: its connection, and inserting without disturbing what is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Values = Mapping[str, Any]


class Rows:
    """Part of a unit of work: statements on the one connection whose transaction the unit is."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection


def upsert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT; both databases spell it alike, SQLAlchemy in two classes."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


async def insert_if_new(connection: AsyncConnection, table: Table, values: Values) -> bool:
    """Insert a row unless one with its key is there already; whether it was new."""
    statement = upsert(connection, table).on_conflict_do_nothing()
    return (await connection.execute(statement, dict(values))).rowcount == 1


def of_key(table: Table, values: Values) -> list[ColumnElement[bool]]:
    """The WHERE clause that picks the row with the same primary key as `values`."""
    return [column == values[column.name] for column in table.primary_key]
