"""Taking orders in, in bulk: the same order again changes nothing, another order under its id is a conflict."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from domain.orders import Account, OrderRecord, RecordLine, RecordTender
from storage.engine import Transactions
from storage.rows.base import upsert
from storage.tables import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS

__all__ = ["BATCH", "OrderRecord", "RecordLine", "RecordTender", "Saved", "save_orders"]

BATCH: Final = 500
"""Orders in one transaction: long enough to be fast, short enough that a running worker gets its turn."""


class Saved(NamedTuple):
    """What became of the orders, by id.

    New; there already with the same content; there with the same content and now paid or delivered otherwise;
    there with another content.
    """

    inserted: tuple[str, ...]
    unchanged: tuple[str, ...]
    updated: tuple[str, ...]
    conflicts: tuple[str, ...]


class _Known(NamedTuple):
    """What decides whether an order is the same: its content, and the facts that may change."""

    digest: str
    paid: bool
    delivered_at: datetime | None


async def save_orders(engine: AsyncEngine, records: Sequence[OrderRecord]) -> Saved:
    """Insert the orders that are new; `paid`, `delivered_at` and the account become what the last record says.

    A conflict (same id, other content; within `records` too) leaves the stored order as it is. Whoever saves in
    batches calls this once for each; it commits in transactions of `BATCH` orders.
    """
    transactions = Transactions(engine)
    parts = [await _save_batch(transactions, records[start : start + BATCH]) for start in range(0, len(records), BATCH)]
    return Saved(*(tuple(order_id for part in parts for order_id in part[kind]) for kind in range(len(Saved._fields))))


async def _save_batch(transactions: Transactions, records: Sequence[OrderRecord]) -> Saved:
    try:
        async with transactions.begin() as connection:
            return await _save(connection, records)
    except IntegrityError:
        # Another import stored some of them since we looked; now they are there to be compared with.
        async with transactions.begin() as connection:
            return await _save(connection, records)


async def _save(connection: AsyncConnection, records: Sequence[OrderRecord]) -> Saved:
    stored = await _stored(connection, [record.order_id for record in records])
    new: list[OrderRecord] = []
    unchanged: list[OrderRecord] = []
    updated: list[OrderRecord] = []
    conflicts: list[OrderRecord] = []
    for record in records:
        known, stated = stored.get(record.order_id), _known(record)
        if known is None:
            new.append(record)
        elif known.digest != stated.digest:
            conflicts.append(record)
            continue
        else:
            (unchanged if known == stated else updated).append(record)
        stored[record.order_id] = stated
    await _save_accounts(connection, new + unchanged + updated)
    in_line = sorted(new, key=lambda record: record.order_id)  # as above: two imports never wait for each other
    await _insert(connection, ORDERS, [_order_values(record, stored[record.order_id].digest) for record in in_line])
    await _insert(connection, ORDER_LINES, [values for record in new for values in _line_values(record)])
    await _insert(connection, TENDERS, [values for record in new for values in _tender_values(record)])
    await _update(connection, updated)
    kinds = (new, unchanged, updated, conflicts)
    return Saved(*(tuple(record.order_id for record in kind) for kind in kinds))


async def _stored(connection: AsyncConnection, order_ids: list[str]) -> dict[str, _Known]:
    columns = (ORDERS.c.order_id, ORDERS.c.content_digest, ORDERS.c.paid, ORDERS.c.delivered_at)
    query = select(*columns).where(ORDERS.c.order_id.in_(order_ids))
    return {row.order_id: _Known(*row[1:]) for row in await connection.execute(query)}


def _known(record: OrderRecord) -> _Known:
    return _Known(record.content_digest(), record.paid, record.delivered_at)


async def _save_accounts(connection: AsyncConnection, records: Sequence[OrderRecord]) -> None:
    accounts = {record.account.customer_id: dict(record.account) for record in records}
    if not accounts:
        return
    statement = upsert(connection.dialect.name, ACCOUNTS)
    stated = {name: statement.excluded[name] for name in Account.model_fields if name != "customer_id"}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[ACCOUNTS.c.customer_id], set_=stated),
        [accounts[customer_id] for customer_id in sorted(accounts)],  # one order of locks for all importers
    )


async def _insert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(insert(table), rows)


async def _update(connection: AsyncConnection, records: Sequence[OrderRecord]) -> None:
    """Bring the facts that may change up to date; of two records of one order the later one stays."""
    last = {record.order_id: record for record in records}
    if not last:
        return
    statement = update(ORDERS).where(ORDERS.c.order_id == bindparam("known_id"))
    await connection.execute(
        statement.values(paid=bindparam("now_paid"), delivered_at=bindparam("now_delivered_at")),
        [
            {"known_id": order_id, "now_paid": last[order_id].paid, "now_delivered_at": last[order_id].delivered_at}
            for order_id in sorted(last)  # one order of locks, here too
        ],
    )


def _order_values(record: OrderRecord, digest: str) -> dict[str, Any]:
    values = dict(record) | {"customer_id": record.account.customer_id, "content_digest": digest}
    return {column.name: values[column.name] for column in ORDERS.c}


def _line_values(record: OrderRecord) -> list[dict[str, Any]]:
    return [
        dict(line)
        | {"order_id": record.order_id, "line_id": line.frozen.line_id}
        | {"position": position, "quantity": line.frozen.quantity}
        for position, line in enumerate(record.lines)
    ]


def _tender_values(record: OrderRecord) -> list[dict[str, Any]]:
    return [
        dict(tender) | {"order_id": record.order_id, "position": position}
        for position, tender in enumerate(record.tenders)
    ]
