"""The draft that runs beside the live policy and decides nothing (P5.1)."""

from __future__ import annotations

import logging
from typing import Final

from activities.precautions import Disagreement
from activities.rulings import APPROVALS, Facts, Policy, Ruling

LONGEST_FAILURE: Final = 300

_log = logging.getLogger(__name__)


def in_the_shadow(shadow: Policy | None, facts: Facts, ruling: Ruling) -> Disagreement | None:
    """What the draft would have done instead; None if there is none, or it agrees. Never raises: a draft that cannot
    decide is written down as one, and the case goes on by the live version."""
    if shadow is None:
        return None
    try:
        other = shadow.rule(facts)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a draft, the live decision stands
        _log.warning("the policy version %s in the shadow cannot decide: %s", shadow.content_hash, error)
        why = (str(error) or type(error).__name__)[:LONGEST_FAILURE]
        return Disagreement(policy_hash=shadow.content_hash, action=ruling.action, failure=why)
    if _agrees(other, ruling):
        return None
    return Disagreement(policy_hash=shadow.content_hash, action=other.action, fired=other.fired)


def _agrees(other: Ruling, ruling: Ruling) -> bool:
    """The same is done, and where money moves by it, as much of it."""
    if other.action is not ruling.action:
        return False
    return other.action not in APPROVALS or _amounts(other) == _amounts(ruling)


def _amounts(ruling: Ruling) -> tuple[object, ...]:
    return ruling.refund_shipping, ruling.restocking_fee_bp, ruling.promotion, ruling.tender_order
