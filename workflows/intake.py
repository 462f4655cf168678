"""From the application to the first decision, and the wait for evidence (P1.3, P2.1, P2.2)."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Elapse, Intake, Resumed, Stage, StepName
    from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, WaitsFor
    from domain.rails import BY_HAND
    from workflows import options
    from workflows.case import DECIDED, Case, Woken
    from workflows.leg import call_to


_TOLD_BY_THE_STAGE_BEFORE = {
    **DECIDED,
    CaseStatus.EXPIRED: Stage.EXPIRED,
    CaseStatus.REFUNDED: Stage.REFUNDED,
    CaseStatus.PARTLY_REFUNDED: Stage.REFUNDED,
    CaseStatus.PAYMENT_FAILED: Stage.PAYMENT_FAILED,
}


async def take_in(case: Case) -> None:
    """Verify, assess and decide, in one step; an order the shop does not know yet is looked up again."""
    while case.standing.status is CaseStatus.RECEIVED:
        deadline = case.opened_at + timedelta(seconds=case.standing.timings.order_lookup_s)
        result = await case.step(
            StepName.INTAKE,
            Intake(
                number=case.number,
                round=case.next_round(StepName.INTAKE),
                now=workflow.now(),
                start=case.start,
                last_look=workflow.now() >= deadline,
                life=workflow.info().original_execution_run_id,
            ),
        )
        if result.resumed:
            _take_up(case, result.resumed)
            return
        if result.look_again:
            await _wait_for_the_shop(case)
    if case.start.application.evidence:
        case.check_evidence()
    case.tell_decision()


async def _wait_for_the_shop(case: Case) -> None:
    deadline = case.opened_at + timedelta(seconds=case.standing.timings.order_lookup_s)
    next_look = min(deadline, workflow.now() + options.ORDER_LOOKUP_PAUSE)
    case.show(waiting="the shop to know the order", due_at=deadline)
    await case.converse(until=next_look)


def _take_up(case: Case, lost: Resumed) -> None:
    """The case had a workflow that was lost: what that one had not yet told of where the case stands is told now."""
    case.take_up(lost)
    if lost.evidence:
        case.check_evidence()  # unchecked nobody can open it
    stage = _TOLD_BY_THE_STAGE_BEFORE.get(case.standing.status)
    if case.standing.status is CaseStatus.PAYMENT_FAILED and lost.came_from in OUTCOMES:
        stage = Stage.REVERSED
    if case.standing.status is CaseStatus.PAYMENT_FAILED and case.standing.waits_for is not WaitsFor.FINANCE:
        stage = None  # the next stage asks for a destination, or for people to agree to it, and tells of it with that
    if stage:
        case.announce(stage)
    if case.standing.waits_for is WaitsFor.FINANCE and case.standing.status in OUTCOMES:
        case.announce(Stage.PAYMENT_BLOCKED)
    for leg in case.standing.legs:
        if leg.provider == BY_HAND and leg.state is LegState.PENDING:
            case.called = (leg.provider_number, call_to(leg.failure_code))
            case.announce(case.called[1])
    if case.standing.survey_is_low:
        case.announce(Stage.LOW_SCORE)
        case.low_score_told = True


async def wait_for_evidence(case: Case) -> None:
    """The customer has a window to supply what the policy asks for; after it the case expires."""
    window = timedelta(seconds=case.standing.timings.evidence_window_s)
    deadline = case.entered_at() + window
    case.show(waiting="evidence from the customer", due_at=deadline)
    case.announce(Stage.EVIDENCE_NEEDED, due_at=deadline)
    while case.standing.status is CaseStatus.NEEDS_EVIDENCE:
        if await case.converse(until=deadline) is Woken.ELAPSED:
            await expire(case)
            return
    case.tell_decision()


async def expire(case: Case) -> None:
    """What was asked for never came: the case ends, nothing is held any more, and the customer is told."""
    await case.step(
        StepName.ELAPSE,
        Elapse(number=case.number, round=case.next_round(StepName.ELAPSE), now=workflow.now(), what="expired"),
    )
    case.tell(Stage.EXPIRED)
