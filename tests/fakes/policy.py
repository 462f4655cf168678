from __future__ import annotations

from activities.ports import Action, Facts, Ruling
from activities.types import Timings
from domain.promotions import PromotionChoice


class FakePolicy:
    """Rules what it is told to and remembers the facts it was asked about; `others` are the versions it knows."""

    def __init__(self, action: Action = Action.APPROVE, content_hash: str = "5" * 64) -> None:
        self.content_hash = content_hash
        self.others: list[FakePolicy] = []
        self.timings = Timings()
        self.ruling = Ruling(action=action, row="row-1", reason_code="merchant_fault")
        self.facts: list[Facts] = []

    def says(
        self,
        action: Action,
        reason_code: str = "merchant_fault",
        refund_shipping: bool = False,
        promotion: PromotionChoice = PromotionChoice.KEEP,
    ) -> None:
        self.ruling = Ruling(
            action=action,
            row=f"row-{action.value}",
            reason_code=reason_code,
            refund_shipping=refund_shipping,
            promotion=promotion,
        )

    def version(self, content_hash: str) -> FakePolicy | None:
        return next((each for each in (self, *self.others) if each.content_hash == content_hash), None)

    def rule(self, facts: Facts) -> Ruling:
        self.facts.append(facts)
        return self.ruling
