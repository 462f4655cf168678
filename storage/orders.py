"""Taking orders in, in bulk: the same order again changes nothing, another order under its id is a conflict."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ports import Account
from aftersales.contract.values import Currency, Frozen, OpaqueId
from domain.allocation import FrozenLine, FrozenShipping, ThresholdPromotion
from storage.engine import Transactions
from storage.rows.base import upsert
from storage.tables import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS

BATCH: Final = 500
"""Orders in one transaction: long enough to be fast, short enough that a running worker gets its turn."""


class RecordLine(Frozen):
    """A line as bought; its shares are frozen already, its quantity is that of the shares."""

    sku: str
    title: str
    category: str
    final_sale: bool
    frozen: FrozenLine


class RecordTender(Frozen):
    """A payment of the order, as the provider knows it; tenders come in the order they were charged."""

    tender_id: OpaqueId
    provider: str
    reference: str
    captured_minor: int


class OrderRecord(Frozen):
    """An order as it is stored. Amounts in minor units of `currency`, times in UTC."""

    order_id: OpaqueId
    account: Account
    currency: Currency
    paid: bool
    bought_at: datetime
    delivered_at: datetime | None = None
    lines: tuple[RecordLine, ...]
    shipping: FrozenShipping | None = None
    promotion: ThresholdPromotion | None = None
    tenders: tuple[RecordTender, ...]
    payment_fingerprint: str = ""
    address_hash: str = ""

    def content_digest(self) -> str:
        """SHA-256 of the order as bought; the account's name, state and contact are the customer's, not its."""
        content = self.model_dump_json(exclude={"account"}) + self.account.customer_id
        return hashlib.sha256(content.encode()).hexdigest()


class Saved(NamedTuple):
    """What became of the orders, by id: new, there already with the same content, or with another one."""

    inserted: tuple[str, ...]
    unchanged: tuple[str, ...]
    conflicts: tuple[str, ...]


async def save_orders(engine: AsyncEngine, records: Sequence[OrderRecord]) -> Saved:
    """Insert the orders that are new; an account's state and contact become what the last record says.

    A conflict (same id, other content; within `records` too) leaves the stored order as it is. Whoever saves in
    batches calls this once for each; it commits in transactions of `BATCH` orders.
    """
    transactions = Transactions(engine)
    parts: list[Saved] = []
    for start in range(0, len(records), BATCH):
        async with transactions.begin() as connection:
            parts.append(await _save(connection, records[start : start + BATCH]))
    return Saved(*(tuple(order_id for part in parts for order_id in part[kind]) for kind in range(3)))


async def _save(connection: AsyncConnection, records: Sequence[OrderRecord]) -> Saved:
    stored = await _stored_digests(connection, [record.order_id for record in records])
    new: list[OrderRecord] = []
    unchanged: list[OrderRecord] = []
    conflicts: list[OrderRecord] = []
    for record in records:
        digest = record.content_digest()
        if record.order_id not in stored:
            new.append(record)
        elif stored[record.order_id] == digest:
            unchanged.append(record)
        else:
            conflicts.append(record)
        stored.setdefault(record.order_id, digest)
    await _save_accounts(connection, new + unchanged)
    await _insert(connection, ORDERS, [_order_values(record, stored[record.order_id]) for record in new])
    await _insert(connection, ORDER_LINES, [values for record in new for values in _line_values(record)])
    await _insert(connection, TENDERS, [values for record in new for values in _tender_values(record)])
    return Saved(*(tuple(record.order_id for record in kind) for kind in (new, unchanged, conflicts)))


async def _stored_digests(connection: AsyncConnection, order_ids: list[str]) -> dict[str, str]:
    query = select(ORDERS.c.order_id, ORDERS.c.content_digest).where(ORDERS.c.order_id.in_(order_ids))
    return {row.order_id: row.content_digest for row in await connection.execute(query)}


async def _save_accounts(connection: AsyncConnection, records: Sequence[OrderRecord]) -> None:
    accounts = {record.account.customer_id: dict(record.account) for record in records}
    if not accounts:
        return
    statement = upsert(connection, ACCOUNTS)
    stated = {name: statement.excluded[name] for name in ("state", "name", "email", "language")}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=[ACCOUNTS.c.customer_id], set_=stated),
        [accounts[customer_id] for customer_id in sorted(accounts)],  # one order of locks for all importers
    )


async def _insert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(insert(table), rows)


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
