from __future__ import annotations

from activities.ports import Action, Facts, Ruling
from activities.types import Timings


class FakePolicy:
    """Rules what it is told to and remembers the facts it was asked about."""

    def __init__(self, action: Action = Action.APPROVE) -> None:
        self.content_hash = "5" * 64
        self.timings = Timings()
        self.ruling = Ruling(action=action, row="row-1", reason_code="merchant_fault")
        self.facts: list[Facts] = []

    def says(self, action: Action, reason_code: str = "merchant_fault", refund_shipping: bool = False) -> None:
        self.ruling = Ruling(
            action=action, row=f"row-{action.value}", reason_code=reason_code, refund_shipping=refund_shipping
        )

    def rule(self, facts: Facts) -> Ruling:
        self.facts.append(facts)
        return self.ruling
