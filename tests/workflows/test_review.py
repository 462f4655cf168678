"""The 24 hours, the pause while the customer is asked, and who wins when two decide (P2.6, P2.7, P2.8)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from activities.types import Stage, Standing, Timings
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Appeal, Claim, Decision, EvidenceSupplied, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, WaitsFor
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import AMOUNT, World


async def under_review(begin: Begin) -> Running:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW))
    await case.reach(CaseStatus.UNDER_REVIEW)
    return case


def hours_told(case: Running, stage: Stage) -> list[int]:
    start = case.world.told[0][1]
    return [round((at - start) / timedelta(hours=1)) for told, at in case.world.told if told is stage]


async def test_nobody_answers_and_the_ladder_is_climbed_by_the_hour(begin: Begin) -> None:
    case = await under_review(begin)
    await case.pass_time(hours=73)
    assert hours_told(case, Stage.REVIEW_STARTED) == [0]
    assert hours_told(case, Stage.REVIEW_REMINDER) == [20]
    assert hours_told(case, Stage.HANDLING_TIME) == [23]
    assert hours_told(case, Stage.REVIEW_ESCALATED) == [24, 48, 72]


async def test_the_customer_is_never_promised_an_answer_before_the_agents_owe_it(begin: Begin) -> None:
    """However soon an escalation is repeated; a moment before the deadline would be taken for one put off."""
    waiting = Standing(status=CaseStatus.RECEIVED, timings=Timings(review_repeat_s=600))
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW, standing=waiting))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.pass_time(hours=23, minutes=30)
    named = dict(case.world.named)
    assert named[Stage.HANDLING_TIME] == named[Stage.REVIEW_STARTED]


async def test_at_the_deadline_the_case_waits_for_a_named_role(begin: Begin) -> None:
    case = await under_review(begin)
    assert (await case.view()).waits_for is WaitsFor.AGENT
    await case.pass_time(hours=25)
    assert (await case.view()).waits_for is WaitsFor.SUPERVISOR


async def test_a_decision_in_time_stops_the_ladder(begin: Begin) -> None:
    case = await under_review(begin)
    await case.pass_time(hours=19)
    answer = await case.decide(DecisionKind.APPROVE)
    assert (answer.accepted, answer.status) == (True, CaseStatus.PAYING)
    await case.result()
    assert Stage.REVIEW_REMINDER not in case.world.stages
    assert case.world.stages[:2] == [Stage.REVIEW_STARTED, Stage.REFUNDED]


async def test_a_decision_by_signal_does_what_one_by_update_does(begin: Begin) -> None:
    case = await under_review(begin)
    await case.handle.signal(RefundCaseHandle.review, Decision(kind=DecisionKind.REJECT, explanation="worn"))
    await case.reach(CaseStatus.REJECTED)
    await case.hears(Stage.REJECTED)


async def test_time_spent_waiting_for_the_customer_does_not_count(begin: Begin) -> None:
    case = await under_review(begin)
    await case.pass_time(hours=10)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.pass_time(hours=30)
    assert (await case.view()).waits_for is WaitsFor.CUSTOMER
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="the left one"))
    await case.pass_time(hours=9)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [40], "the agents hear of the answer, and no reminder yet"
    await case.pass_time(hours=2)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [40, 50]


async def test_a_customer_who_never_answers_lets_the_case_expire(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    assert (await case.result()).status is CaseStatus.EXPIRED
    assert case.world.stages == [Stage.REVIEW_STARTED, Stage.CUSTOMER_ASKED, Stage.EXPIRED]


async def test_a_second_question_is_told_and_has_a_window_of_its_own(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.pass_time(days=10)
    await case.decide(DecisionKind.ASK, explanation="and which sleeve?")
    assert (await case.result()).status is CaseStatus.EXPIRED
    assert hours_told(case, Stage.CUSTOMER_ASKED) == [0, 10 * 24]
    assert hours_told(case, Stage.EXPIRED) == [24 * 24]


async def test_a_customer_may_withdraw_while_asked(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())
    assert (await case.result()).status is CaseStatus.WITHDRAWN
    assert case.world.stages[-1] is Stage.WITHDRAWN


async def test_an_extension_moves_the_deadline_and_tells_the_customer(begin: Begin) -> None:
    case = await under_review(begin)
    before = (await case.view()).due_at
    await case.decide(DecisionKind.EXTEND, handling_hours=48)
    after = (await case.view()).due_at
    assert before is not None
    assert after == before + timedelta(hours=48)
    await case.hears(Stage.HANDLING_TIME)


async def test_an_extension_after_the_deadline_counts_from_now_and_ends_with_the_escalation_again(
    begin: Begin,
) -> None:
    case = await under_review(begin)
    await case.pass_time(hours=30)
    await case.decide(DecisionKind.EXTEND, handling_hours=2)
    await case.pass_time(hours=60)
    assert hours_told(case, Stage.REVIEW_ESCALATED) == [24, 32, 56, 80]


async def test_a_case_handed_over_is_told_to_the_new_group(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.HAND_OVER, hand_to="jewellery")
    await case.hears(Stage.REVIEW_REMINDER)


async def test_an_escalation_by_a_person_is_told_at_once(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.ESCALATE)
    await case.hears(Stage.REVIEW_ESCALATED)


async def test_approve_and_reject_at_once_one_wins_and_both_see_which(begin: Begin) -> None:
    case = await under_review(begin)
    first, second = await asyncio.gather(
        case.decide(DecisionKind.APPROVE), case.decide(DecisionKind.REJECT, explanation="worn")
    )
    assert {m.round for m in case.world.messages} == {1, 2}, "one after the other, never together"
    assert first.status in (CaseStatus.PAYING, CaseStatus.REJECTED)
    assert second.status in (CaseStatus.PAYING, CaseStatus.REJECTED)


async def claim(case: Running) -> None:
    assert (await case.handle.execute_update(RefundCaseHandle.claim, Claim())).accepted


async def test_that_somebody_works_on_a_case_is_seen_and_told_nobody(begin: Begin) -> None:
    case = await under_review(begin)
    await claim(case)
    await claim(case)
    assert (await case.view()).claimed_by == "agent-2"
    await case.pass_time(hours=21)
    assert case.world.stages == [Stage.REVIEW_STARTED, Stage.REVIEW_REMINDER]
    assert hours_told(case, Stage.REVIEW_REMINDER) == [20], "and the clock runs on"


async def test_a_claim_while_the_customer_is_asked_leaves_them_their_window(begin: Begin) -> None:
    case = await under_review(begin)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.pass_time(days=13)
    await claim(case)
    assert (await case.result()).status is CaseStatus.EXPIRED
    assert hours_told(case, Stage.EXPIRED) == [14 * 24]


async def test_the_first_of_two_approvals_is_told_at_once_and_the_clock_runs_on(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW, people=2))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.pass_time(hours=19)
    answer = await case.decide(DecisionKind.APPROVE)
    assert (answer.accepted, answer.status) == (True, CaseStatus.UNDER_REVIEW)
    await case.hears(Stage.SECOND_APPROVAL)
    await case.pass_time(hours=2)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [20]
    assert [each.actor for each in (await case.view()).approvals] == ["boss-0"]
    assert (await case.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING
    await case.result()
    assert case.world.stages.count(Stage.SECOND_APPROVAL) == 1


async def test_an_approval_while_the_customer_is_asked_goes_on_with_the_agents_clock(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.UNDER_REVIEW, people=2))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.pass_time(hours=10)
    await case.decide(DecisionKind.ASK, explanation="which seam?")
    await case.pass_time(hours=30)
    await case.decide(DecisionKind.APPROVE)
    await case.hears(Stage.SECOND_APPROVAL)
    await case.pass_time(hours=11)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [50]


async def test_each_decision_is_recorded_alike_by_signal_and_by_update(begin: Begin) -> None:
    case = await under_review(begin)
    case.world.refuse_messages = True  # so that the case is where it was for the next one
    for kind in DecisionKind:
        said = Decision(kind=kind, explanation="why", hand_to="finance", handling_hours=1, amount=AMOUNT)
        await case.handle.signal(RefundCaseHandle.review, said)
        await case.handle.execute_update(RefundCaseHandle.decide, said)
    heard = [message.model_copy(update={"now": None, "round": 0}) for message in case.world.messages]
    assert len(heard) == 2 * len(DecisionKind)
    assert heard[::2] == heard[1::2]


@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_a_decision_around_the_deadline_counts_once(begin: Begin, seconds: int) -> None:
    """R11: whether the ladder's last rung or the decision comes first, the decision holds."""
    case = await under_review(begin)
    await case.pass_time(seconds=24 * 3600 + seconds)
    answers = await asyncio.gather(*(case.decide(DecisionKind.APPROVE) for _ in range(2)))
    assert CaseStatus.PAYING in {each.status for each in answers}
    await case.result()
    assert case.world.calls.count("submit N-1-1") == 1


