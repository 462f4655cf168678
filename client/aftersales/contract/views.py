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
    Movement,
    Reason,
    WaitsFor,
)


class LegView(Frozen):
    """One movement of money: where it is and what it is called at the provider (P3.3).

    `destination`: where it goes, masked, empty for the original channel unless the provider told more. `expected_by`:
    when it should have arrived at the latest, once the provider has it.
    """

    provider: str
    provider_number: str
    state: LegState
    amount: Money
    provider_reference: str = ""
    trace: str = ""
    failure_code: str = ""
    movement: Movement = Movement.REFUND
    destination: str = ""
    expected_by: datetime | None = None


class VerdictView(Frozen):
    """An automatic decision with its reason: the policy's version and the row that fired (P5.1).

    `promotion` is what becomes of a threshold promotion that the refund breaks: `keep` or `claw_back`; `tender_order`
    the order in which several payments are given back: `stored_value_first` or `turned_round`.
    """

    action: str
    policy_hash: str
    row: str
    reason_code: str = ""
    promotion: str = ""
    tender_order: str = ""


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
