"""Cases that were decided before, as another version of the policy is tried on them (P5.1).

Many of them are read at a time, so that they are plain tuples with the facts as they are stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from activities.gates import by_the_case, by_the_facts
from activities.precautions import Held
from activities.rulings import APPROVALS, Action, Ceilings, Facts
from aftersales.contract.values import CaseKind

OF_THE_HOUR: Final = frozenset(
    {
        Held.CUSTOMER_CEILING,
        Held.ORDER_CEILING,
        Held.CUSTOMER_BUDGET,
        Held.PRODUCT_BUDGET,
        Held.DAY_BUDGET,
        Held.BREAKER_OPEN,
    }
)
"""What held an approval back for the money of other cases; another version is taken to have met the same."""


class PastCase(NamedTuple):
    """The first assessment of a case and what finally became of it.

    `facts` is the stored JSON; `amount_minor` what was asked for, of it `paid_minor` was paid in the end. `ruled` is
    the policy's word, `action` what was done, `held` why the two differ. `status` is empty if the case is not stored;
    `by_person`: somebody of the staff dealt with it.
    """

    number: str
    at: datetime
    facts: str
    amount_minor: int
    currency: str
    ruled: Action
    action: Action
    held: tuple[str, ...]
    status: str
    paid_minor: int
    by_person: bool


class ShadowWord(NamedTuple):
    """Where the version in the shadow disagreed. `ruled` is the live version's word; `otherwise` is None if the one in
    the shadow could not decide, and `failure` says why."""

    number: str
    at: datetime
    policy_hash: str
    amount_minor: int
    currency: str
    ruled: Action
    otherwise: Action | None
    failure: str


def done_about(case: PastCase, facts: Facts, ruled: Action, ceilings: Ceilings) -> Action:
    """What would have been done about a version's word, by its ceilings and by what held the case back then: see
    `activities.assessment`, which this repeats of the past."""
    refund_only = facts.kind is CaseKind.REFUND_ONLY
    match ruled:
        case Action.REJECT:
            return Action.REVIEW if facts.by_staff else ruled
        case Action.ASK_EVIDENCE:
            return ruled
        case _ if not refund_only:
            return Action.REVIEW
    held = ruled in APPROVALS and (
        by_the_facts(facts) or by_the_case(case.amount_minor, ceilings) or OF_THE_HOUR.intersection(case.held)
    )
    return Action.REVIEW if held else ruled
