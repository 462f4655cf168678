"""A claim keeps two agents from working on one case, and ends by itself (P2.6)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.rulings import Action
from activities.types import OutcomeKind
from aftersales.contract.messages import Answer, Claim, Decision, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, Role
from tests.activities.desk import Desk, answer_of
from tests.activities.shop import NOW, application
from tests.fakes import FakePolicy
from tests.fakes.policy import NO_LIMITS


@pytest.fixture(name="claimed")
async def case_that_agent_1_works_on(desk: Desk, policy: FakePolicy) -> Desk:
    policy.says(Action.REVIEW)
    await desk.apply(application())
    assert (await claim(desk, "agent-1")).accepted
    return desk


APPROVE = Decision(kind=DecisionKind.APPROVE)


async def claim(desk: Desk, actor: str, role: Role = Role.AGENT, minutes: int = 30) -> Answer:
    return await desk.say(Claim(minutes=minutes), actor=actor, role=role)


async def approve(desk: Desk, actor: str, role: Role = Role.AGENT) -> Answer:
    return answer_of(await desk.record(desk.signed(APPROVE, actor, role)))


async def test_it_is_seen_who_works_on_a_case_and_until_when(claimed: Desk) -> None:
    standing = (await claimed.record(claimed.signed(Claim(minutes=60), "agent-1", Role.AGENT))).standing
    assert (standing.claimed_by, standing.claimed_until) == ("agent-1", NOW + timedelta(hours=1))
    assert (await claimed.actions())[-1] == "claimed"


async def test_meanwhile_nobody_else_claims_or_decides_it(claimed: Desk) -> None:
    for answer in (await claim(claimed, "agent-2"), await approve(claimed, "agent-2")):
        assert answer.code is ErrorCode.CLAIMED_BY_ANOTHER
        assert "agent-1 is working on this case until 2026-03-02 10:00 UTC" in answer.sentence
    assert (await approve(claimed, "boss-1", Role.SUPERVISOR)).code is ErrorCode.CLAIMED_BY_ANOTHER


async def test_whoever_holds_it_decides_and_lets_it_go_with_that(claimed: Desk) -> None:
    assert (await approve(claimed, "agent-1")).status is CaseStatus.PAYING
    assert (await claimed.case()).lease is None


async def test_the_holder_is_the_same_person_however_the_name_is_written(claimed: Desk) -> None:
    assert (await approve(claimed, "Agent-1")).status is CaseStatus.PAYING


async def test_a_decision_that_keeps_the_case_in_review_keeps_the_claim(claimed: Desk) -> None:
    await claimed.decide(DecisionKind.EXTEND, handling_hours=5)
    lease = (await claimed.case()).lease
    assert lease is not None
    assert lease.holder == "agent-1"


async def test_the_customer_is_heard_whoever_works_on_the_case(claimed: Desk) -> None:
    assert (await claimed.say(Withdrawal())).accepted


async def test_it_ends_by_itself(claimed: Desk) -> None:
    claimed.later(minutes=29, seconds=59)
    assert (await claim(claimed, "agent-2")).code is ErrorCode.CLAIMED_BY_ANOTHER
    claimed.later(seconds=1)
    assert (await approve(claimed, "agent-2")).status is CaseStatus.PAYING


async def test_let_go_it_is_free_for_others(claimed: Desk) -> None:
    assert (await claim(claimed, "agent-1", minutes=0)).accepted
    assert (await claim(claimed, "agent-2")).accepted


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMIN])
async def test_a_supervisor_takes_a_case_over_and_that_is_logged(claimed: Desk, role: Role) -> None:
    assert (await claim(claimed, "boss-1", role)).accepted
    assert (await claimed.actions())[-2:] == ["claim_taken_over", "claimed"]
    assert (await approve(claimed, "agent-1")).code is ErrorCode.CLAIMED_BY_ANOTHER


async def test_an_agent_or_finance_does_not_take_it_over(claimed: Desk) -> None:
    assert (await claim(claimed, "finance-1", Role.FINANCE, minutes=0)).code is ErrorCode.CLAIMED_BY_ANOTHER


async def test_what_nobody_decides_any_more_cannot_be_claimed(claimed: Desk) -> None:
    await approve(claimed, "agent-1")
    assert (await claim(claimed, "agent-1")).code is ErrorCode.TOO_LATE


@pytest.mark.parametrize(
    "passing_on",
    [
        Decision(kind=DecisionKind.HAND_OVER, hand_to="finance"),
        Decision(kind=DecisionKind.ESCALATE),
        Decision(kind=DecisionKind.APPROVE),
    ],
)
async def test_whoever_passes_it_on_lets_it_go_so_that_the_next_may_decide(
    claimed: Desk, policy: FakePolicy, passing_on: Decision
) -> None:
    """The first of two approvals, too: finance could not take it over."""
    policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 1})
    assert (await claimed.say(passing_on, actor="agent-1", role=Role.AGENT)).status is CaseStatus.UNDER_REVIEW
    assert (await claimed.case()).lease is None
    assert (await approve(claimed, "finance-1", Role.FINANCE)).accepted


async def test_a_payment_that_failed_is_claimed_only_by_who_may_decide_it(desk: Desk) -> None:
    await desk.apply(application())
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, code="declined")
    assert (await claim(desk, "agent-1")).code is ErrorCode.ROLE_NOT_ALLOWED
    assert (await claim(desk, "finance-1", Role.FINANCE)).accepted
