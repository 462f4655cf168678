"""The review's 24 hours and the windows of the process (P2.7), from moments that are passed in.

Pure and deterministic: a workflow calls it with its own time. Sums are made in UTC, since adding a day to a
local time across a change of clocks is an hour wrong.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Annotated, Final, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from aftersales.contract.values import Frozen
from domain.errors import ExtensionRefused, TimeWithoutZone

DAY: Final = timedelta(days=1)
STEPS_BEFORE_DEADLINE: Final = 2
"""Reminder and notice. An extension sets a new deadline, and the first step at that one is the escalation again."""

Seconds = Annotated[int, Field(strict=True, ge=0)]
StepSeconds = Annotated[int, Field(strict=True, gt=0)]


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise TimeWithoutZone(moment.isoformat())
    return moment.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class Ladder(Frozen):
    """When what happens while an agent owes an answer, in seconds of the agent's own time; all policy."""

    reminder_seconds: StepSeconds = 72_000
    notice_seconds: StepSeconds = 82_800
    escalation_seconds: StepSeconds = 86_400
    repeat_seconds: StepSeconds = 86_400

    @model_validator(mode="after")
    def _climbs(self) -> Self:
        if not self.reminder_seconds <= self.notice_seconds <= self.escalation_seconds:
            raise ValueError("the steps of a ladder come one after the other")
        return self


class ReviewStep(StrEnum):
    REMINDER = "reminder"  # to the agent
    NOTICE = "notice"  # to the customer, with the expected handling time, before the deadline passes
    ESCALATION = "escalation"  # to a named role, then again and again


class DueStep(Frozen):
    """The next step of the ladder and when it is due."""

    step: ReviewStep
    due_at: Moment


class ReviewClock(Frozen):
    """An agent's time to answer; it stands still while the case waits for the customer (P2.7).

    `paused_seconds` counts the pauses that are over, each rounded up to a whole second in the agent's favour.
    """

    started_at: Moment
    paused_at: Moment | None = None
    paused_seconds: Seconds = 0
    extended_seconds: Seconds = 0

    def pause(self, now: datetime) -> ReviewClock:
        """The case waits for the customer from `now` on; a clock that stands still goes on standing still."""
        if self.paused_at is not None:
            return self
        return self.model_copy(update={"paused_at": max(_utc(now), self.started_at)})

    def resume(self, now: datetime) -> ReviewClock:
        """The agent's turn again; a clock that runs goes on running."""
        if self.paused_at is None:
            return self
        stood_still = max(ceil((_utc(now) - self.paused_at).total_seconds()), 0)
        return self.model_copy(update={"paused_at": None, "paused_seconds": self.paused_seconds + stood_still})

    def extend(self, seconds: int) -> ReviewClock:
        """Move every step that is still to come later. Raises `ExtensionRefused` unless `seconds` > 0."""
        if seconds <= 0:
            raise ExtensionRefused(seconds)
        return self.model_copy(update={"extended_seconds": self.extended_seconds + seconds})

    def extend_at(self, now: datetime, seconds: int, ladder: Ladder) -> ReviewClock:
        """So much more time from the deadline, or from `now` once that has passed: nobody is promised an answer at a
        moment that is over. Raises `ExtensionRefused` unless `seconds` > 0."""
        deadline = self.deadline(ladder)
        overdue = ceil((_utc(now) - deadline).total_seconds()) if deadline else 0
        extended = self.extend(seconds)
        return extended.extend(overdue) if overdue > 0 else extended

    def deadline(self, ladder: Ladder) -> datetime | None:
        """When the answer is overdue; None while the clock stands still."""
        return None if self.paused_at else self._due(ladder.escalation_seconds)

    def next_step(self, ladder: Ladder, done: int) -> DueStep | None:
        """The step after `done` (>= 0) steps, perhaps due in the past; None while the clock stands still."""
        if self.paused_at is not None:
            return None
        if done == 0:
            return DueStep(step=ReviewStep.REMINDER, due_at=self._due(ladder.reminder_seconds))
        if done == 1:
            return DueStep(step=ReviewStep.NOTICE, due_at=self._due(ladder.notice_seconds))
        seconds = ladder.escalation_seconds + (done - STEPS_BEFORE_DEADLINE) * ladder.repeat_seconds
        return DueStep(step=ReviewStep.ESCALATION, due_at=self._due(seconds))

    def _due(self, seconds: int) -> datetime:
        return self.started_at + timedelta(seconds=seconds + self.paused_seconds + self.extended_seconds)


def window_end(start: datetime, seconds: int) -> datetime:
    """The last moment of a window of `seconds` from `start`, in UTC. Raises `TimeWithoutZone`."""
    return _utc(start) + timedelta(seconds=seconds)


def window_open(start: datetime, seconds: int, at: datetime) -> bool:
    """Whether `at` is within the window; its last moment still is (P1.3). Raises `TimeWithoutZone`."""
    return _utc(at) <= window_end(start, seconds)


def days_since(delivered_at: datetime, at: datetime) -> int:
    """Whole days of 24 hours from the one to the other, rounded down. Raises `TimeWithoutZone`.

    Never negative: a shop's clock may run ahead of ours, and goods that arrive in a moment count as just
    arrived.
    """
    return max((_utc(at) - _utc(delivered_at)) // DAY, 0)
