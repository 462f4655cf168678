"""What was bought and how it was paid, as taken in; nothing here changes when a refund happens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field

from domain.allocation import FrozenLine, FrozenShipping, ThresholdPromotion
from storage.tables.base import Stored, table_of
from storage.types import ModelJson, UtcDateTime


class Accounts(Stored, table=True):
    """The buyers, as the shop last stated them."""

    customer_id: str = Field(primary_key=True)
    state: str
    name: str
    email: str
    phone: str
    language: str
    contact_verified: bool
    guest: bool
    since: datetime | None = Field(sa_type=UtcDateTime())


class Orders(Stored, table=True):
    """`content_digest` is over the order with its lines and tenders: the same order again changes nothing."""

    order_id: str = Field(primary_key=True)
    customer_id: str = Field(foreign_key="accounts.customer_id", index=True)
    currency: str
    paid: bool
    bought_at: datetime = Field(sa_type=UtcDateTime())
    delivered_at: datetime | None = Field(sa_type=UtcDateTime())
    shipping: FrozenShipping | None = Field(sa_type=ModelJson(FrozenShipping))
    promotion: ThresholdPromotion | None = Field(sa_type=ModelJson(ThresholdPromotion))
    payment_fingerprint: str = Field(index=True)
    address_hash: str = Field(index=True)
    content_digest: str


class OrderLines(Stored, table=True):
    """Lines in the order's own sequence, each with its frozen shares (design: money, rule 2)."""

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_above_zero"),)

    order_id: str = Field(primary_key=True, foreign_key="orders.order_id")
    line_id: str = Field(primary_key=True)
    position: int
    sku: str
    title: str
    category: str
    quantity: int
    final_sale: bool
    frozen: FrozenLine = Field(sa_type=ModelJson(FrozenLine))


class Tenders(Stored, table=True):
    """The payments of an order, in the sequence in which they were charged."""

    __table_args__ = (
        CheckConstraint("captured_minor >= 0", name="captured_not_negative"),
        Index("ix_tenders_provider_reference", "provider", "reference"),
    )

    order_id: str = Field(primary_key=True, foreign_key="orders.order_id")
    tender_id: str = Field(primary_key=True)
    position: int
    provider: str
    reference: str
    captured_minor: int = Field(sa_type=BigInteger)


ACCOUNTS = table_of(Accounts)
ORDERS = table_of(Orders)
ORDER_LINES = table_of(OrderLines)
TENDERS = table_of(Tenders)
