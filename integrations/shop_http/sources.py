"""Logistics, stock and accounts behind their ports, each asked at the address of its setting."""

from __future__ import annotations

from activities.particulars import AccountStanding, ShipmentRecord, StockLine
from integrations.shop_http.answers import AccountAnswer, ShipmentAnswer, StockAnswer
from integrations.shop_http.source import HttpSource


class HttpLogistics:
    """`activities.particulars.Logistics`."""

    def __init__(self, source: HttpSource) -> None:
        self._source = source

    async def shipment(self, order_id: str) -> ShipmentRecord | None:
        answer = await self._source.ask(ShipmentAnswer, {"order_id": order_id})
        return None if answer is None else ShipmentRecord.model_validate(answer.model_dump())


class HttpStock:
    """`activities.particulars.Stock`."""

    def __init__(self, source: HttpSource) -> None:
        self._source = source

    async def instead_of(self, order_id: str, line_id: str, wanted_sku: str) -> StockLine | None:
        about = {"sku": wanted_sku, "order_id": order_id, "line_id": line_id}
        answer = await self._source.ask(StockAnswer, about)
        return None if answer is None else StockLine(line_id=line_id, sku=answer.sku, available=answer.available)


class HttpAccounts:
    """`activities.particulars.Accounts`."""

    def __init__(self, source: HttpSource) -> None:
        self._source = source

    async def standing(self, customer_id: str) -> AccountStanding | None:
        answer = await self._source.ask(AccountAnswer, {"customer_id": customer_id})
        return None if answer is None else AccountStanding.model_validate(answer.model_dump())
