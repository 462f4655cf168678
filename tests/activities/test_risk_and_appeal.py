"""High risk brings a case to people and decides nothing; what they decide can be appealed (P6.1, P2.8)."""

from __future__ import annotations

import pytest

from activities.precautions import Held
from activities.rulings import Action, RiskLevel, RiskRules
from aftersales.contract.messages import Appeal
from aftersales.contract.values import CaseStatus, DecisionKind, WaitsFor
from tests.activities.desk import Desk
from tests.fakes import FakePolicy


@pytest.fixture(name="risky")
async def case_of_high_risk(desk: Desk, policy: FakePolicy) -> Desk:
    """Approved by the table, and held back."""
    policy.risk = RiskRules(points={"contact_not_verified": 100}, medium_from=30, high_from=60)
    await desk.apply()
    return desk


async def test_high_risk_is_no_rejection_and_no_payment(risky: Desk) -> None:
    case = await risky.case()
    assert (case.status, case.waits_for) == (CaseStatus.UNDER_REVIEW, WaitsFor.AGENT)
    assert case.verdict is not None
    assert (case.verdict.advice, case.verdict.held) == (Action.APPROVE.value, (Held.RISK_HIGH.value,))
    assert await risky.legs() == ()


async def test_the_customer_reads_nothing_of_it(risky: Desk) -> None:
    case = await risky.case()
    assert (case.explanation, "risk" in case.reason_code) == ("", False)


async def test_a_rejection_by_people_can_be_appealed(risky: Desk) -> None:
    # The table's advice is to approve, so whoever rejects it has to say why.
    why = "The picture shows another cup."
    assert (await risky.decide(DecisionKind.REJECT, reason_code="evidence_not_convincing", explanation=why)).accepted
    assert (await risky.say(Appeal(explanation="It is my cup."))).accepted
    case = await risky.case()
    assert (case.status, case.waits_for, case.appealed) == (CaseStatus.UNDER_REVIEW, WaitsFor.SUPERVISOR, True)


async def test_the_assessment_lists_what_the_score_is_made_of(risky: Desk) -> None:
    async with risky.store.begin() as unit:
        (assessment,) = await unit.assessments(risky.number)
    assert (assessment.risk.level, assessment.risk.score) == (RiskLevel.HIGH, 100)
    assert [part.sign for part in assessment.risk.parts] == ["contact_not_verified"]
