"""What a case shows of itself to whoever may see it."""

from __future__ import annotations

from datetime import datetime

from aftersales.contract.messages import Number
from aftersales.contract.values import (
    BreakDown,
    CaseKind,
    CaseStatus,
    Channel,
    Frozen,
    LegState,
    Money,
    Reason,
    WaitsFor,
)


class LegView(Frozen):
    """One movement of money: where it is and what it is called at the provider (P3.3)."""

    provider: str
    provider_number: str
    state: LegState
    amount: Money
    provider_reference: str = ""
    trace: str = ""
    failure_code: str = ""


class VerdictView(Frozen):
    """An automatic decision with its reason: the policy's version and the row that fired (P5.1).

    `promotion` is what becomes of a threshold promotion that the refund breaks: `keep` or `claw_back`.
    """

    action: str
    policy_hash: str
    row: str
    reason_code: str = ""
    promotion: str = ""


class CaseView(Frozen):
    """A case as its workflow knows it. Times are UTC."""

    number: Number
    status: CaseStatus
    kind: CaseKind
    reason: Reason
    order_id: str
    customer_id: str
    channel: Channel
    opened_at: datetime
    waits_for: WaitsFor = WaitsFor.NOBODY
    waiting: str = ""
    due_at: datetime | None = None
    amount: Money | None = None
    break_down: BreakDown | None = None
    legs: tuple[LegView, ...] = ()
    verdict: VerdictView | None = None
    reason_code: str = ""
    explanation: str = ""
    appealed: bool = False
    closed: bool = False
