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


class FiredView(Frozen):
    """The row of a policy's table that held."""

    table: str
    row: str


class VerdictView(Frozen):
    """An automatic decision with its reason: the policy's version and the rows that fired (P5.1).

    `action` is what was done, `advice` what the policy said, `held` why the two differ. The whole of it, with what
    would have changed the outcome, is shown by `aftersales explain`.

    `promotion` is what becomes of a threshold promotion that the refund breaks: `keep` or `claw_back`; `tender_order`
    the order in which several payments are given back: `stored_value_first` or `turned_round`.
    """

    action: str
    policy_hash: str
    row: str
    reason_code: str = ""
    promotion: str = ""
    tender_order: str = ""
    restocking_fee_bp: int = 0
    advice: str = ""
    held: tuple[str, ...] = ()
    fired: tuple[FiredView, ...] = ()


class ApprovalView(Frozen):
    """A yes that counts so far; above a threshold two people are needed (P6.2)."""

    actor: str
    role: str
    at: datetime


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
    approvals: tuple[ApprovalView, ...] = ()
    claimed_by: str = ""
    claimed_until: datetime | None = None

    def for_customer(self) -> CaseView:
        """What a shop's page may show to the customer: without the rules and signs of fraud that decided or held it
        back, and without who of the staff has it; `explanation` says what the customer may hear (P5.1, P6.1)."""
        hidden = {"verdict": None, "reason_code": "", "approvals": (), "claimed_by": "", "claimed_until": None}
        return self.model_copy(update=hidden)
