from __future__ import annotations

from datetime import datetime

from activities.rulings import Action, Breaking, Ceilings, Change, Doing, Facts, Fired, RiskRules, Ruling
from activities.types import Timings
from aftersales.contract.values import CaseKind, Reason
from domain.promotions import PromotionChoice

PLENTY = 10**15
NO_LIMITS = Ceilings(
    automatic_case=PLENTY,
    automatic_customer_day=PLENTY,
    automatic_product_day=PLENTY,
    automatic_day=PLENTY,
    agent_case=PLENTY,
    supervisor_case=PLENTY,
    finance_case=PLENTY,
    four_eyes=PLENTY,
    customer_period=PLENTY,
    period_days=30,
    order=PLENTY,
)


class FakePolicy:
    """Rules what it is told to and remembers the facts it was asked about; `others` are the versions that it knows
    beside itself, `draft` is the one in the shadow. One policy and the shelf that it stands on, in one."""

    def __init__(self, action: Action = Action.APPROVE, content_hash: str = "5" * 64) -> None:
        self.content_hash = content_hash
        self.others: list[FakePolicy] = []
        self.draft: FakePolicy | None = None
        self.waits = Timings()
        self.limits = NO_LIMITS
        self.risk = RiskRules(points={}, medium_from=30, high_from=60)
        self.breaking = Breaking(
            days=7, least_cases=10**6, refund_rate_percent=1000, least_calls=10**6, failure_percent=100
        )
        self.would_change: tuple[Change, ...] = ()
        self.facts: list[Facts] = []
        self.says(action)

    def says(
        self,
        action: Action,
        reason_code: str = "merchant_fault",
        refund_shipping: bool = False,
        promotion: PromotionChoice = PromotionChoice.KEEP,
        restocking_fee_bp: int = 0,
        group: str = "agents",
    ) -> None:
        row = f"row-{action.value}"
        self.ruling = Ruling(
            action=action,
            row=row,
            reason_code=reason_code,
            refund_shipping=refund_shipping,
            restocking_fee_bp=restocking_fee_bp,
            promotion=promotion,
            group=group,
            fired=(Fired(table="decision", row=row),),
        )

    def timings(self, reason: Reason, kind: CaseKind) -> Timings:  # noqa: ARG002 - the port's words
        return self.waits

    def ceilings(self, currency: str) -> Ceilings:  # noqa: ARG002 - the port's words
        return self.limits

    def rule(self, facts: Facts) -> Ruling:
        self.facts.append(facts)
        return self.ruling

    def changes(self, facts: Facts, ruling: Ruling, gates: Doing) -> tuple[Change, ...]:  # noqa: ARG002 - the same
        return self.would_change

    async def in_force(self, at: datetime) -> FakePolicy:  # noqa: ARG002 - the port's words
        return self

    async def version(self, content_hash: str) -> FakePolicy | None:
        return next((each for each in (self, *self.others) if each.content_hash == content_hash), None)

    async def shadow(self) -> FakePolicy | None:
        return self.draft
