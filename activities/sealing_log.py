"""Sealing the operations log: once a day the ends of all chains are written where the database's owner cannot reach.

Whoever may change the database can write a chain anew and its recorded end with it; what was sealed before, they cannot
(P6.3). Everything here may be done twice without harm: a day has one seal.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from typing import Final

from temporalio import activity

from activities.ports import ChainHeads, SealedHead, Seals
from aftersales.contract.values import Frozen

SEAL_AUDIT: Final = "seal_audit"

_log = logging.getLogger(__name__)


class SealOrder(Frozen):
    """Which day's seal to make, and the time that it bears."""

    day: date
    at: datetime


class SealResult(Frozen):
    """`heads`: how many ends the day's seal holds; `seal`: its hash, empty if this deployment keeps no seals."""

    heads: int = 0
    seal: str = ""


class SealingLog:
    """Seals to `seals`; None where nobody said where seals are to lie, and then nothing is sealed."""

    def __init__(self, heads: ChainHeads, seals: Seals | None) -> None:
        self._heads = heads
        self._seals = seals

    @activity.defn(name=SEAL_AUDIT)
    async def seal_audit(self, order: SealOrder) -> SealResult:
        """Write the day's seal unless it is there, then mark what it holds; raises what the store raises."""
        if self._seals is None:
            _log.warning("the operations log is not sealed: AFTERSALES_SEALS does not say where seals are to lie")
            return SealResult()
        if not await self._seals.has(order.day):
            await self._seals.write(order.day, order.at, self._unsealed())
        # From the seal as it lies there, so that nothing is taken for sealed that is not.
        seal = await self._seals.read(order.day, self._mark)
        await self._heads.note(seal)
        _log.info("sealed the operations log: %d chains have moved", seal.heads)
        return SealResult(heads=seal.heads, seal=seal.seal)

    async def _unsealed(self) -> AsyncIterator[tuple[SealedHead, ...]]:
        sealed = 0
        async for heads in self._heads.unsealed():
            sealed += len(heads)
            activity.heartbeat({"sealed": sealed})
            yield heads

    async def _mark(self, heads: Sequence[SealedHead]) -> None:
        await self._heads.mark(heads)
        activity.heartbeat({"marked_up_to": heads[-1].number})
