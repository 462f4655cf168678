"""The shop's sources over our own tables, and taking in what the warehouse states (P2.3, P2.5, P2.6).

Reads are short, without locks, each on a connection of its own. The database is no other system: where it cannot be
used, its own error is raised, and the step that asked is tried again as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Table, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.particulars import AccountStanding, ShipmentRecord, ShippedLine, StockLine
from domain.warehouse import Parcel, StockCount
from storage.engine import Transactions
from storage.rows.base import upsert
from storage.tables import ACCOUNTS, ORDER_LINES, SHIPMENTS, SHIPPED_LINES, STOCK
from storage.types import UtcDateTime

_LINE_KEY: Final = (SHIPPED_LINES.c.order_id == ORDER_LINES.c.order_id) & (
    SHIPPED_LINES.c.line_id == ORDER_LINES.c.line_id
)
_SHIPMENT: Final = (
    select(SHIPMENTS, SHIPPED_LINES, ORDER_LINES.c.sku)
    .select_from(
        SHIPMENTS.outerjoin(SHIPPED_LINES, SHIPPED_LINES.c.order_id == SHIPMENTS.c.order_id).outerjoin(
            ORDER_LINES, _LINE_KEY
        )
    )
    .where(SHIPMENTS.c.order_id == bindparam("key"))
    .order_by(ORDER_LINES.c.position)
)
_COUNT: Final = select(STOCK.c.available).where(STOCK.c.sku == bindparam("key"))
_STANDING: Final = select(ACCOUNTS.c.state, ACCOUNTS.c.contact_verified, ACCOUNTS.c.since).where(
    ACCOUNTS.c.customer_id == bindparam("key")
)


class ShipmentBook:
    """`activities.particulars.Logistics` over what was imported."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def shipment(self, order_id: str) -> ShipmentRecord | None:
        async with self._engine.connect() as connection:
            rows = (await connection.execute(_SHIPMENT, {"key": order_id})).mappings().all()
        if not rows:
            return None
        of_order = {name: rows[0][SHIPMENTS.c[name]] for name in ("carrier", "tracking", "shipped_at", "delivered_at")}
        return ShipmentRecord(**of_order, lines=tuple(_shipped(row) for row in rows if row[SHIPPED_LINES.c.line_id]))


def _shipped(row: RowMapping) -> ShippedLine:
    return ShippedLine(
        line_id=row[SHIPPED_LINES.c.line_id],
        ordered_sku=row[ORDER_LINES.c.sku],
        shipped_quantity=row[SHIPPED_LINES.c.quantity],
        **{name: row[SHIPPED_LINES.c[name]] for name in ("picked_sku", "shipped_sku", "expected_g", "weighed_g")},
    )


class StockBook:
    """`activities.particulars.Stock` over the last counts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def instead_of(self, order_id: str, line_id: str, wanted_sku: str) -> StockLine | None:  # noqa: ARG002 - ports
        async with self._engine.connect() as connection:
            available = (await connection.execute(_COUNT, {"key": wanted_sku})).scalar_one_or_none()
        return None if available is None else StockLine(line_id=line_id, sku=wanted_sku, available=available)


class AccountBook:
    """`activities.particulars.Accounts` over the buyers of the orders."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def standing(self, customer_id: str) -> AccountStanding | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(_STANDING, {"key": customer_id})).mappings().one_or_none()
        return None if row is None else AccountStanding(**row)


async def save_parcels(engine: AsyncEngine, parcels: Sequence[Parcel]) -> tuple[str, ...]:
    """For each parcel in turn why it was left out (it names what no stored order has), empty if it was taken in.

    The last statement counts; what it leaves blank stays as it was stated before. One transaction.
    """
    async with Transactions(engine).begin() as connection:
        known = await _known_lines(connection, {parcel.order_id for parcel in parcels})
        problems = tuple(_unknown(parcel, known) for parcel in parcels)
        taken = [parcel for parcel, problem in zip(parcels, problems, strict=True) if not problem]
        await _state(connection, SHIPMENTS, (parcel.model_dump(exclude={"lines"}) for parcel in taken))
        await _state(
            connection,
            SHIPPED_LINES,
            ({"order_id": parcel.order_id, **dict(line)} for parcel in taken for line in parcel.lines),
        )
    return problems


async def _known_lines(connection: AsyncConnection, order_ids: set[str]) -> dict[str, set[str]]:
    query = select(ORDER_LINES.c.order_id, ORDER_LINES.c.line_id).where(ORDER_LINES.c.order_id.in_(order_ids))
    known: dict[str, set[str]] = {}
    for order_id, line_id in await connection.execute(query):
        known.setdefault(order_id, set()).add(line_id)
    return known


def _unknown(parcel: Parcel, known: dict[str, set[str]]) -> str:
    if parcel.order_id not in known:
        return f"No order {parcel.order_id} is stored; import the orders first."
    strange = [line.line_id for line in parcel.lines if line.line_id not in known[parcel.order_id]]
    return f"Order {parcel.order_id} has no line {strange[0]}." if strange else ""


async def _state(connection: AsyncConnection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    statement = upsert(connection.dialect.name, table)
    key = [column.name for column in table.primary_key]
    stated = {column.name: _stated(statement, table, column.name) for column in table.c if column.name not in key}
    # In one sequence, so that two imports never wait for each other; of the same key, the later row comes later.
    in_line = sorted(rows, key=lambda row: [row[name] for name in key])
    if in_line:
        await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=stated), in_line)


def _stated(statement: postgresql.Insert | sqlite.Insert, table: Table, name: str) -> ColumnElement[Any]:
    """What the new row says; where it is blank, what was said before."""
    new: ColumnElement[Any] = statement.excluded[name]
    match table.c[name].type:
        case UtcDateTime():
            return func.coalesce(new, table.c[name])
        case Integer():
            return func.coalesce(func.nullif(new, 0), table.c[name])
        case _:
            return func.coalesce(func.nullif(new, ""), table.c[name])


async def save_counts(engine: AsyncEngine, counts: Sequence[StockCount]) -> tuple[str, ...]:
    """For each count in turn why it was left out (a later one is known), empty if it was taken in. One transaction."""
    async with Transactions(engine).begin() as connection:
        query = select(STOCK.c.sku, STOCK.c.counted_at).where(STOCK.c.sku.in_({count.sku for count in counts}))
        counted_at = {row.sku: row.counted_at for row in await connection.execute(query)}
        problems = tuple(_outdated(count, counted_at) for count in counts)
        taken = {count.sku: dict(count) for count, why in zip(counts, problems, strict=True) if not why}
        if taken:
            statement = upsert(connection.dialect.name, STOCK)
            newer = STOCK.c.counted_at <= statement.excluded.counted_at  # another import may just have stored one
            stated = {name: statement.excluded[name] for name in ("available", "counted_at")}
            statement = statement.on_conflict_do_update(index_elements=[STOCK.c.sku], set_=stated, where=newer)
            await connection.execute(statement, [taken[sku] for sku in sorted(taken)])
    return problems


def _outdated(count: StockCount, counted_at: dict[str, datetime]) -> str:
    last = counted_at.get(count.sku)
    if last is not None and count.counted_at < last:
        return f"{count.sku} was counted again at {last.isoformat()}."
    counted_at[count.sku] = count.counted_at
    return ""
