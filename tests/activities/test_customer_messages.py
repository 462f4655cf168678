"""Evidence, withdrawal, appeal, survey: what the customer says and what follows (P2.2, P2.8, P4.2)."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.pieces import Findings
from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Appeal, EvidenceSupplied, SurveyAnswer, Withdrawal
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    ErrorCode,
    EvidenceRef,
    LegState,
    Role,
    WaitsFor,
)
from storage.portal import PortalStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, KEY, NOW, application, cny, items
from tests.fakes import FakePolicy

PHOTO = EvidenceRef(sha256="a" * 64, media_type="image/jpeg", size_bytes=2048)
NEVER_UPLOADED = EvidenceRef(sha256="b" * 64, media_type="image/jpeg", size_bytes=2048)


@pytest.fixture(autouse=True)
async def uploaded_photo(engine: AsyncEngine) -> None:
    """PHOTO was really taken in."""
    await PortalStore(engine).take_evidence("any", PHOTO, "ticket", NOW, customer_id=CUSTOMER, findings=Findings())


@pytest.fixture(name="asked")
async def case_that_needs_evidence(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.ASK_EVIDENCE, "evidence_needed")
    await desk.apply()
    return desk


async def test_supplied_evidence_is_assessed_again_by_the_window_of_the_application(
    asked: Desk, policy: FakePolicy
) -> None:
    policy.says(Action.APPROVE)
    asked.later(days=13)
    answer = await asked.say(EvidenceSupplied(evidence=(PHOTO,)))

    assert (answer.accepted, answer.status) == (True, CaseStatus.PAYING)
    assert (policy.facts[-1].evidence_count, policy.facts[-1].days_since_delivery) == (1, 5)
    assert (await asked.case()).evidence == (PHOTO,)
    assert await asked.units_taken("cups") == 1


async def test_the_reassessment_is_the_systems_and_the_message_the_customers(asked: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await asked.say(EvidenceSupplied(evidence=(PHOTO,)))
    by = [(row["action"], row["actor"]) for row in (await asked.audit())[-3:]]
    assert by == [("evidence", "customer-1"), ("assessed", "system"), ("status", "system")]


async def test_what_still_does_not_do_leaves_the_window_as_it_was(asked: Desk) -> None:
    asked_until = (await asked.case()).due_at
    asked.later(days=3)
    await asked.say(EvidenceSupplied(note="I have no photo."))
    case = await asked.case()
    assert (case.status, case.due_at) == (CaseStatus.NEEDS_EVIDENCE, asked_until)


async def test_evidence_that_was_never_uploaded_is_refused(asked: Desk, policy: FakePolicy) -> None:
    policy.says(Action.APPROVE)
    answer = await asked.say(EvidenceSupplied(evidence=(PHOTO, NEVER_UPLOADED)))
    assert answer.code is ErrorCode.EVIDENCE_UNKNOWN
    assert (await asked.case()).evidence == ()
    assert answer.status is CaseStatus.NEEDS_EVIDENCE


async def test_an_answer_to_the_reviewer_goes_back_to_the_reviewer(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply()
    await desk.decide(DecisionKind.ESCALATE)
    await desk.decide(DecisionKind.ASK, explanation="Which cup?")
    answer = await desk.say(EvidenceSupplied(note="The blue one.", evidence=(PHOTO,)))

    case = await desk.case()
    assert answer.accepted
    assert (case.status, case.waits_for, case.assignee) == (
        CaseStatus.UNDER_REVIEW,
        WaitsFor.SUPERVISOR,
        "supervisors",
    )
    assert len(policy.facts) == 1


async def test_the_agents_have_what_was_left_of_their_day_when_the_customer_has_answered(
    desk: Desk, policy: FakePolicy
) -> None:
    """On every list, and not a whole day anew (P2.7)."""
    policy.says(Action.REVIEW)
    await desk.apply()
    desk.later(hours=10)
    await desk.decide(DecisionKind.ASK, explanation="Which cup?")
    desk.later(hours=30)
    await desk.say(EvidenceSupplied(note="The blue one."))
    assert (await desk.case()).due_at == desk.now + timedelta(hours=14)


async def test_evidence_nobody_asked_for_is_answered_and_changes_nothing(desk: Desk) -> None:
    await desk.apply()
    answer = await desk.say(EvidenceSupplied(evidence=(PHOTO,)))
    assert answer.code is ErrorCode.TOO_LATE
    assert (await desk.case()).evidence == ()


@pytest.mark.parametrize("action", [Action.ASK_EVIDENCE, Action.REVIEW])
async def test_withdrawing_before_a_decision_frees_the_units(desk: Desk, policy: FakePolicy, action: Action) -> None:
    policy.says(action)
    await desk.apply()
    answer = await desk.say(Withdrawal())
    assert (answer.accepted, answer.status) == (True, CaseStatus.WITHDRAWN)
    assert await desk.units_taken("cups") == 0


async def test_withdrawing_while_the_shop_is_asked_ends_the_intake(desk: Desk) -> None:
    asked = application(order_id="order-2")
    await desk.apply(asked)
    await desk.say(Withdrawal())
    again = await desk.apply(asked, last_look=True)
    assert (again.standing.status, again.look_again) == (CaseStatus.WITHDRAWN, False)


async def test_money_that_was_never_sent_can_still_be_kept(desk: Desk) -> None:
    await desk.apply()
    answer = await desk.say(Withdrawal(explanation="Found it."))
    assert answer.accepted
    assert await desk.leg_states() == [LegState.FAILED, LegState.FAILED]
    assert await desk.money_taken() == 0
    assert await desk.balances() == {}


@pytest.mark.parametrize(
    "outcome", [OutcomeKind.UNKNOWN, OutcomeKind.CONFLICT, OutcomeKind.PENDING, OutcomeKind.SUCCEEDED]
)
async def test_money_that_may_be_moving_cannot_be_called_back(desk: Desk, outcome: OutcomeKind) -> None:
    await desk.apply()
    await desk.pay(outcome, leg=2)
    answer = await desk.say(Withdrawal())
    assert (answer.accepted, answer.code) == (False, ErrorCode.TOO_LATE)
    assert await desk.money_taken() == 3333


@pytest.mark.parametrize("outcome", [OutcomeKind.NEEDS_MERCHANT, OutcomeKind.REJECTED])
async def test_a_payment_that_certainly_did_not_happen_can_be_withdrawn(desk: Desk, outcome: OutcomeKind) -> None:
    await desk.apply(application(amount=cny(100)))
    await desk.pay(outcome)
    assert (await desk.say(Withdrawal())).status is CaseStatus.WITHDRAWN
    assert await desk.balances() == {}


@pytest.mark.parametrize("first", [OutcomeKind.UNKNOWN, OutcomeKind.PENDING])
async def test_the_merchants_trouble_does_not_undo_a_request_that_may_be_under_way(
    desk: Desk, first: OutcomeKind
) -> None:
    await desk.apply(application(amount=cny(100)))
    await desk.pay(first)
    standing = await desk.pay(OutcomeKind.NEEDS_MERCHANT, code="api_key_expired")
    assert (standing.legs[0].state, standing.waits_for) == (LegState.CONFIRMING, WaitsFor.FINANCE)
    assert (await desk.say(Withdrawal())).code is ErrorCode.TOO_LATE
    assert (await desk.pay(OutcomeKind.SUCCEEDED)).status is CaseStatus.REFUNDED


async def test_a_case_with_an_outcome_is_not_withdrawn(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT)
    await desk.apply()
    assert (await desk.say(Withdrawal())).code is ErrorCode.TOO_LATE


async def test_an_agent_withdraws_for_a_caller_and_the_log_says_for_whom(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply()
    assert (await desk.say(Withdrawal(), actor="agent-7", role=Role.AGENT)).accepted
    heard = next(row for row in await desk.audit() if row["action"] == "withdrawal")
    assert (heard["actor"], json.loads(heard["facts"])) == ("agent-7", {"said_for": "customer-1"})


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Withdrawal(explanation="I keep it."), "I keep it."),
        (Withdrawal(), ""),
    ],
)
async def test_the_log_keeps_the_customers_own_words_and_the_door_they_came_by(
    desk: Desk, policy: FakePolicy, message: Withdrawal, words: str
) -> None:
    policy.says(Action.REVIEW)
    await desk.apply()
    assert (await desk.say(message)).accepted
    heard = next(row for row in await desk.audit() if row["action"] == "withdrawal")
    assert (heard["why"], heard["channel"]) == (words, KEY.key_id)
    moved = (await desk.audit())[-1]
    assert (moved["action"], moved["channel"]) == ("status", KEY.key_id)


@pytest.fixture(name="rejected")
async def case_rejected_by_policy(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.REJECT, "window_closed")
    await desk.apply(application(items=items(lamp=1)))
    return desk


async def test_an_appeal_brings_the_case_before_a_supervisor_and_holds_the_units_again(
    rejected: Desk,
) -> None:
    answer = await rejected.say(Appeal(explanation="I was in hospital."))
    case = await rejected.case()
    assert answer.accepted
    assert (case.status, case.waits_for, case.appealed) == (
        CaseStatus.UNDER_REVIEW,
        WaitsFor.SUPERVISOR,
        True,
    )
    assert await rejected.units_taken("lamp") == 1


async def test_a_case_is_appealed_once(rejected: Desk) -> None:
    await rejected.say(Appeal(explanation="Please look again."))
    await rejected.decide(DecisionKind.REJECT, role=Role.SUPERVISOR, explanation="It stays so.")
    assert (await rejected.say(Appeal(explanation="And again."))).code is ErrorCode.APPEAL_USED


async def test_an_appeal_granted_is_paid(rejected: Desk) -> None:
    await rejected.say(Appeal(explanation="Please look again."))
    why = "The carrier was late."
    await rejected.decide(DecisionKind.APPROVE, role=Role.SUPERVISOR, reason_code="late_parcel", explanation=why)
    assert await rejected.money_taken() == 5000


async def test_an_appeal_cannot_take_units_that_another_case_has_by_now(rejected: Desk, policy: FakePolicy) -> None:
    appealing = rejected.number
    policy.says(Action.REVIEW)
    await rejected.apply(application(items=items(lamp=1)), "another")
    rejected.number = appealing
    answer = await rejected.say(Appeal(explanation="Please look again."))
    assert answer.code is ErrorCode.UNIT_ALREADY_CLAIMED
    assert not (await rejected.case()).appealed


async def test_an_application_that_could_not_be_made_has_nothing_to_appeal(desk: Desk) -> None:
    await desk.apply(application(items=items(chair=1)))
    assert (await desk.say(Appeal(explanation="But I want it."))).code is ErrorCode.NOT_NOW


async def test_only_a_rejection_is_appealed(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply()
    assert (await desk.say(Appeal(explanation="Too slow."))).code is ErrorCode.NOT_NOW


async def test_the_survey_is_answered_once_after_the_outcome(rejected: Desk) -> None:
    first = await rejected.say(SurveyAnswer(score=1, comment="Sad."))
    second = await rejected.say(SurveyAnswer(score=5))
    assert (first.accepted, second.code) == (True, ErrorCode.SURVEY_ANSWERED)
    assert (await rejected.case()).survey_score == 1


async def test_there_is_no_survey_before_the_outcome(desk: Desk) -> None:
    await desk.apply()
    assert (await desk.say(SurveyAnswer(score=5))).code is ErrorCode.TOO_LATE
