"""What other systems of the shop know of an application: warehouse and carrier, stock, the customer's account.

Asked before the transaction of an assessment, other systems within `ANSWER_LIMIT_S`; a source that does not answer is
said to be down and is never taken for a yes (design: security, "fails closed"). `integrations` and `storage` implement
the ports.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol

from activities.rulings import Replacement, Shipment
from aftersales.contract.messages import Application
from aftersales.contract.values import Frozen

ANSWER_LIMIT_S: Final = 2.0
"""A step has 4 seconds for one attempt; another system that takes longer than this is down for this assessment."""


class ShippedLine(Frozen):
    """What the records have of one order line: SKUs as picked and shipped, weights in grams (0: not weighed)."""

    line_id: str
    ordered_sku: str
    picked_sku: str = ""
    shipped_sku: str = ""
    shipped_quantity: int = 0
    expected_g: int = 0
    weighed_g: int = 0


class ShipmentRecord(Frozen):
    """What was picked, shipped, weighed and delivered of an order (P2.3)."""

    carrier: str = ""
    tracking: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    lines: tuple[ShippedLine, ...] = ()


class StockLine(Frozen):
    """What could be sent instead of a line of the order (P2.5)."""

    line_id: str
    sku: str
    available: int


class AccountStanding(Frozen):
    """How the customer stands with the shop, by the shop's own system (P2.6)."""

    state: str = "active"
    contact_verified: bool = False
    since: datetime | None = None
    note: str = ""


class SourceDownError(Exception):
    """The source did not answer, or not in a way that can be read; `str(error)` says which and why."""


class Logistics(Protocol):
    async def shipment(self, order_id: str) -> ShipmentRecord | None:
        """None: there is no record. Raises SourceDownError."""
        ...


class Stock(Protocol):
    async def instead_of(self, order_id: str, line_id: str, wanted_sku: str) -> StockLine | None:
        """What is there of the wanted SKU; None: nobody counts it. Raises SourceDownError."""
        ...


class Accounts(Protocol):
    async def standing(self, customer_id: str) -> AccountStanding | None:
        """None: not known there. Raises SourceDownError."""
        ...


class Particulars(Frozen):
    """The answers, as the agent sees them and the policy weighs them. `down`: names of sources without an answer."""

    shipment: Shipment = Shipment.NOT_CHECKED
    record: ShipmentRecord | None = None
    replacement: Replacement = Replacement.NOT_CHECKED
    stock: tuple[StockLine, ...] = ()
    standing: AccountStanding | None = None
    down: tuple[str, ...] = ()


NOTHING_ASKED = Particulars()


class Enquiries(Protocol):
    async def about(self, application: Application) -> Particulars:
        """Ask whatever the application's reason calls for. A source that is down is named in the answer.

        Raises only what our own database raises, which may be a source too: the step is tried again, as for any other
        of its statements.
        """
        ...
