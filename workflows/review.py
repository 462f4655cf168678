"""Review by people: the 24-hour ladder, and the pause while the customer is asked (P2.6, P2.7, P2.8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Stage, Standing
    from aftersales.contract.values import CaseStatus, WaitsFor
    from domain.deadlines import STEPS_BEFORE_DEADLINE, ReviewClock, ReviewStep
    from workflows.case import Case, Woken
    from workflows.intake import expire


async def review(case: Case) -> None:
    """Somebody answers within 24 hours of their own time, or more and more people hear of it."""
    clock = _start_or_resume(case)
    while case.standing.status is CaseStatus.UNDER_REVIEW:
        step = clock.next_step(case.ladder, case.review_steps_done)
        assert step is not None, "the clock runs while the case is under review"
        case.show(waiting="a reviewer's decision", due_at=clock.deadline(case.ladder))
        before = case.standing
        woken = await case.converse(until=step.due_at)
        if woken is Woken.ELAPSED:
            _climb(case, step.step, step.due_at)
        elif case.standing.status is CaseStatus.UNDER_REVIEW:
            clock = _carry_on(case, clock, before)
    _leave(case, clock)


def _start_or_resume(case: Case) -> ReviewClock:
    if case.review is None:
        clock = ReviewClock(started_at=workflow.now())
        case.review_steps_done = 0
        case.tell(Stage.REVIEW_STARTED, due_at=clock.deadline(case.ladder))
    else:
        asked = case.review.paused_at is not None or case.review.paused_seconds > 0
        clock = case.review.resume(workflow.now())
        entry = Stage.REVIEW_REMINDER if asked else Stage.REVIEW_STARTED
        if case.standing.approvals:
            entry = Stage.SECOND_APPROVAL
        case.announce(entry, due_at=clock.deadline(case.ladder))
    case.review = clock
    return clock


def _climb(case: Case, step: ReviewStep, due_at: datetime) -> None:
    case.review_steps_done += 1
    match step:
        case ReviewStep.REMINDER:
            case.tell(Stage.REVIEW_REMINDER, due_at=due_at + _until_escalation(case, case.ladder.reminder_seconds))
        case ReviewStep.NOTICE:
            a_round_more = timedelta(seconds=case.standing.timings.review_repeat_s)
            expected = max(a_round_more, _until_escalation(case, case.ladder.notice_seconds))
            case.tell(Stage.HANDLING_TIME, due_at=due_at + expected)
        case ReviewStep.ESCALATION:
            case.standing = case.standing.model_copy(
                update={"waits_for": WaitsFor.SUPERVISOR, "assignee": "supervisors"}
            )
            case.tell(Stage.REVIEW_ESCALATED, due_at=due_at)


def _until_escalation(case: Case, since_seconds: int) -> timedelta:
    return timedelta(seconds=case.ladder.escalation_seconds - since_seconds)


def _carry_on(case: Case, clock: ReviewClock, before: Standing) -> ReviewClock:
    """A decision that leaves the case under review: more time, another group, a higher role, the first of two
    approvals. That somebody works on it is no news to the others."""
    now = case.standing
    if _claimed_only(before, now):
        return clock
    if now.handling_hours != before.handling_hours:
        more = (now.handling_hours - before.handling_hours) * 3600
        clock = clock.extend_at(workflow.now(), more, case.ladder)
        case.review_steps_done = min(case.review_steps_done, STEPS_BEFORE_DEADLINE)
        case.tell(Stage.HANDLING_TIME, due_at=clock.deadline(case.ladder))
    elif now.approvals and now.approvals != before.approvals:
        case.tell(Stage.SECOND_APPROVAL, due_at=clock.deadline(case.ladder))
    elif now.waits_for is WaitsFor.SUPERVISOR:
        case.tell(Stage.REVIEW_ESCALATED, due_at=clock.deadline(case.ladder))
    else:
        case.tell(Stage.REVIEW_REMINDER, due_at=clock.deadline(case.ladder))
    case.review = clock
    return clock


def _claimed_only(before: Standing, now: Standing) -> bool:
    claim = {"claimed_by": now.claimed_by, "claimed_until": now.claimed_until}
    return before.model_copy(update=claim) == now


def _leave(case: Case, clock: ReviewClock) -> None:
    if case.standing.status is CaseStatus.AWAITING_CUSTOMER:
        case.review = clock.pause(workflow.now())
        return
    case.review = None
    case.tell_decision()


def _asks_anew(case: Case, question: str) -> bool:
    """Another question, which is told and has a window of its own, whatever was told of the one before."""
    anew = case.standing.status is CaseStatus.AWAITING_CUSTOMER and case.standing.explanation != question
    case.lost = None if anew else case.lost
    return anew


async def wait_for_customer(case: Case) -> None:
    """The reviewer asked; the agents' clock stands still until the customer answers or the window closes."""
    deadline = case.entered_at() + timedelta(seconds=case.standing.timings.evidence_window_s)
    case.show(waiting="the customer's answer to the reviewer", due_at=deadline)
    case.announce(Stage.CUSTOMER_ASKED, due_at=deadline)
    while case.standing.status is CaseStatus.AWAITING_CUSTOMER:
        question = case.standing.explanation
        if await case.converse(until=deadline) is Woken.ELAPSED:
            case.review = None
            await expire(case)
            return
        if _asks_anew(case, question):
            return
    if case.standing.status is CaseStatus.UNDER_REVIEW:
        return
    if case.review is None:  # the rules asked, and no reviewer's clock has begun
        case.tell_decision()
    else:
        _leave(case, case.review)
