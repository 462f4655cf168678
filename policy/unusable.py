"""What stands in for a version that is in force and cannot be used: everything goes to a person."""

from __future__ import annotations

from typing import Final

from activities.rulings import Action, Breaking, Ceilings, Change, Doing, Facts, Fired, Policy, RiskRules, Ruling
from activities.types import Timings
from aftersales.contract.values import CaseKind, Reason

POLICY_UNUSABLE: Final = "policy_unusable"
_NOTHING_BY_RULE: Final = dict.fromkeys(
    ("automatic_case", "automatic_customer_day", "automatic_product_day", "automatic_day"), 0
)


class UnusablePolicy:
    """Implements `activities.rulings.Policy`: fails closed, and loses no case. People wait and approve as under the
    default version."""

    def __init__(self, content_hash: str, default: Policy) -> None:
        self._content_hash = content_hash
        self._default = default

    @property
    def content_hash(self) -> str:
        """That of the version that cannot be used."""
        return self._content_hash

    @property
    def risk(self) -> RiskRules:
        return self._default.risk

    @property
    def breaking(self) -> Breaking:
        return self._default.breaking

    def timings(self, reason: Reason, kind: CaseKind) -> Timings:
        return self._default.timings(reason, kind)

    def ceilings(self, currency: str) -> Ceilings:
        return self._default.ceilings(currency).model_copy(update=_NOTHING_BY_RULE)

    def rule(self, facts: Facts) -> Ruling:  # noqa: ARG002 - the port's words
        return Ruling(
            action=Action.REVIEW,
            row=POLICY_UNUSABLE,
            reason_code=POLICY_UNUSABLE,
            fired=(Fired(table="decision", row=POLICY_UNUSABLE),),
        )

    def changes(self, facts: Facts, ruling: Ruling, gates: Doing) -> tuple[Change, ...]:  # noqa: ARG002 - the same
        return ()
