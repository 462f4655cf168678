"""Nothing a case knows may be lost or change between its tasks: here every task replays it from its first event.

What a replay would make anew (an id, a time, an order of things) differs from what was said before, and the case
fails (design: temporal, trap 5).
"""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind as Kind
from activities.types import Stage, StepName
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Appeal, EvidenceSupplied, PaymentChanged, SurveyAnswer, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, WaitsFor
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World, outcome


@pytest.fixture
def cached_cases() -> int:
    return 0


def assert_nothing_was_done_twice(case: Running) -> None:
    """Each step under a round of its own, each stage told once at its moment."""
    heard = [step.round for step in case.world.messages]
    assert heard == list(range(1, len(heard) + 1))
    paid = [step.round for step in case.world.payments]
    assert paid == list(range(1, len(paid) + 1))
    assert len(case.world.told) == len(set(case.world.told))
    assert case.world.calls.count(StepName.INTAKE) == 1


async def test_a_review_with_a_question_goes_on_where_it_was(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.pass_time(hours=10)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.pass_time(hours=30)
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="the left one"))
    await case.pass_time(hours=11)
    assert case.world.stages.count(Stage.REVIEW_REMINDER) == 2, "of the answer, and after 20 hours of their own"
    await case.decide(DecisionKind.APPROVE)
    assert (await case.result()).status is CaseStatus.REFUNDED
    assert_nothing_was_done_twice(case)


async def test_the_ladder_is_climbed_rung_by_rung(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.pass_time(hours=49)
    assert (await case.view()).waits_for is WaitsFor.SUPERVISOR
    await case.decide(DecisionKind.EXTEND, handling_hours=24)
    await case.decide(DecisionKind.REJECT, explanation="worn")
    await case.handle.execute_update(RefundCaseHandle.appeal, Appeal(explanation="it was sealed"))
    await case.decide(DecisionKind.APPROVE)
    assert (await case.result()).status is CaseStatus.REFUNDED
    assert case.world.stages.count(Stage.REVIEW_ESCALATED) == 2
    assert_nothing_was_done_twice(case)


async def test_a_payment_is_followed_under_its_one_number(begin: Begin) -> None:
    world = World().script(
        submits=[outcome(Kind.RETRY_SAME, "connection_refused"), outcome(Kind.UNKNOWN), outcome(Kind.PENDING)],
        queries=[outcome(Kind.NOT_FOUND), outcome(Kind.PENDING)],
    )
    case = await begin(world)
    await case.pass_time(minutes=5)
    withdrawal = await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert withdrawal.code is ErrorCode.TOO_LATE
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    await case.reach(CaseStatus.REFUNDED, within_hours=10)
    assert {call.split()[-1] for call in case.world.calls if "N-" in call} == {"N-1-1"}
    assert_nothing_was_done_twice(case)


async def test_an_answer_after_the_survey_is_remembered(begin: Begin) -> None:
    case = await begin(World())
    await case.reach(CaseStatus.REFUNDED)
    await case.pass_time(days=4)
    await case.handle.execute_update(RefundCaseHandle.answer_survey, SurveyAnswer(score=1))
    assert (await case.result()).status is CaseStatus.REFUNDED
    assert case.world.stages.count(Stage.LOW_SCORE) == 1
    assert Stage.SURVEY_REMINDER not in case.world.stages
    assert_nothing_was_done_twice(case)
