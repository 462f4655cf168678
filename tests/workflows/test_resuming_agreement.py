"""Two people are to agree, one of them has, and the workflow is lost (R17, P6.2)."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from activities.types import OutcomeKind, Stage
from aftersales.contract.messages import Decision
from aftersales.contract.values import (
    DecisionKind,
    ErrorCode,
    PayoutMethod,
    Role,
    WaitsFor,
)
from aftersales.contract.views import CaseView
from tests.fakes.policy import NO_LIMITS
from tests.replay.scene import Scene, outcome
from tests.replay.scene import World as RealWorld
from tests.workflows.losing import forget, lose, told, under_review, view

APPROVE = Decision(kind=DecisionKind.APPROVE)


@pytest.mark.parametrize(("told_before", "times"), [(True, 1), (False, 2)])
async def test_the_first_of_two_approvals_is_still_the_first_after_the_loss(
    world: RealWorld, told_before: bool, times: int
) -> None:
    """The same person is not taken for the second; another one is, and the agents' clock has run on."""
    world.policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 1})
    case = await under_review(world)
    await case.pass_time(hours=5)
    await case.decide(DecisionKind.APPROVE, Role.SUPERVISOR)
    await case.hear(Stage.SECOND_APPROVAL)
    before = await view(case)
    if not told_before:
        await forget(world, Stage.SECOND_APPROVAL)
    await lose(case)
    await case.hear(Stage.SECOND_APPROVAL, times)
    assert who_agreed(await view(case)) == who_agreed(before) == (WaitsFor.SUPERVISOR, ["supervisor-1"])
    assert_same_moment((await view(case)).due_at, before.due_at)
    again = await world.shop.decide(case.number, APPROVE, actor="supervisor-1", role=Role.SUPERVISOR)
    assert again.code is ErrorCode.SAME_PERSON
    await case.decide(DecisionKind.APPROVE, Role.FINANCE)
    await case.hear(Stage.REFUNDED)
    assert len(world.provider.calls) == 1
    assert told(case) == [Stage.REVIEW_STARTED, *[Stage.SECOND_APPROVAL] * times, Stage.REFUNDED]


async def test_who_is_to_agree_to_a_destination_hears_no_more_often_for_the_loss(world: RealWorld) -> None:
    closed = outcome(OutcomeKind.REJECTED, "card_closed", elsewhere=True)
    case = Scene(world, uuid.uuid4().hex)
    case.provider_answers(closed)
    case.provider_knows(closed)
    await case.apply()
    await case.hear(Stage.DESTINATION_NEEDED)
    await case.pass_time(days=3)
    world.policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 1})
    await case.choose(PayoutMethod.STORE_CREDIT)
    await case.decide(DecisionKind.APPROVE, Role.SUPERVISOR)
    await case.hear(Stage.SECOND_APPROVAL, 2)
    before = await view(case)
    await lose(case)
    assert who_agreed(await view(case)) == who_agreed(before)
    await case.pass_time(hours=25)
    await case.hear(Stage.SECOND_APPROVAL, 3)
    await case.decide(DecisionKind.APPROVE, Role.FINANCE)
    await case.hear(Stage.REFUNDED)
    assert len(world.provider.calls) == 1, "and none of it by the old way"
    assert told(case) == [Stage.DESTINATION_NEEDED, *[Stage.SECOND_APPROVAL] * 3, Stage.REFUNDED]


def who_agreed(seen: CaseView) -> tuple[WaitsFor, list[str]]:
    return seen.waits_for, [each.actor for each in seen.approvals]


def assert_same_moment(one: datetime | None, other: datetime | None) -> None:
    assert one is not None
    assert other is not None
    assert abs(one - other) < timedelta(seconds=5)
