"""Store credit and gift cards, for the contract suite: no wire, and the oracle is the ledger of our own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Self

from sqlalchemy import func, select

from activities.rows import LegRow
from domain.rails import GIFT_CARD, OWN_RAILS, STORE_CREDIT, Rail
from integrations.clock import SystemClock
from storage.engine import create_store_engine
from storage.stored_value import StoredValuePayments
from storage.tables import STORED_VALUE_ENTRIES
from tests.integrations.contract.bench import Bench
from tests.sandbox.servers import Box


class StoreCredit(Bench):
    name = "store-credit"
    provider = STORE_CREDIT

    def __init__(self, box: Box) -> None:
        self.box = box
        self._folder = tempfile.TemporaryDirectory()
        self._engine = create_store_engine(f"sqlite:///{Path(self._folder.name) / 'stored-value.db'}")
        self.payments = StoredValuePayments(self._engine, self.provider, SystemClock())

    @classmethod
    async def open(cls, box: Box, url: str) -> Self:  # noqa: ARG003 - nothing leaves the house
        made = cls(box)
        async with made._engine.begin() as connection:
            await connection.run_sync(STORED_VALUE_ENTRIES.create)
        return made

    async def close(self) -> None:
        await self._engine.dispose()
        self._folder.cleanup()

    @classmethod
    def rail(cls) -> Rail:
        return OWN_RAILS[cls.provider]

    async def seed(self, payment: int = 1) -> None:
        """What the order was paid with is in the order; the ledger takes any account."""

    def reference(self, payment: int) -> str:
        return f"account-{payment}"

    async def finish(self, leg: LegRow, *, success: bool) -> None:
        """An entry is there or it is not."""

    async def executions(self, leg: LegRow) -> int:
        column = STORED_VALUE_ENTRIES.c.provider_number
        count = select(func.count()).where(column == leg.leg.provider_number)
        async with self._engine.connect() as connection:
            return int((await connection.execute(count)).scalar_one())


class GiftCard(StoreCredit):
    name = "gift-card"
    provider = GIFT_CARD

    def reference(self, payment: int) -> str:
        return f"gc-2026-{payment:012}"
