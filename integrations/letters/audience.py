"""Which stage is told to whom."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from activities.rows import CaseRow
from activities.types import Stage
from aftersales.contract.values import WaitsFor


class Audience(StrEnum):
    CUSTOMER = "customer"
    AGENTS = "agents"
    SUPERVISORS = "supervisors"
    FINANCE = "finance"
    OPS = "ops"


AUDIENCES: Final[dict[Stage, tuple[Audience, ...]]] = {
    Stage.RECEIVED: (Audience.CUSTOMER,),
    Stage.EVIDENCE_NEEDED: (Audience.CUSTOMER,),
    Stage.REVIEW_STARTED: (Audience.CUSTOMER, Audience.AGENTS),
    Stage.REVIEW_REMINDER: (Audience.AGENTS,),
    Stage.HANDLING_TIME: (Audience.CUSTOMER,),
    Stage.REVIEW_ESCALATED: (Audience.SUPERVISORS,),
    Stage.SECOND_APPROVAL: (Audience.SUPERVISORS, Audience.FINANCE),
    Stage.CUSTOMER_ASKED: (Audience.CUSTOMER,),
    Stage.APPROVED: (Audience.CUSTOMER,),
    Stage.REJECTED: (Audience.CUSTOMER,),
    Stage.WITHDRAWN: (Audience.CUSTOMER,),
    Stage.EXPIRED: (Audience.CUSTOMER,),
    Stage.PAYMENT_CONFIRMING: (Audience.CUSTOMER,),
    Stage.PAYMENT_ON_ITS_WAY: (Audience.CUSTOMER,),
    Stage.PAYMENT_BLOCKED: (Audience.FINANCE, Audience.OPS),
    Stage.PAYMENT_FAILED: (Audience.CUSTOMER, Audience.FINANCE),
    Stage.REFUNDED: (Audience.CUSTOMER,),
    Stage.REVERSED: (Audience.CUSTOMER, Audience.FINANCE),
    Stage.DESTINATION_NEEDED: (Audience.CUSTOMER,),
    Stage.DESTINATION_REMINDER: (Audience.CUSTOMER,),
    Stage.PAY_BY_HAND: (Audience.FINANCE,),
    Stage.CONFIRM_BY_HAND: (Audience.FINANCE,),
    Stage.SURVEY: (Audience.CUSTOMER,),
    Stage.SURVEY_REMINDER: (Audience.CUSTOMER,),
    Stage.LOW_SCORE: (Audience.SUPERVISORS,),
}
_WHOSE_TURN: Final = {WaitsFor.SUPERVISOR: Audience.SUPERVISORS, WaitsFor.FINANCE: Audience.FINANCE}


def readers_of(stage: Stage, case: CaseRow) -> tuple[Audience, ...]:
    """What the agents are to decide is told to those who may, an appeal to the supervisors say (P2.7, P2.8)."""
    whose = _WHOSE_TURN.get(case.waits_for, Audience.AGENTS)
    return tuple(whose if each is Audience.AGENTS else each for each in AUDIENCES[stage])
