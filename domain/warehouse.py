"""What the warehouse and the carrier state: parcels as packed and sent, and counts of the stock (P2.3, P2.5).

Each fact is the last one stated; what a statement leaves blank it says nothing of.
"""

from __future__ import annotations

from datetime import datetime

from aftersales.contract.values import Frozen, OpaqueId


class ParcelLine(Frozen):
    """An order line as picked and shipped; weights in grams, 0: not weighed."""

    line_id: OpaqueId
    picked_sku: str = ""
    shipped_sku: str = ""
    quantity: int = 0
    expected_g: int = 0
    weighed_g: int = 0


class Parcel(Frozen):
    """What was sent of an order. Times in UTC."""

    order_id: OpaqueId
    carrier: str = ""
    tracking: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: tuple[ParcelLine, ...] = ()


class StockCount(Frozen):
    """How many pieces could be sent, at the moment of the count."""

    sku: str
    available: int
    counted_at: datetime