async def test_a_refused_message_leaves_the_case_where_it_was(begin: Begin) -> None:
    case = await under_review(begin)
    case.world.refuse_messages = True
    answer = await case.decide(DecisionKind.APPROVE)
    assert not answer.accepted
    await case.pass_time(hours=21)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [20]


async def test_evidence_asked_for_and_supplied_is_assessed_again(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.NEEDS_EVIDENCE))
    view = await case.reach(CaseStatus.NEEDS_EVIDENCE)
    assert view.waits_for is WaitsFor.CUSTOMER
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="see photo"))
    await case.result()
    assert case.world.stages[:2] == [Stage.EVIDENCE_NEEDED, Stage.REFUNDED]


async def test_evidence_that_settles_nothing_goes_to_people(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.NEEDS_EVIDENCE, evidence_leads_to=CaseStatus.UNDER_REVIEW))
    await case.reach(CaseStatus.NEEDS_EVIDENCE)
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="see photo"))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.hears(Stage.REVIEW_STARTED)


async def test_evidence_that_never_comes_lets_the_case_expire(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.NEEDS_EVIDENCE))
    assert (await case.result()).status is CaseStatus.EXPIRED
    assert case.world.calls == ["intake", "expired", "closed"]


async def test_an_appeal_is_reviewed_by_a_supervisor_within_a_day_of_its_own(begin: Begin) -> None:
    case = await begin(World(assessed=CaseStatus.REJECTED))
    await case.reach(CaseStatus.REJECTED)
    await case.pass_time(days=20)
    await case.handle.execute_update(RefundCaseHandle.appeal, Appeal(explanation="it was sealed"))
    view = await case.reach(CaseStatus.UNDER_REVIEW)
    assert (view.waits_for, view.appealed) == (WaitsFor.SUPERVISOR, True)
    await case.decide(DecisionKind.APPROVE)
    assert (await case.result()).status is CaseStatus.REFUNDED


