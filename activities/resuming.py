"""A case whose workflow was lost goes on in a new one: what the lost one had done, read from the database (R17).

A reset and a new start both ask for the intake's first round again. A reset carries the run id of the workflow's first
start (`Intake.life`), so it meets its own result, counts its rounds from there and meets its own results again. A
workflow started anew has another: it meets a result that is not its own, and is given the case as it stands now, with
the rounds that are used up. That answer is stored under the new life's own name, so that a reset of the new workflow
in its turn meets it and asks for the same rounds as before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from activities.casefile import EXTENDED, STATUS, CaseFile
from activities.ports import Unit
from activities.rows import AuditEntry, Mail, MailState
from activities.types import Intake, Resumed, Stage, StepName, StepResult
from aftersales.contract.values import CaseStatus
from domain.deadlines import STEPS_BEFORE_DEADLINE, Ladder, ReviewClock, ReviewStep

_RUNGS: Final = {
    Stage.REVIEW_REMINDER.value: ReviewStep.REMINDER,
    Stage.HANDLING_TIME.value: ReviewStep.NOTICE,
    Stage.REVIEW_ESCALATED.value: ReviewStep.ESCALATION,
}


def taken_up_by(life: str) -> str:
    """The name under which the answer to a new life of a case is stored."""
    return f"{StepName.INTAKE.value} {life}"


async def take_up(unit: Unit, step: Intake) -> StepResult:
    """Where the case stands, and what its lost workflow had done. Raises AftersalesError(case_unknown)."""
    file = await CaseFile.open(unit, step)
    log, mails = await unit.log(step.number), await unit.all_mails(step.number)
    since, came_from = _present_status(log, file.row.opened_at)
    clock, done = review_so_far(log, file.row.timings.ladder)
    resumed = Resumed(
        opened_at=file.row.opened_at,
        since=since,
        came_from=came_from,
        rounds={name: last for name, last in (await unit.rounds(step.number)).items() if name in set(StepName)},
        letters={mail.stage: mail.round for mail in sorted(mails, key=lambda mail: mail.round)},
        told=_stages(mail for mail in mails if mail.created_at >= since),
        unsent=tuple(dict.fromkeys((mail.stage, mail.round) for mail in mails if mail.state is MailState.QUEUED)),
        review=clock,
        review_steps_done=done,
        evidence=bool(file.row.evidence),
        closed=file.row.closed_at is not None,
    )
    file.note("taken_up", after=file.row.status.value)
    result = await file.close(whole=True)
    return result.model_copy(update={"life": step.life, "resumed": resumed})


def review_so_far(log: Iterable[AuditEntry], ladder: Ladder) -> tuple[ReviewClock | None, int]:
    """The clock of the present review, and how many steps of the ladder were climbed by it (P2.7).

    A letter of the ladder that came before its step was due told of something else: an extension, a new group.
    """
    clock: ReviewClock | None = None
    done = 0
    for entry in log:
        if entry.action == STATUS:
            clock = _moved(clock, CaseStatus(entry.after), entry.at)
            done = done if clock else 0
        elif clock and entry.action == EXTENDED:
            clock = clock.extend_at(entry.at, json.loads(entry.facts)["handling_hours"] * 3600, ladder)
            done = min(done, STEPS_BEFORE_DEADLINE)
        elif clock and entry.action in _RUNGS:
            step = clock.next_step(ladder, done)
            done += step is not None and step.step is _RUNGS[entry.action] and entry.at >= step.due_at
    return clock, done


def _moved(clock: ReviewClock | None, status: CaseStatus, at: datetime) -> ReviewClock | None:
    match status:
        case CaseStatus.UNDER_REVIEW:
            return clock.resume(at) if clock else ReviewClock(started_at=at)
        case CaseStatus.AWAITING_CUSTOMER:
            return clock and clock.pause(at)
    return None


def _present_status(log: Iterable[AuditEntry], opened_at: datetime) -> tuple[datetime, CaseStatus]:
    """Since when the case is in its status, and from which it came."""
    present = (opened_at, CaseStatus.RECEIVED)
    for entry in log:
        if entry.action == STATUS:
            present = (entry.at, CaseStatus(entry.before))
    return present


def _stages(mails: Iterable[Mail]) -> tuple[Stage, ...]:
    return tuple(dict.fromkeys(mail.stage for mail in mails))
