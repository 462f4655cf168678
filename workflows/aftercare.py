"""After the outcome: survey, reversal window, appeal window, as one wait for the next deadline (P2.8, P4.2)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Elapse, Stage, StepName
    from aftersales.contract.values import CaseStatus, ErrorCode, MessageKind, WaitsFor
    from workflows.case import Case, Woken
    from workflows.payment import has_news, look_into_news

_ASKED_HOW_IT_WAS = (CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED, CaseStatus.REJECTED)
# Refused before anybody knew that the customer it names had anything to do with it: nobody is asked or may appeal.
_NEVER_A_CASE = (
    ErrorCode.PROOF_MISSING,
    ErrorCode.PROOF_INVALID,
    ErrorCode.ROLE_NOT_ALLOWED,
    ErrorCode.NOT_YOUR_ORDER,
    ErrorCode.REQUEST_KEY_REUSED,
)

Agenda = deque[tuple[datetime, Stage | None]]


async def care(case: Case) -> None:
    """Wait until nothing can happen to the case any more, or until something does."""
    outcome = case.standing.status
    case.outcome_at = case.entered_at()
    agenda = _agenda(case)
    _show(case, agenda)
    while agenda and case.standing.status is outcome:
        await _next(case, agenda)
    if not agenda:
        await _close(case)


def _show(case: Case, agenda: Agenda) -> None:
    astray = case.standing.waits_for is WaitsFor.FINANCE
    waiting = "finance to look at money that moved unexpectedly" if astray else "nobody; its windows are still open"
    case.show(waiting=waiting, due_at=agenda[-1][0] if agenda else None)


async def _next(case: Case, agenda: Agenda) -> None:
    due_at, stage = agenda[0]
    outcome = case.standing.status
    woken = await case.converse(
        until=due_at, done=lambda: has_news(case), refuse=lambda kind: _past_its_window(case, kind)
    )
    match woken:
        case Woken.ELAPSED:
            agenda.popleft()
            if stage:
                case.announce(stage, due_at=_after(case, case.standing.timings.survey_window_s))
        case Woken.DONE:
            await look_into_news(case)
            if case.standing.status is outcome:
                _show(case, agenda)
    if agenda and case.standing.survey_score:  # also if it was answered while the provider was asked
        _forget_the_survey(case, agenda)


def _forget_the_survey(case: Case, agenda: Agenda) -> None:
    """It was answered: no reminder any more, and a low score alerts somebody, once (P4.2)."""
    if case.standing.survey_is_low and not case.low_score_told:
        case.low_score_told = True
        case.tell(Stage.LOW_SCORE)
    end = agenda[-1]
    agenda.clear()
    agenda.append(end)


def _agenda(case: Case) -> Agenda:
    """What is still to come, soonest first; the last entry is the end of the last window."""
    timings = case.standing.timings
    ends = [_after(case, timings.reversal_window_s)] if case.money_moved else []
    surveys: list[tuple[datetime, Stage | None]] = []
    if _cared_for(case):
        ends.append(_after(case, timings.survey_window_s))
        surveys = [
            (_after(case, timings.survey_after_s), Stage.SURVEY),
            (_after(case, timings.survey_reminder_s), Stage.SURVEY_REMINDER),
        ]
        if case.standing.status is CaseStatus.REJECTED and not case.standing.appealed:
            ends.append(_after(case, timings.appeal_window_s))
    if case.standing.survey_score:
        surveys = []
    return deque([*surveys, *((end, None) for end in [max(ends, default=None)] if end)])


def _cared_for(case: Case) -> bool:
    asked = case.standing.status in _ASKED_HOW_IT_WAS
    return asked and case.standing.reason_code not in _NEVER_A_CASE


def _after(case: Case, seconds: int) -> datetime:
    assert case.outcome_at is not None, "windows are counted from the outcome"
    return case.outcome_at + timedelta(seconds=seconds)


def _past_its_window(case: Case, kind: MessageKind) -> ErrorCode | None:
    timings = case.standing.timings
    windows = {
        MessageKind.APPEAL: timings.appeal_window_s,
        MessageKind.SURVEY_ANSWER: timings.survey_window_s,
    }
    seconds = windows.get(kind)
    if seconds is not None and workflow.now() > _after(case, seconds):
        return ErrorCode.TOO_LATE
    return None


async def _close(case: Case) -> None:
    await case.step(
        StepName.ELAPSE,
        Elapse(number=case.number, round=case.next_round(StepName.ELAPSE), now=workflow.now(), what="closed"),
    )
    case.closed = True
    case.show(waiting="nobody; the case is closed")