async def test_an_appeal_after_its_window_is_too_late(begin: Begin) -> None:
    world = World(assessed=CaseStatus.REJECTED)
    short = world.standing.timings.model_copy(update={"appeal_window_s": 3600})
    world.standing = world.standing.model_copy(update={"timings": short})
    case = await begin(world)
    await case.reach(CaseStatus.REJECTED)
    await case.pass_time(hours=2)
    answer = await case.handle.execute_update(RefundCaseHandle.appeal, Appeal(explanation="it was sealed"))
    assert answer.code is ErrorCode.TOO_LATE


# --- the rules ask the customer, an exchange is offered say, and no reviewer has begun ------------------------


async def offered(begin: Begin) -> Running:
    case = await begin(World(assessed=CaseStatus.AWAITING_CUSTOMER))
    await case.reach(CaseStatus.AWAITING_CUSTOMER)
    await case.hears(Stage.CUSTOMER_ASKED)
    return case


async def test_the_reviewers_hours_begin_when_the_customer_has_answered_the_rules(begin: Begin) -> None:
    case = await offered(begin)
    await case.pass_time(hours=50)
    await case.handle.execute_update(RefundCaseHandle.supply_evidence, EvidenceSupplied(note="the exchange"))
    await case.reach(CaseStatus.UNDER_REVIEW)
    await case.hears(Stage.REVIEW_STARTED)
    await case.pass_time(hours=21)
    assert hours_told(case, Stage.REVIEW_REMINDER) == [hours_told(case, Stage.REVIEW_STARTED)[0] + 20]


async def test_a_person_may_decide_before_the_customer_has_answered_the_rules(begin: Begin) -> None:
    case = await offered(begin)
    assert (await case.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYING
    await case.hears(Stage.REFUNDED)


async def test_what_the_rules_asked_and_nobody_answered_expires(begin: Begin) -> None:
    case = await offered(begin)
    await case.pass_time(days=15)
    await case.reach(CaseStatus.EXPIRED)
    assert Stage.REVIEW_STARTED not in case.world.stages
