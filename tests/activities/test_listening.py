"""A message counts only with a proof, once, from somebody who may say it; a refusal is an answer (security)."""

from __future__ import annotations

import asyncio

import pytest

from activities.rulings import Action
from aftersales.contract.messages import Decision, SurveyAnswer, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, MessageKind, Role
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import FORGED
from tests.fakes import FakePolicy

APPROVE = Decision(kind=DecisionKind.APPROVE)


@pytest.fixture(name="review")
async def case_under_review(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.REVIEW)
    await desk.apply()
    return desk


async def test_a_bare_decision_changes_nothing_and_is_recorded(review: Desk) -> None:
    before = await review.case()
    answer = answer_of(await review.record(APPROVE))

    assert (answer.accepted, answer.code, answer.status) == (
        False,
        ErrorCode.PROOF_MISSING,
        CaseStatus.UNDER_REVIEW,
    )
    assert await review.case() == before
    (heard,) = await review.heard()
    assert (heard["accepted"], heard["actor"], heard["code"]) == (False, "not proven", "proof_missing")
    assert (await review.audit())[-1]["actor"] == "not proven"


async def test_a_forged_decision_changes_nothing_and_does_not_use_up_the_real_ones_nonce(
    review: Desk,
) -> None:
    real = review.signed(APPROVE, "agent-1", Role.AGENT)
    assert real.proof is not None
    forged = review.signed(APPROVE, "agent-1", Role.AGENT, FORGED)
    assert forged.proof is not None
    stolen = forged.proof.model_copy(update={"nonce": real.proof.nonce})
    answer = answer_of(await review.record(forged.model_copy(update={"proof": stolen})))
    assert answer.code is ErrorCode.PROOF_INVALID

    assert answer_of(await review.record(real)).accepted


async def test_a_changed_body_voids_the_proof(review: Desk) -> None:
    real = review.signed(Decision(kind=DecisionKind.REJECT, explanation="No."), "agent-1", Role.AGENT)
    changed = real.model_copy(update={"kind": DecisionKind.APPROVE})
    assert answer_of(await review.record(changed)).code is ErrorCode.PROOF_INVALID
    assert await review.money_taken() == 0


async def test_a_proof_for_one_case_says_nothing_to_another(review: Desk) -> None:
    for_the_first = review.signed(APPROVE, "agent-1", Role.AGENT)
    await review.apply(request_key="second")
    assert answer_of(await review.record(for_the_first)).code is ErrorCode.PROOF_INVALID


async def test_the_same_message_again_is_heard_once(review: Desk) -> None:
    extend = review.signed(Decision(kind=DecisionKind.EXTEND, handling_hours=24), "agent-1", Role.AGENT)
    first, second = answer_of(await review.record(extend)), answer_of(await review.record(extend))
    assert (first.accepted, second.accepted, second.code) == (True, False, ErrorCode.NOT_NOW)
    assert "received before" in second.sentence
    assert (await review.actions()).count("extended") == 1


async def test_what_the_process_has_no_room_for_is_recorded_and_refused_with_its_reason(
    review: Desk,
) -> None:
    message = review.signed(Withdrawal())
    answer = answer_of(await review.record(message, refusal=ErrorCode.TOO_LATE))
    assert (answer.code, answer.status) == (ErrorCode.TOO_LATE, CaseStatus.UNDER_REVIEW)
    (heard,) = await review.heard()
    assert (heard["actor"], heard["accepted"]) == ("customer-1", False)


async def test_an_unproven_message_is_refused_as_that_whatever_the_process_says(review: Desk) -> None:
    answer = answer_of(await review.record(Withdrawal(), refusal=ErrorCode.TOO_LATE))
    assert answer.code is ErrorCode.PROOF_MISSING


async def test_nobody_speaks_for_another_customer(review: Desk) -> None:
    assert (await review.say(Withdrawal(), actor="customer-2")).code is ErrorCode.NOT_YOUR_CASE


@pytest.mark.parametrize("role", [Role.FINANCE, Role.WAREHOUSE, Role.OPS])
async def test_only_who_sits_at_the_telephone_speaks_for_the_customer(review: Desk, role: Role) -> None:
    assert (await review.say(Withdrawal(), actor="somebody", role=role)).code is ErrorCode.ROLE_NOT_ALLOWED


async def test_an_agent_does_not_answer_the_customers_survey(review: Desk) -> None:
    answer = await review.say(SurveyAnswer(score=5), actor="agent-1", role=Role.AGENT)
    assert answer.code is ErrorCode.ROLE_NOT_ALLOWED


async def test_a_closed_case_takes_no_message(review: Desk) -> None:
    await review.decide(DecisionKind.REJECT, explanation="No.")
    await review.elapse("closed")
    assert (await review.say(SurveyAnswer(score=3))).code is ErrorCode.CASE_CLOSED


async def test_what_was_heard_is_kept_without_its_proof(review: Desk) -> None:
    await review.say(Withdrawal(explanation="Found it."))
    (heard,) = await review.heard()
    assert (heard["kind"], heard["body"]) == (MessageKind.WITHDRAWAL, '{"explanation":"Found it."}')


async def test_two_decisions_at_the_same_moment_pay_once(review: Desk) -> None:
    """R11: two workers would have to be wrong at once; the database still lets one through."""
    answers = await asyncio.gather(*(review.decide(DecisionKind.APPROVE) for _ in range(2)), return_exceptions=True)
    accepted = [answer for answer in answers if not isinstance(answer, BaseException) and answer.accepted]
    assert len(accepted) == 1
    assert await review.money_taken() == 3333
