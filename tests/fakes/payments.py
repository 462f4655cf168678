from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode, PayoutMethod
from domain.rails import Rail

SUCCESS = PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference="re_1", trace="trace-1")
NOTHING_THERE = PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
NO_LIMITS = Rail(provider="stripe")


class FakePayees:
    """Knows the destinations it was given."""

    def __init__(self, *known: Payee) -> None:
        self.known = {payee.token: payee for payee in known}

    async def reveal(self, token: str) -> Payee:
        if token not in self.known:
            raise AftersalesError(ErrorCode.PAYEE_UNKNOWN, "erased")
        return self.known[token]


BANK_ACCOUNT = Payee(
    token="payee-1", method=PayoutMethod.BANK_TRANSFER, account="DE89370400440532013000", holder="Wang Fang"
)


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
        self.paid_to: list[Payee] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        self.calls.append(leg)
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.refunds.popleft() if self.refunds else SUCCESS

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:
        self.paid_to.append(payee)
        return await self.refund(leg)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        del leg
        return self.queries.popleft() if self.queries else NOTHING_THERE
