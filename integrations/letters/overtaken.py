"""Letters that became untrue before they were written: a worker was killed by then, or a mail server was away (P4.1).

What happened stays true. What is asked, promised or under way is true until it is answered, moved or over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, NamedTuple

from activities.rows import CaseRow, LegRow
from activities.types import Notify, Stage
from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, WaitsFor
from integrations.letters.facts import stranded_among, to_confirm_by_hand, to_pay_by_hand

_IN_DOUBT: Final = frozenset({LegState.SUBMITTING, LegState.CONFIRMING})
_CLOCKS_APART: Final = timedelta(minutes=1)
"""The case's row and its workflow count the same deadline from moments that are not quite the same."""


class Now(NamedTuple):
    """What a letter is to say, and where the case stands by now; `legs` as `Letters.compose` takes them."""

    order: Notify
    case: CaseRow
    legs: tuple[LegRow, ...]


Holds = Callable[[Now], bool]


def is_overtaken(order: Notify, case: CaseRow, legs: tuple[LegRow, ...]) -> bool:
    return not _HOLDS[order.stage](Now(order, case, legs))


def _for_ever(_: Now) -> bool:
    return True


def _while_in(*statuses: CaseStatus) -> Holds:
    return lambda now: now.case.status in statuses


def _until_moved(status: CaseStatus) -> Holds:
    """In that status, and the moment that the letter names was not put off: another letter tells of that."""

    def holds(now: Now) -> bool:
        named, due = now.order.due_at, now.case.due_at
        put_off = named is not None and due is not None and due > named + _CLOCKS_APART
        return now.case.status is status and not put_off

    return holds


def _while_a_leg_is(*states: LegState) -> Holds:
    return lambda now: any(row.leg.state in states for row in now.legs)


def _takes_two(now: Now) -> bool:
    asked_again = now.case.waits_for is WaitsFor.CUSTOMER
    return now.case.status in (CaseStatus.UNDER_REVIEW, CaseStatus.PAYMENT_FAILED) and not asked_again


def _approval_is_news(now: Now) -> bool:
    """Not once it was given up. When the money is there, the letter of that says all but the reason (P2.8)."""
    if now.case.status in (CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED):
        return bool(now.case.explanation)
    return now.case.status in (CaseStatus.PAYING, CaseStatus.PAYMENT_FAILED)


def _asks_where_to(now: Now) -> bool:
    asks = now.case.status is CaseStatus.PAYMENT_FAILED and now.case.waits_for is WaitsFor.CUSTOMER
    return asks and bool(stranded_among(now.legs))


def _not_answered(now: Now) -> bool:
    return now.case.status in OUTCOMES and now.case.survey_score is None


_HOLDS: Final[dict[Stage, Holds]] = {
    Stage.RECEIVED: _for_ever,
    Stage.EVIDENCE_NEEDED: _until_moved(CaseStatus.NEEDS_EVIDENCE),
    Stage.REVIEW_STARTED: _until_moved(CaseStatus.UNDER_REVIEW),
    Stage.REVIEW_REMINDER: _while_in(CaseStatus.UNDER_REVIEW),
    Stage.HANDLING_TIME: _until_moved(CaseStatus.UNDER_REVIEW),
    Stage.REVIEW_ESCALATED: _while_in(CaseStatus.UNDER_REVIEW),
    Stage.SECOND_APPROVAL: _takes_two,
    Stage.CUSTOMER_ASKED: _until_moved(CaseStatus.AWAITING_CUSTOMER),
    Stage.APPROVED: _approval_is_news,
    # While an appeal is looked at, too; what is said after that is another decision's reason.
    Stage.REJECTED: _while_in(CaseStatus.REJECTED, CaseStatus.UNDER_REVIEW),
    Stage.WITHDRAWN: _for_ever,
    Stage.EXPIRED: _while_in(CaseStatus.EXPIRED),
    Stage.PAYMENT_CONFIRMING: _while_a_leg_is(*_IN_DOUBT),
    Stage.PAYMENT_ON_ITS_WAY: _while_a_leg_is(LegState.PENDING),
    # An alarm: rather once too often.
    Stage.PAYMENT_BLOCKED: _for_ever,
    Stage.PAYMENT_FAILED: _while_in(CaseStatus.PAYMENT_FAILED),
    Stage.REFUNDED: _while_a_leg_is(LegState.SUCCEEDED),
    Stage.REVERSED: lambda now: now.case.status not in OUTCOMES - {CaseStatus.WITHDRAWN},
    Stage.DESTINATION_NEEDED: _asks_where_to,
    Stage.DESTINATION_REMINDER: _asks_where_to,
    Stage.PAY_BY_HAND: lambda now: bool(to_pay_by_hand(now.legs)),
    Stage.CONFIRM_BY_HAND: lambda now: bool(to_confirm_by_hand(now.legs)),
    Stage.SURVEY: _not_answered,
    Stage.SURVEY_REMINDER: _not_answered,
    Stage.LOW_SCORE: _for_ever,
}
"""Until when each letter is true."""
