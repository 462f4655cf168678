"""Automatic refunds on the whole stack: how many per second, and which process the time goes to."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import Account
from aftersales.client import AfterSales
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import CaseStatus, Reason
from bench.processes import cpu_seconds
from cli.home import Home
from cli.orders.payments import seed_payments
from cli.servers.processes import Child
from cli.stack import Stack, StackOptions, running_stack
from domain.allocation import DraftLine, OrderDraft, TaxMode
from domain.freezing import freeze
from domain.orders import OrderRecord, RecordLine, RecordTender
from storage.engine import create_store_engine
from storage.orders import save_orders
from storage.reading import Reading

SETTLE_S = 600


@dataclass(frozen=True)
class Rate:
    """`cpu_ms`: milliseconds of CPU for one refund, by process."""

    refunds: int
    per_second: float
    cpu_ms: Mapping[str, float]


@dataclass(frozen=True)
class Latency:
    """Milliseconds on an idle system, one refund after the other."""

    decision_p50: float
    decision_p95: float


@asynccontextmanager
async def bench_stack(
    folder: Path, database_url: str | None = None, temporal: str | None = None
) -> AsyncIterator[Stack]:
    options = StackOptions(Home(folder), headless=True, database_url=database_url, temporal=temporal)
    async with running_stack(options) as stack:
        yield stack


async def refund_rate(stack: Stack, refunds: int, servers: Mapping[str, int] | None = None) -> Rate:
    """Start all at once and wait until the last one is paid, told and recorded.

    `servers`: processes beside the stack's own that work for it too, by name and process id.
    """
    pids = _pids_of(stack) | dict(servers or {})
    engine = create_store_engine(stack.database_url)
    try:
        orders, earlier = await make_orders(stack, engine, refunds), await refunded(engine)
        client = await stack.client("bench")
        before, began = cpu_seconds(pids), time.perf_counter()
        await asyncio.gather(*(_apply(client, order) for order in orders))
        await until_refunded(engine, earlier + refunds)
        seconds = time.perf_counter() - began
        after = cpu_seconds(pids)
    finally:
        await engine.dispose()
    return Rate(refunds, refunds / seconds, {name: (after[name] - before[name]) * 1000 / refunds for name in after})


async def decision_latency(stack: Stack, refunds: int = 40) -> Latency:
    """From the client's start to the automatic decision, as the database shows it."""
    engine = create_store_engine(stack.database_url)
    client = await stack.client("bench")
    times: list[float] = []
    try:
        for order in await make_orders(stack, engine, refunds):
            began = time.perf_counter()
            number = await _apply(client, order)
            while (case := await Reading(engine).case(number)) is None or case.case.status is CaseStatus.RECEIVED:
                await asyncio.sleep(0.002)
            times.append((time.perf_counter() - began) * 1000)
            await client.result(number)
    finally:
        await engine.dispose()
    return Latency(statistics.median(times), statistics.quantiles(times, n=20)[-1])


def application_for(order: OrderRecord, *, goods_back: bool = True) -> Application:
    """One that the rules approve, or that a person decides while the goods are not back."""
    return Application(
        order_id=order.order_id,
        customer_id=order.account.customer_id,
        items=(Item(line_id="1", quantity=1),),
        reason=Reason.CHANGED_MIND,
        goods_back=goods_back,
        unused=True,
        packaging_intact=True,
    )


async def _apply(client: AfterSales, order: OrderRecord) -> str:
    return await client.apply(application_for(order), request_key=order.order_id)


async def refunded(engine: AsyncEngine) -> int:
    """How many cases of this database are refunded, those of earlier runs included."""
    return (await Reading(engine).counts_by_status()).get(CaseStatus.REFUNDED, 0)


async def until_refunded(engine: AsyncEngine, cases: int, limit_s: float = SETTLE_S) -> None:
    """Wait for so many. Raises TimeoutError after `limit_s` seconds."""
    async with asyncio.timeout(limit_s):
        while await refunded(engine) < cases:
            await asyncio.sleep(0.1)


async def make_orders(stack: Stack, engine: AsyncEngine, count: int) -> list[OrderRecord]:
    """Paid orders in the database, and their card payments at the sandbox."""
    orders = order_records(f"{time.time_ns():x}", count)
    await save_orders(engine, orders)
    async with stack.sandbox_admin() as sandbox:
        await seed_payments(sandbox, orders)
    return orders


def order_records(run: str, count: int) -> list[OrderRecord]:
    """Three cups at 30.00 each, paid by card; `run` keeps orders and customers apart from other runs'."""
    now = datetime.now(UTC)
    draft = DraftLine(line_id="1", quantity=3, unit_price_minor=3_000)
    line = freeze(OrderDraft(currency="CNY", tax_mode=TaxMode.NONE, lines=(draft,))).lines[0]
    return [
        OrderRecord(
            order_id=f"B-{run}-{i}",
            account=Account(customer_id=f"c-{run}-{i}", email=f"c{i}@customers.example"),
            currency="CNY",
            paid=True,
            bought_at=now - timedelta(days=3),
            delivered_at=now - timedelta(days=2),
            lines=(RecordLine(sku="A", title="Cup", category="home", final_sale=False, frozen=line),),
            tenders=(
                RecordTender(
                    tender_id=f"t-{run}-{i}", provider="stripe", reference=f"ch_{run}_{i}", captured_minor=9_000
                ),
            ),
        )
        for i in range(count)
    ]


def _pids_of(stack: Stack) -> dict[str, int]:
    children: dict[str, Child] = {
        "worker": stack.worker,
        "portal": stack.portal,
        "sandbox": stack.sandbox,
        "mail": stack.mail_sink,
    }
    if stack.dev_server:
        children["temporal"] = stack.dev_server.child
    return {name: child.pid for name, child in children.items()} | {"client": os.getpid()}
