"""A step run again gives what it gave before and changes nothing (architecture: Steps)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.rulings import Action
from activities.stepping import input_digest
from activities.types import Elapse, Intake, StepResult
from aftersales.contract.messages import Decision
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, Role
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import NOW, application, items, start_of
from tests.fakes import FakePolicy


async def take_in(desk: Desk, step: Intake) -> StepResult:
    desk.number = step.number
    return await ActivityEnvironment().run(desk.steps.intake, step)


def first_intake(cups: int = 1) -> Intake:
    start = start_of(application(items=items(cups=cups)))
    return Intake(number=start.number, round=1, now=NOW, start=start)


async def test_the_same_step_twice_reserves_once(desk: Desk) -> None:
    step = first_intake()
    assert await take_in(desk, step) == await take_in(desk, step)
    assert await desk.money_taken() == 3333
    assert len(await desk.audit()) == 3


async def test_a_step_asked_for_again_at_another_time_is_still_the_same(desk: Desk, policy: FakePolicy) -> None:
    step = first_intake()
    first = await take_in(desk, step)
    later = step.model_copy(update={"now": NOW + timedelta(days=2)})
    assert await take_in(desk, later) == first
    assert len(policy.facts) == 1


async def test_another_input_under_the_same_round_is_an_error_for_good(desk: Desk) -> None:
    await take_in(desk, first_intake(cups=1))
    with pytest.raises(ApplicationError) as caught:
        await take_in(desk, first_intake(cups=2))
    assert (caught.value.type, caught.value.non_retryable) == ("step_conflict", True)
    assert await desk.units_taken("cups") == 1


async def test_a_refusal_repeated_is_one_refusal(desk: Desk) -> None:
    await desk.apply()
    late = desk.signed(Decision(kind=DecisionKind.APPROVE), "agent-1", Role.AGENT)
    first = await desk.record(late)
    desk._round -= 1
    assert await desk.record(late) == first
    assert first.answer is not None
    assert not first.answer.accepted
    assert (await desk.actions()).count("refused") == 1


async def test_a_message_whose_task_was_lost_does_not_end_the_case_for_the_one_that_comes_in_its_place(
    desk: Desk, policy: FakePolicy
) -> None:
    """The database keeps what a workflow task did that a crash cut off; the engine may bring another message first."""
    policy.says(Action.REVIEW)
    await desk.apply()
    approval, question = Decision(kind=DecisionKind.APPROVE), Decision(kind=DecisionKind.ASK, explanation="Which?")
    first = desk.signed(approval, "agent-1", Role.AGENT)
    await desk.record(first)
    desk._round -= 1
    second = desk.signed(question, "agent-2", Role.AGENT)
    met = await desk.record(second)
    assert answer_of(met).code is ErrorCode.TOO_LATE
    assert met.standing.status is CaseStatus.PAYING, "the case goes on from what the lost task did"
    assert await desk.money_taken() == 3333
    desk._round -= 1
    assert await desk.record(second) == met, "and a reset finds the same"
    again = await desk.record(first)
    assert (again.standing.status, answer_of(again).code) == (CaseStatus.PAYING, ErrorCode.NOT_NOW)
    assert [heard["accepted"] for heard in await desk.heard()].count(True) == 1


async def test_a_step_that_fails_leaves_nothing_behind(desk: Desk) -> None:
    await desk.apply()
    before = await desk.audit()
    with pytest.raises(ValueError, match="no_destination or closed"):
        await desk.elapse("vanished")
    assert await desk.audit() == before
    assert (await desk.case()).status is CaseStatus.PAYING


async def test_a_case_the_database_lost_is_an_error_with_its_name(desk: Desk) -> None:
    step = Elapse(number=first_intake().number, round=1, now=NOW, what="closed")
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(desk.steps.elapse, step)
    assert caught.value.type == "case_unknown"


def test_fields_at_their_default_do_not_change_what_a_step_is() -> None:
    bare = Elapse(number=first_intake().number, round=1, now=NOW, what="closed")
    assert input_digest(bare) != input_digest(bare.model_copy(update={"what": "expired"}))
    intake = first_intake()
    assert input_digest(intake) == input_digest(intake.model_copy(update={"last_look": False}))
