"""A letter that is written late says nothing that became untrue meanwhile, and keeps back nothing that happened
(P4.1; invariant I7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from activities.ports import Letter
from activities.rows import LegRow
from activities.types import Notify, Stage
from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, WaitsFor
from tests.integrations.letters.cases import ACCOUNT, DUE, NOW, NUMBER, a_leg, by_hand, case_at, letters, stranded

ANY = frozenset(CaseStatus)
IN_REVIEW = frozenset({CaseStatus.UNDER_REVIEW})
FAILED = frozenset({CaseStatus.PAYMENT_FAILED})
GIVEN_UP = frozenset({CaseStatus.REJECTED, CaseStatus.WITHDRAWN, CaseStatus.EXPIRED})
TRUE_IN = {
    Stage.RECEIVED: ANY,
    Stage.EVIDENCE_NEEDED: frozenset({CaseStatus.NEEDS_EVIDENCE}),
    Stage.REVIEW_STARTED: IN_REVIEW,
    Stage.REVIEW_REMINDER: IN_REVIEW,
    Stage.HANDLING_TIME: IN_REVIEW,
    Stage.REVIEW_ESCALATED: IN_REVIEW,
    Stage.SECOND_APPROVAL: IN_REVIEW | FAILED,
    Stage.CUSTOMER_ASKED: frozenset({CaseStatus.AWAITING_CUSTOMER}),
    Stage.APPROVED: FAILED | {CaseStatus.PAYING, CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED},
    Stage.REJECTED: frozenset({CaseStatus.REJECTED}) | IN_REVIEW,
    Stage.WITHDRAWN: ANY,
    Stage.EXPIRED: frozenset({CaseStatus.EXPIRED}),
    Stage.PAYMENT_CONFIRMING: ANY,
    Stage.PAYMENT_ON_ITS_WAY: ANY,
    Stage.PAYMENT_BLOCKED: ANY,
    Stage.PAYMENT_FAILED: FAILED,
    Stage.REFUNDED: ANY,
    Stage.REVERSED: ANY - OUTCOMES | {CaseStatus.WITHDRAWN},
    Stage.DESTINATION_NEEDED: FAILED,
    Stage.DESTINATION_REMINDER: FAILED,
    Stage.PAY_BY_HAND: ANY,
    Stage.CONFIRM_BY_HAND: ANY,
    Stage.SURVEY: OUTCOMES,
    Stage.SURVEY_REMINDER: OUTCOMES,
    Stage.LOW_SCORE: ANY,
}
"""Statuses in which each letter is true, its legs and everything else being as when it was due."""

TRUE_OF = {
    Stage.PAYMENT_CONFIRMING: {LegState.SUBMITTING, LegState.CONFIRMING},
    Stage.PAYMENT_ON_ITS_WAY: {LegState.PENDING},
    Stage.REFUNDED: {LegState.SUCCEEDED},
}
"""States of the only leg of which each letter about money under way is true."""


def written(
    stage: Stage,
    *legs: LegRow,
    changes: Mapping[str, object] | None = None,
    due_at: datetime | None = DUE,
    approves: bool = False,
) -> tuple[Letter, ...]:
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW, due_at=due_at, approves=approves)
    return letters().compose(order, case_at(stage, changes=changes), ACCOUNT, legs)


def leg_of(stage: Stage) -> LegRow:
    """As it is when the letter is due."""
    match stage:
        case Stage.REFUNDED:
            return a_leg(LegState.SUCCEEDED)
        case Stage.PAYMENT_CONFIRMING:
            return a_leg(LegState.CONFIRMING)
        case Stage.PAY_BY_HAND:
            return by_hand()
        case Stage.CONFIRM_BY_HAND:
            return by_hand(failure_code="to_be_confirmed_by_hand")
        case Stage.PAYMENT_ON_ITS_WAY:
            return a_leg(LegState.PENDING)
    return stranded()


@pytest.mark.parametrize("stage", Stage)
def test_each_letter_is_written_in_the_statuses_in_which_it_is_true(stage: Stage) -> None:
    told = {status for status in CaseStatus if written(stage, leg_of(stage), changes={"status": status})}
    assert told == TRUE_IN[stage]


@pytest.mark.parametrize("stage", TRUE_OF)
def test_money_is_told_as_it_is_by_now(stage: Stage) -> None:
    assert {state for state in LegState if written(stage, a_leg(state))} == TRUE_OF[stage]


@pytest.mark.parametrize(
    "stage", [Stage.EVIDENCE_NEEDED, Stage.REVIEW_STARTED, Stage.HANDLING_TIME, Stage.CUSTOMER_ASKED]
)
@pytest.mark.parametrize(
    ("put_off", "told"), [(timedelta(hours=-1), True), (timedelta(seconds=2), True), (timedelta(hours=1), False)]
)
def test_a_moment_that_was_put_off_is_told_by_the_letter_that_puts_it_off(
    stage: Stage, put_off: timedelta, told: bool
) -> None:
    assert bool(written(stage, changes={"due_at": DUE + put_off})) is told


@pytest.mark.parametrize("stage", [Stage.DESTINATION_NEEDED, Stage.DESTINATION_REMINDER, Stage.SECOND_APPROVAL])
@pytest.mark.parametrize("waits_for", [WaitsFor.CUSTOMER, WaitsFor.SUPERVISOR])
def test_of_customer_and_people_who_agree_only_those_are_asked_whose_turn_it_is(
    stage: Stage, waits_for: WaitsFor
) -> None:
    """One that was named and that people are yet to agree to is known, and one that came back is not agreed to."""
    changes = {"status": CaseStatus.PAYMENT_FAILED, "waits_for": waits_for}
    asks_people = stage is Stage.SECOND_APPROVAL
    assert bool(written(stage, stranded(), changes=changes)) is (asks_people is (waits_for is WaitsFor.SUPERVISOR))


@pytest.mark.parametrize("stage", [Stage.SURVEY, Stage.SURVEY_REMINDER])
def test_who_has_answered_the_survey_is_not_asked_again(stage: Stage) -> None:
    assert written(stage, changes={"survey_score": 5}) == ()


def test_an_approval_is_told_by_itself_when_the_news_it_was_to_come_with_is_old() -> None:
    paid = a_leg(LegState.SUCCEEDED)
    said = {"status": CaseStatus.REFUNDED, "explanation": "We saw the fault."}
    [letter] = written(Stage.PAYMENT_ON_ITS_WAY, paid, changes=said, approves=True)
    assert "Your application is approved" in letter.body
    assert "> We saw the fault." in letter.body
    assert "goes back" not in letter.body, "it has"
    for nothing_new in (said | {"explanation": ""}, {"status": CaseStatus.WITHDRAWN}):
        assert written(Stage.PAYMENT_ON_ITS_WAY, paid, changes=nothing_new, approves=True) == ()


def test_an_approval_says_where_the_money_goes_that_is_under_way() -> None:
    paying = {"status": CaseStatus.PAYING}
    [back] = written(Stage.APPROVED, a_leg(LegState.SUBMITTING), changes=paying)
    assert "The money goes back the way you paid." in back.body
    [elsewhere] = written(Stage.APPROVED, a_leg(LegState.SUBMITTING, destination="Bank ****3000"), changes=paying)
    assert "The money goes to Bank ****3000." in elsewhere.body


@pytest.mark.parametrize("stage", [Stage.REVIEW_STARTED, Stage.REVIEW_REMINDER])
@pytest.mark.parametrize("whose", [WaitsFor.AGENT, WaitsFor.SUPERVISOR, WaitsFor.FINANCE])
def test_those_are_told_who_may_decide(stage: Stage, whose: WaitsFor) -> None:
    """An appeal is not an agent's to decide, and what was handed to finance is finance's (P2.7, P2.8)."""
    staff = {AGENTS, SUPERVISORS, FINANCE} & {
        letter.recipient for letter in written(stage, changes={"waits_for": whose})
    }
    assert staff == {{WaitsFor.AGENT: AGENTS, WaitsFor.SUPERVISOR: SUPERVISORS, WaitsFor.FINANCE: FINANCE}[whose]}


AGENTS, SUPERVISORS, FINANCE = "agents@shop.example", "supervisors@shop.example", "finance@shop.example"
