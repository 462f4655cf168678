"""One case while its workflow lives: where it stands, what it was told, and how it speaks to the world.

Handlers only put messages into the inbox. The stages alone take from it, through `converse`, so that nothing
interleaves with paying.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.evidence_checks import CHECK_EVIDENCE, CheckEvidence
    from activities.types import (
        Leg,
        Message,
        Notify,
        RecordMessage,
        Resumed,
        Stage,
        Standing,
        Step,
        StepName,
        StepResult,
    )
    from aftersales.contract.messages import (
        Answer,
        Appeal,
        CaseStart,
        EvidenceSupplied,
        HandPayment,
    )
    from aftersales.contract.names import QUEUE_EVIDENCE, QUEUE_NOTIFICATIONS
    from aftersales.contract.values import CaseStatus, ErrorCode, LegState, MessageKind, Money
    from domain.deadlines import Ladder, ReviewClock
    from workflows import options, sight
    from workflows.news import News

DECIDED = {
    CaseStatus.REJECTED: Stage.REJECTED,
    CaseStatus.WITHDRAWN: Stage.WITHDRAWN,
}
_FOLLOWS_APPROVAL = (
    Stage.REFUNDED,
    Stage.PAYMENT_ON_ITS_WAY,
    Stage.PAYMENT_CONFIRMING,
    Stage.PAYMENT_FAILED,
    Stage.DESTINATION_NEEDED,
)
"""Stages whose letters tell the approval too, if none did so far."""

StepT = TypeVar("StepT", bound=Step)
_FIELDS = {
    MessageKind.DECISION: "decision",
    MessageKind.EVIDENCE: "evidence",
    MessageKind.WITHDRAWAL: "withdrawal",
    MessageKind.APPEAL: "appeal",
    MessageKind.SURVEY_ANSWER: "survey_answer",
    MessageKind.PAYOUT_CHOICE: "payout_choice",
    MessageKind.HAND_PAYMENT: "hand_payment",
    MessageKind.CLAIM: "claim",
}


class Woken(Enum):
    """Why a stage's wait ended."""

    MOVED = auto()  # a message changed where the case stands
    DONE = auto()  # what the stage waited for is there
    ELAPSED = auto()  # the deadline was reached


@dataclass
class Heard:
    """A message from a person; `answer` is set when it was dealt with."""

    kind: MessageKind
    message: Message
    answer: Answer | None = None


