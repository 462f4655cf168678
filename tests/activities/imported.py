"""An order as a shop's file states it, taken in the way an import does."""

from __future__ import annotations

import json
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from domain.orders import OrderRecord
from integrations.shop.json_lines import record_of
from storage.orders import save_orders
from tests.activities.shop import CUSTOMER, CUSTOMER_MAIL, NOW

Stated = dict[str, object]


def line(line_id: str, quantity: int, unit_price_minor: int, **more: int) -> Stated:
    return {"line_id": line_id, "title": line_id, "category": "home"} | {
        "quantity": quantity,
        "unit_price_minor": unit_price_minor,
        **more,
    }


def by_card(captured_minor: int) -> Stated:
    return {"tender_id": "card", "provider": "stripe", "reference": "ch_1", "captured_minor": captured_minor}


def by_gift_card(captured_minor: int) -> Stated:
    return {"tender_id": "gift", "kind": "gift_card", "reference": "gc_1", "captured_minor": captured_minor}


def stated_order(lines: list[Stated], tenders: list[Stated], **more: object) -> OrderRecord:
    """One line of an order file, read; a contradiction in it raises."""
    stated = {
        "order_id": "order-2",
        "currency": "EUR",
        "tax_mode": "none",
        "bought_at": (NOW - timedelta(days=10)).isoformat(),
        "delivered_at": (NOW - timedelta(days=5)).isoformat(),
        "paid": True,
        "customer": {"customer_id": CUSTOMER, "name": "Wang Fang", "email": CUSTOMER_MAIL, "language": "en"},
        "lines": lines,
        "tenders": tenders,
    }
    return record_of(json.dumps(stated | more))


async def take_in(engine: AsyncEngine, record: OrderRecord) -> OrderRecord:
    saved = await save_orders(engine, [record])
    assert saved.inserted == (record.order_id,)
    return record
