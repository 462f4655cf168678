"""What all parts of a unit of work share: its connection, and inserting without disturbing what is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Row, Select, Table, Update, bindparam, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

Values = Mapping[str, Any]


class Rows:
    """Part of a unit of work: statements on the one connection whose transaction the unit is."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection


def upsert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that knows ON CONFLICT; both databases spell it alike, SQLAlchemy in two classes."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


async def insert_if_new(connection: AsyncConnection, table: Table, values: Values) -> bool:
    """Insert a row unless one with its key is there already; whether it was new."""
    statement = _insert_if_new(connection.dialect.name, table)
    return (await connection.execute(statement, dict(values))).rowcount == 1


@cache
def _insert_if_new(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    return upsert(dialect, table).on_conflict_do_nothing()


async def update_row(connection: AsyncConnection, table: Table, values: Values) -> bool:
    """Write all values to the row with their primary key; whether there is one."""
    key = {_key_name(column.name): values[column.name] for column in table.primary_key}
    return (await connection.execute(_update_row(table), {**values, **key})).rowcount == 1


@cache
def _update_row(table: Table) -> Update:
    """Statements are built once: building costs SQLAlchemy more than running them."""
    return update(table).where(*(column == bindparam(_key_name(column.name)) for column in table.primary_key))


def _key_name(column: str) -> str:
    return f"key_{column}"


async def paged(
    connection: AsyncConnection, query: Select[Any], key: Sequence[Column[Any]], rows_at_once: int
) -> AsyncIterator[Sequence[Row[Any]]]:
    """The query's rows in ascending sequence of `key`, which is unique and among its columns; no page is empty."""
    last: Row[Any] | None = None
    while rows := (await connection.execute(page_after(last, query, key, rows_at_once))).all():
        yield rows
        if len(rows) < rows_at_once:
            return
        last = rows[-1]


def page_after(last: Row[Any] | None, query: Select[Any], key: Sequence[Column[Any]], rows_at_once: int) -> Select[Any]:
    """The query's next rows after `last`, None for the first ones."""
    page = query.order_by(*key).limit(rows_at_once)
    if last is None:
        return page
    return page.where(tuple_(*key) > tuple(last._mapping[column.name] for column in key))
