"""Ends that no message brings: expiry and closing."""

from __future__ import annotations

import pytest

from activities.rulings import Action
from aftersales.contract.values import CaseStatus, DecisionKind, WaitsFor
from tests.activities.desk import Desk
from tests.activities.shop import NOW
from tests.fakes import FakePolicy


async def test_evidence_that_never_came_ends_the_case_and_frees_the_units(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.ASK_EVIDENCE)
    await desk.apply()
    standing = await desk.elapse("expired")
    assert (standing.status, standing.waits_for) == (CaseStatus.EXPIRED, WaitsFor.NOBODY)
    assert "did not arrive in time" in standing.explanation
    assert await desk.units_taken("cups") == 0


async def test_a_reviewers_question_without_an_answer_expires_too(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REVIEW)
    await desk.apply()
    await desk.decide(DecisionKind.ASK, explanation="Which one?")
    assert (await desk.elapse("expired")).status is CaseStatus.EXPIRED


@pytest.mark.parametrize("action", [Action.REVIEW, Action.APPROVE])
async def test_a_case_that_waits_for_us_never_expires(desk: Desk, policy: FakePolicy, action: Action) -> None:
    policy.says(action)
    before = (await desk.apply()).standing
    after = await desk.elapse("expired")
    assert after == before.model_copy(update={"verdict": None}), "a verdict is told once"


async def test_closing_keeps_the_outcome_and_says_when(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT)
    await desk.apply()
    standing = await desk.elapse("closed")
    assert standing.status is CaseStatus.REJECTED
    assert (await desk.case()).closed_at == NOW
    assert (await desk.actions())[-1] == "closed"
