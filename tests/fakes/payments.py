from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from activities.ports import LegRow
from activities.types import OutcomeKind, PaymentOutcome

SUCCESS = PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference="re_1", trace="trace-1")
NOTHING_THERE = PaymentOutcome(kind=OutcomeKind.NOT_FOUND)


class FakePayments:
    """A provider that gives the answers it was told to, in turn, then succeeds; `calls` are the legs as it saw them.

    `meanwhile` runs while a call is under way.
    """

    provider = "stripe"
    key_life_s = 20 * 3600

    def __init__(self) -> None:
        self.refunds: deque[PaymentOutcome] = deque()
        self.queries: deque[PaymentOutcome] = deque()
        self.calls: list[LegRow] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        self.calls.append(leg)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.refunds.popleft() if self.refunds else SUCCESS

    async def query(self, leg: LegRow) -> PaymentOutcome:
        del leg
        return self.queries.popleft() if self.queries else NOTHING_THERE
