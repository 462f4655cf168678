"""What the warehouse and the carrier know of an order, and what is in stock, where no other system is asked for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlmodel import Field

from storage.tables.base import Stored, table_of
from storage.types import UtcDateTime


class Shipments(Stored, table=True):
    """One for each order that was sent."""

    order_id: str = Field(primary_key=True, foreign_key="orders.order_id")
    carrier: str
    tracking: str
    shipped_at: datetime | None = Field(sa_type=UtcDateTime())
    delivered_at: datetime | None = Field(sa_type=UtcDateTime())


class ShippedLines(Stored, table=True):
    """The lines of an order as picked, shipped and weighed, in grams; 0 and empty: not known."""

    __table_args__ = (
        ForeignKeyConstraint(["order_id", "line_id"], ["order_lines.order_id", "order_lines.line_id"]),
        CheckConstraint("quantity >= 0 AND expected_g >= 0 AND weighed_g >= 0", name="not_below_zero"),
    )

    order_id: str = Field(primary_key=True)
    line_id: str = Field(primary_key=True)
    picked_sku: str
    shipped_sku: str
    quantity: int
    expected_g: int
    weighed_g: int


class Stock(Stored, table=True):
    """The last count of each SKU."""

    __table_args__ = (CheckConstraint("available >= 0", name="not_below_zero"),)

    sku: str = Field(primary_key=True)
    available: int
    counted_at: datetime = Field(sa_type=UtcDateTime())


SHIPMENTS = table_of(Shipments)
SHIPPED_LINES = table_of(ShippedLines)
STOCK = table_of(Stock)
