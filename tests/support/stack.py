"""The whole service as real processes, and orders in its shop, for tests that look at it from outside."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict, Unpack

from aftersales.contract.messages import Application, Item
from aftersales.contract.values import Language, Reason
from cli.home import Home
from cli.orders.payments import seed_payments
from cli.stack import Stack, StackOptions, running_stack
from domain.allocation import DraftLine, DraftShipping, OrderDraft, TaxMode
from domain.freezing import freeze
from domain.orders import Account, OrderRecord, RecordLine, RecordTender
from policy.loader import folder_of
from storage.engine import create_store_engine
from storage.orders import save_orders

FAST = 0.01
"""A day of the policy takes a quarter of an hour: no wait runs out by itself during a test."""

PLENTY = 1_000_000_000
NEVER_SO_MANY = 100_000
"""Cases or calls before the breaker judges their rates: the most that a version may ask for."""

HARMLESS = 99
"""More points than a history has; one who is on the block list has more."""
MUG_MINOR = 2500
SHIPPING_MINOR = 1000
CUSTOMER = "customer-1"
PORCELAIN = (DraftLine(line_id="mugs", quantity=4, unit_price_minor=MUG_MINOR),)


class Changes(TypedDict, total=False):
    """What `small_stack` may do otherwise; see `cli.stack.StackOptions`."""

    time_scale: float
    order_lookup_s: int | None
    temporal: str | None
    database_url: str | None
    headless: bool
    vouches: bool
    worker_extra: dict[str, str]


@asynccontextmanager
async def small_stack(folder: Path, **changes: Unpack[Changes]) -> AsyncIterator[Stack]:
    """A running stack of its own below `folder`, without a Web UI and with short waits. About seven seconds."""
    chosen = Changes(time_scale=FAST, headless=True)
    chosen.update(changes)
    lenient = {"AFTERSALES_POLICY": str(lenient_policy(folder))}
    chosen["worker_extra"] = lenient | chosen.get("worker_extra", {})
    async with running_stack(StackOptions(Home(folder / "stack"), **chosen)) as stack:
        yield stack


def lenient_policy(folder: Path) -> Path:
    """v1 for a shop that has one customer: however much goes wrong for them, and for the providers, in one session,
    neither their history nor their ceilings nor the breaker sends a case to a person."""
    version = folder / "lenient"
    shutil.copytree(folder_of("v1"), version)
    _rewrite(version / "breaking.json", {"least_cases": NEVER_SO_MANY, "least_calls": NEVER_SO_MANY})
    _rewrite(version / "risk.json", {"medium_from": HARMLESS, "high_from": HARMLESS + 1})
    ceilings = version / "ceilings.json"
    wide = r'"(automatic_customer_day|automatic_day|customer_period|order)": "[1-9][0-9]*"'
    ceilings.write_text(re.sub(wide, rf'"\1": "{PLENTY}"', ceilings.read_text(encoding="utf-8")), encoding="utf-8")
    return version


def _rewrite(file: Path, changes: dict[str, object]) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(content | changes), encoding="utf-8")


async def shop_order(
    stack: Stack,
    order_id: str,
    *,
    lines: tuple[DraftLine, ...] = PORCELAIN,
    customer_id: str = CUSTOMER,
    delivered_days_ago: int | None = 3,
    final_sale: bool = False,
    language: Language = Language.EN,
    currency: str = "CNY",
) -> OrderRecord:
    """An order in the shop, paid by one card: four mugs at 25.00 and shipping at 10.00, unless told otherwise.

    Its payment is `ch_<order_id>` at the sandbox.
    """
    draft = OrderDraft(
        currency=currency,
        tax_mode=TaxMode.NONE,
        lines=lines,
        shipping=DraftShipping(price_minor=SHIPPING_MINOR),
    )
    record = _record(draft, order_id, customer_id, delivered_days_ago, final_sale=final_sale, language=language)
    await seed(stack, record)
    return record


async def open_case(stack: Stack, order_id: str, *, goods_back: bool = False) -> str:
    """A new order and an application for two of its mugs, 50.00, by their customer; its number.

    Delivered wrongly it is reviewed by an agent, with the goods back it is approved and paid.
    """
    await shop_order(stack, order_id)
    application = Application(
        order_id=order_id,
        customer_id=CUSTOMER,
        items=(Item(line_id="mugs", quantity=2),),
        reason=Reason.WRONG_ITEM,
        language=Language.EN,
        goods_back=goods_back,
    )
    return await (await stack.client("shop")).apply(application, request_key=order_id)


async def seed(stack: Stack, record: OrderRecord) -> None:
    """Store an order and tell the sandbox of its payments."""
    engine = create_store_engine(stack.database_url)
    try:
        await save_orders(engine, [record])
    finally:
        await engine.dispose()
    async with stack.sandbox_admin() as sandbox:
        await seed_payments(sandbox, [record])


def _record(
    draft: OrderDraft,
    order_id: str,
    customer_id: str,
    delivered_days_ago: int | None,
    *,
    final_sale: bool,
    language: Language,
) -> OrderRecord:
    frozen, now = freeze(draft), datetime.now(UTC)
    card = RecordTender(
        tender_id="card", provider="stripe", reference=f"ch_{order_id}", captured_minor=frozen.paid.minor
    )
    return OrderRecord(
        order_id=order_id,
        account=Account(customer_id=customer_id, name="王芳", email=f"{customer_id}@shop.example", language=language),
        currency=draft.currency,
        paid=True,
        bought_at=now - timedelta(days=10),
        delivered_at=None if delivered_days_ago is None else now - timedelta(days=delivered_days_ago, hours=1),
        lines=tuple(
            RecordLine(sku=line.line_id, title=line.line_id, category="home", final_sale=final_sale, frozen=line)
            for line in frozen.lines
        ),
        shipping=frozen.shipping,
        tenders=(card,),
    )