@dataclass
class Case:
    """The state of one refund workflow. Times are the workflow's.

    `lost`: what another workflow of this case had done before it was lost (R17), as long as the case is in the status
    in which it was found. `called`: to which payment by hand finance was called last, and what for.
    """

    start: CaseStart
    opened_at: datetime
    standing: Standing = field(default_factory=lambda: Standing(status=CaseStatus.RECEIVED))
    inbox: deque[Heard] = field(default_factory=deque)
    news: News = field(default_factory=News)
    review: ReviewClock | None = None
    review_steps_done: int = 0
    outcome_at: datetime | None = None
    waiting: str = ""
    due_at: datetime | None = None
    approval_untold: bool = False
    low_score_told: bool = False
    called: tuple[str, Stage] | None = None
    closed: bool = False
    lost: Resumed | None = None
    _as_of: datetime | None = None
    _rounds: Counter[str] = field(default_factory=Counter)
    _errands: list[workflow.ActivityHandle[None]] = field(default_factory=list)
    _shown: sight.Shown = field(default_factory=sight.Shown)

    @property
    def number(self) -> str:
        return self.start.number

    @property
    def ladder(self) -> Ladder:
        return self.standing.timings.ladder

    def leg(self, number: int) -> Leg:
        """The attempt of a leg that counts."""
        return next(leg for leg in self.standing.legs if leg.leg == number)

    @property
    def money_moved(self) -> bool:
        return any(leg.state is LegState.SUCCEEDED for leg in self.standing.legs)

    @property
    def refunded(self) -> Money | None:
        """What the customer has of it; None if nothing."""
        paid = [leg.amount for leg in self.standing.legs if leg.state is LegState.SUCCEEDED]
        return Money(minor=sum(each.minor for each in paid), currency=paid[0].currency) if paid else None

    def entered_at(self) -> datetime:
        """When the case came to its status, for a stage that begins."""
        return self.lost.since if self.lost else workflow.now()

    def take_up(self, lost: Resumed) -> None:
        """Go on where a workflow that was lost had come to: its rounds are used up, its letters go out."""
        self.lost, self.opened_at, self.closed = lost, lost.opened_at, lost.closed
        self.review, self.review_steps_done = lost.review, lost.review_steps_done
        self._rounds.update(lost.rounds)
        self._rounds.update({_telling(stage): last for stage, last in lost.letters.items()})
        self.approval_untold = not {Stage.APPROVED, *_FOLLOWS_APPROVAL} & set(lost.letters)
        for stage, round_ in lost.unsent:
            self._send(stage, round_)

    # --- steps ---------------------------------------------------------------------------------------

    def next_round(self, name: str) -> int:
        """Rounds are counted here, so that a replay or a reset asks for the same ones again.

        They begin after those of a workflow that was lost, if the case had one; see `activities.resuming`.
        """
        self._rounds[name] += 1
        return self._rounds[name]

    async def step(self, name: StepName, step: Step) -> StepResult:
        """Run a database step: fast as a local activity, and as a patient one if the database is away."""
        try:
            result: StepResult = await workflow.execute_local_activity(
                name.value,
                step,
                result_type=StepResult,
                start_to_close_timeout=options.LOCAL_STEP_TIMEOUT,
                schedule_to_close_timeout=options.LOCAL_STEP_LIMIT,
                retry_policy=options.LOCAL_STEP_RETRY,
            )
        except FailureError as error:  # a local activity's error comes bare, a normal one's wrapped
            told = error if isinstance(error, ApplicationError) else error.cause
            if is_cancelled_exception(error) or (isinstance(told, ApplicationError) and told.non_retryable):
                raise
            result = await self._patient_step(name, step)
        self._stand(result)
        return result

    def _stand(self, result: StepResult) -> None:
        """Where the step left the case, unless a later one is known.

        A crash may cut a workflow task off after its steps were done. When it begins again, a message that has come
        meanwhile is served first, and then such a step gives what it gave at its own time.
        """
        if result.as_of and self._as_of and result.as_of < self._as_of:
            return
        self._as_of = result.as_of or self._as_of
        if result.standing.status is not self.standing.status:
            self.lost = None
        verdict = result.standing.verdict or self.standing.verdict  # told once, when it is given
        self.standing = result.standing.model_copy(update={"verdict": verdict})

    async def _patient_step(self, name: StepName, step: Step) -> StepResult:
        self.show(waiting="the product's database, which does not answer")
        done: StepResult = await workflow.execute_activity(
            name.value,
            step,
            result_type=StepResult,
            start_to_close_timeout=options.DURABLE_STEP_TIMEOUT,
            schedule_to_close_timeout=options.DURABLE_STEP_LIMIT,
            retry_policy=options.DURABLE_STEP_RETRY,
            summary=f"{name.value}, tried until the database answers",
        )
        return done

    def tell_decision(self) -> None:
        """Tell what was decided. An approval waits for the first answer of the payment provider: mostly the money
        has moved by then, and one letter tells both (P4.1)."""
        self.approval_untold = self.standing.status is CaseStatus.PAYING
        if stage := DECIDED.get(self.standing.status):
            self.tell(stage)

    def tell_approval(self) -> None:
        """Tell an approval by itself, since the money takes its time."""
        if self.approval_untold:
            self.approval_untold = False
            self.tell(Stage.APPROVED)

    def tell(self, stage: Stage, due_at: datetime | None = None) -> None:
        """Start a stage's letters and go on; nobody's money waits for a mail server."""
        approves = self.approval_untold and stage in _FOLLOWS_APPROVAL
        self.approval_untold = self.approval_untold and not approves
        self._send(stage, self.next_round(_telling(stage)), due_at, approves=approves)

    def announce(self, stage: Stage, due_at: datetime | None = None) -> None:
        """Tell what is told once in the present status, unless a workflow that was lost told it already."""
        if self.lost is None or stage not in self.lost.told:
            self.tell(stage, due_at)

    def _send(self, stage: Stage, round_: int, due_at: datetime | None = None, *, approves: bool = False) -> None:
        letter = Notify(
            number=self.number, stage=stage, round=round_, now=workflow.now(), due_at=due_at, approves=approves
        )
        handle = workflow.start_activity(
            StepName.NOTIFY.value,
            letter,
            task_queue=QUEUE_NOTIFICATIONS,
            start_to_close_timeout=options.LETTER_TIMEOUT,
            schedule_to_close_timeout=options.LETTER_LIMIT,
            retry_policy=options.LETTER_RETRY,
            summary=f"tell: {stage.value.replace('_', ' ')}",
        )
        self._run_errand(handle, "a letter")

    def check_evidence(self) -> None:
        """Have the evidence looked at and go on: what is found is for people to see, and no decision waits for it."""
        handle = workflow.start_activity(
            CHECK_EVIDENCE,
            CheckEvidence(number=self.number),
            task_queue=QUEUE_EVIDENCE,
            start_to_close_timeout=options.EVIDENCE_CHECK_TIMEOUT,
            schedule_to_close_timeout=options.EVIDENCE_CHECK_LIMIT,
            heartbeat_timeout=options.EVIDENCE_HEARTBEAT_TIMEOUT,
            retry_policy=options.EVIDENCE_CHECK_RETRY,
            summary="check the evidence",
        )
        self._run_errand(handle, "the check of the evidence")

    def _run_errand(self, handle: workflow.ActivityHandle[None], what: str) -> None:
        handle.add_done_callback(partial(_mind_a_failure, what))
        self._errands.append(handle)

    def show(self, waiting: str, due_at: datetime | None = None) -> None:
        """Say in the Web UI what the case waits for, who must act and until when."""
        self.waiting, self.due_at = waiting, due_at
        self._shown = sight.show(self.start, self.standing, self.opened_at, waiting, due_at, self._shown)

    # --- messages ------------------------------------------------------------------------------------

    def put(self, kind: MessageKind, message: Message) -> Heard:
        heard = Heard(kind, message)
        self.inbox.append(heard)
        return heard

    async def converse(
        self,
        *,
        until: datetime | None = None,
        done: Callable[[], bool] = lambda: False,
        refuse: Callable[[MessageKind], ErrorCode | None] = lambda _: None,
    ) -> Woken:
        """Serve messages until one moves the case, `done` holds, or `until` is reached.

        `refuse` names the error for a message that the process has no room for just now.
        """
        while not done():
            if self.inbox:
                before = self.standing
                await self._listen(refuse)
                if self.standing != before:
                    return Woken.MOVED
            elif until is not None and workflow.now() >= until:
                return Woken.ELAPSED
            else:
                await self._sleep(until, done)
        return Woken.DONE

    async def _sleep(self, until: datetime | None, done: Callable[[], bool]) -> None:
        left = None if until is None else max(until - workflow.now(), timedelta())
        try:
            await workflow.wait_condition(
                lambda: bool(self.inbox) or done(),
                timeout=left,
                timeout_summary=self.waiting[:120] or None,
            )
        except TimeoutError:
            return

    async def _listen(self, refuse: Callable[[MessageKind], ErrorCode | None]) -> None:
        heard = self.inbox[0]
        record = RecordMessage(
            number=self.number,
            round=self.next_round(StepName.RECORD_MESSAGE),
            now=workflow.now(),
            kind=heard.kind,
            refusal=refuse(heard.kind),
            **{_FIELDS[heard.kind]: heard.message},
        )
        result = await self.step(StepName.RECORD_MESSAGE, record)
        heard.answer = result.answer or Answer(accepted=True, status=self.standing.status)
        if isinstance(heard.message, HandPayment) and heard.answer.accepted:
            self.news.hear(heard.message.provider_number)  # the payment that two people make is asked for as any other
        brings = isinstance(heard.message, EvidenceSupplied | Appeal | HandPayment) and heard.message.evidence
        if brings and heard.answer.accepted:
            self.check_evidence()
        self.inbox.popleft()

    async def drain(self) -> None:
        """Answer what came in last and let the last letters and checks end, before the run does."""
        while True:
            while self.inbox:
                await self._listen(lambda _: ErrorCode.CASE_CLOSED)
            await workflow.wait_condition(
                lambda: (
                    bool(self.inbox)
                    or (workflow.all_handlers_finished() and all(errand.done() for errand in self._errands))
                )
            )
            if not self.inbox:
                return


def _telling(stage: Stage) -> str:
    return f"tell {stage.value}"


def _mind_a_failure(what: str, errand: asyncio.Task[None]) -> None:
    """It holds nothing up: operators find it in the log, and in the history as a failed activity."""
    if not errand.cancelled() and (error := errand.exception()):
        workflow.logger.warning("%s was given up: %s", what, error.__cause__ or error)
