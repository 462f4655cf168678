"""Cases that were decided before, as another version of the policy is tried on them (P5.1).

Many of them are read at a time, so that they are plain tuples with the facts as they are stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from activities.gates import Gates
from activities.rulings import Action, Ceilings, Facts


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
    """What would have been done about a version's word, by its ceilings and by what held the case back then."""
    return Gates(ceilings, case.held, case.amount_minor - facts.amount_minor).done(facts, ruled)
