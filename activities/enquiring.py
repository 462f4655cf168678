"""Asking other systems of the shop what an application's reason calls for (P2.3, P2.5, P2.6).

Outside the transaction and all at once: an intake is a local activity of a few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from typing import Final, TypeVar

from activities.particulars import (
    NOTHING_ASKED,
    Accounts,
    AccountStanding,
    Logistics,
    Particulars,
    ShipmentRecord,
    ShippedLine,
    SourceDownError,
    Stock,
    StockLine,
)
from activities.rulings import Replacement, Shipment
from aftersales.contract.messages import Application
from aftersales.contract.values import Reason

LOGISTICS: Final = "logistics"
STOCK: Final = "stock"
ACCOUNTS: Final = "accounts"

_SHIPMENT_MATTERS: Final = frozenset(
    {Reason.WRONG_ITEM, Reason.NOT_RECEIVED, Reason.DAMAGED_IN_TRANSIT, Reason.NOT_AS_DESCRIBED}
)
_WEIGHED_ALIKE_PERCENT: Final = 10
_WEIGHED_ALIKE_G: Final = 50
"""Scales and packaging differ by so much without anything being missing."""

_log = logging.getLogger(__name__)
FoundT = TypeVar("FoundT")


class NoEnquiries:
    """Nobody is asked: a shop without such systems."""

    async def about(self, application: Application) -> Particulars:  # noqa: ARG002 - the port's words
        return NOTHING_ASKED


class ShopEnquiries:
    """Implements `activities.particulars.Enquiries` over the three sources; one that is None is not asked."""

    def __init__(self, logistics: Logistics | None, stock: Stock | None, accounts: Accounts | None) -> None:
        self._logistics = logistics
        self._stock = stock
        self._accounts = accounts

    async def about(self, application: Application) -> Particulars:
        down: list[str] = []
        shipment, stock, standing = await asyncio.gather(
            self._answer(LOGISTICS, self._shipment(application), down),
            self._answer(STOCK, self._replacements(application), down),
            self._answer(ACCOUNTS, self._standing(application), down),
        )
        return Particulars(
            shipment=self._shipment_said(application, shipment, LOGISTICS in down),
            record=shipment,
            replacement=self._replacement_said(application, stock or (), STOCK in down),
            stock=stock or (),
            standing=standing,
            down=tuple(sorted(down)),
        )

    async def _answer(self, name: str, question: Awaitable[FoundT], down: list[str]) -> FoundT | None:
        """None as well where the source is down, which is then noted: the case goes to a person, and is not lost."""
        try:
            return await question
        except SourceDownError as error:
            _log.warning("a source is down: %s", error)
            down.append(name)
            return None

    async def _shipment(self, application: Application) -> ShipmentRecord | None:
        if self._logistics is None or application.reason not in _SHIPMENT_MATTERS:
            return None
        return await self._logistics.shipment(application.order_id)

    async def _replacements(self, application: Application) -> tuple[StockLine, ...]:
        if self._stock is None or application.reason is not Reason.WRONG_SIZE or not application.wanted_sku:
            return ()
        order_id, sku = application.order_id, application.wanted_sku
        found = await asyncio.gather(
            *(self._stock.instead_of(order_id, item.line_id, sku) for item in application.items)
        )
        return tuple(line for line in found if line is not None)

    async def _standing(self, application: Application) -> AccountStanding | None:
        return None if self._accounts is None else await self._accounts.standing(application.customer_id)

    def _shipment_said(self, application: Application, record: ShipmentRecord | None, down: bool) -> Shipment:
        if self._logistics is None or application.reason not in _SHIPMENT_MATTERS:
            return Shipment.NOT_CHECKED
        if down:
            return Shipment.UNAVAILABLE
        return shipment_said(application, record)

    def _replacement_said(self, application: Application, stock: tuple[StockLine, ...], down: bool) -> Replacement:
        if self._stock is None or application.reason is not Reason.WRONG_SIZE:
            return Replacement.NOT_CHECKED
        if down:
            return Replacement.UNAVAILABLE
        return replacement_said(application, stock)


def shipment_said(application: Application, record: ShipmentRecord | None) -> Shipment:
    """What the record says of the lines that the customer complains of (P2.3).

    It bears the customer out only if it does for every one of them; where it has a gap, nothing follows from it.
    """
    if record is None:
        return Shipment.UNKNOWN
    if record.shipped_at is None:
        return Shipment.NOT_SHIPPED
    shipped = {line.line_id: line for line in record.lines}
    asked = [shipped.get(item.line_id) for item in application.items]
    sent = [_as_ordered(line) for line in asked if line is not None]
    if len(sent) < len(asked) or None in sent:
        return Shipment.UNKNOWN
    return Shipment.MATCHES if any(sent) else Shipment.DIFFERS


def _as_ordered(line: ShippedLine) -> bool | None:
    """Whether what was picked and shipped is what was ordered, as far as it was written down; None: it was not."""
    seen = {line.picked_sku, line.shipped_sku} - {""}
    return seen == {line.ordered_sku} if seen else None


def weight_differs(application: Application, record: ShipmentRecord | None) -> bool:
    """Whether a parcel line weighed clearly less or more than its goods (P2.3); unknown weights never do."""
    asked = {item.line_id for item in application.items}
    return record is not None and any(
        line.line_id in asked and line.expected_g > 0 and line.weighed_g > 0 and _apart(line.expected_g, line.weighed_g)
        for line in record.lines
    )


def _apart(expected_g: int, weighed_g: int) -> bool:
    return abs(expected_g - weighed_g) > max(_WEIGHED_ALIKE_G, expected_g * _WEIGHED_ALIKE_PERCENT // 100)


def replacement_said(application: Application, stock: tuple[StockLine, ...]) -> Replacement:
    """In stock only if every line that was asked for can be replaced in full, none from another one's pieces (P2.5)."""
    if not application.wanted_sku:
        return Replacement.UNKNOWN
    instead = {line.line_id: line for line in stock}
    if any(item.line_id not in instead for item in application.items):
        return Replacement.UNKNOWN
    wanted: Counter[str] = Counter()
    for item in application.items:
        wanted[instead[item.line_id].sku] += item.quantity
    enough = all(line.available >= wanted[line.sku] for line in stock)
    return Replacement.IN_STOCK if enough else Replacement.OUT_OF_STOCK
