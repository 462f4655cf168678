"""One leg on its way to the customer: what is asked, what is sent, how long is waited in between (P3.2, P3.3).

design: payments, the outcome model. The provider's number, the amount and the keys are in the leg's committed row;
this module only decides when to submit and when to ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, TimeoutType
from temporalio.exceptions import TimeoutError as NotInTime

with workflow.unsafe.imports_passed_through():
    from activities.types import (
        TO_BE_CONFIRMED,
        Leg,
        LegCall,
        OutcomeKind,
        PaymentOutcome,
        RecordPayment,
        Stage,
        StepName,
    )
    from aftersales.contract.names import payments_queue
    from aftersales.contract.values import CaseStatus, ErrorCode, LegState, MessageKind
    from domain.rails import BY_HAND
    from workflows import options
    from workflows.case import Case, Woken

_FINAL = (
    OutcomeKind.SUCCEEDED,
    OutcomeKind.REJECTED,
    OutcomeKind.NEEDS_PAYEE,
    OutcomeKind.REVERSED,
)
_KNOWN = (*_FINAL, OutcomeKind.PENDING, OutcomeKind.NOT_FOUND)
"""Answers to a question that leave nothing to ask for just now."""
_MAY_HAVE_MOVED = (LegState.SUBMITTING, LegState.CONFIRMING, LegState.PENDING)
NOT_SERVED = "not_served"
_ALARMING = (OutcomeKind.NEEDS_MERCHANT, OutcomeKind.CONFLICT)
_BY_HAND = {
    Stage.PAY_BY_HAND: "finance to pay by hand and to record it",
    Stage.CONFIRM_BY_HAND: "a second person of finance to confirm what was paid by hand",
}
_NOTED_AS = {
    OutcomeKind.PENDING: LegState.PENDING,
    OutcomeKind.NEEDS_MERCHANT: LegState.BLOCKED,
    OutcomeKind.RETRY_SAME: LegState.RESERVED,
    OutcomeKind.UNKNOWN: LegState.CONFIRMING,
    OutcomeKind.CONFLICT: LegState.CONFIRMING,
}


@dataclass
class Payment:
    """One leg on its way.

    `ask_first`: the next call is a query. `in_doubt`: something was sent whose end was not known at the time, so
    nothing may be taken back any more. `accepted`: the provider has it, so "not found" cannot be the truth.
    `overtaken`: another number has news that is to be looked into first.
    """

    case: Case
    leg: Leg
    ask_first: bool = False
    in_doubt: bool = False
    accepted: bool = False
    overtaken: bool = False
    not_found: int = 0
    pauses: dict[OutcomeKind, Iterator[timedelta]] = field(default_factory=dict)

    async def settle(self) -> None:
        """Go on until the leg's end is known and recorded, or the case was withdrawn or the leg overtaken meanwhile."""
        self.accepted = self.leg.state is LegState.PENDING
        self.ask_first = self.in_doubt = self.leg.state in _MAY_HAVE_MOVED
        while self.case.standing.status is CaseStatus.PAYING and not self.overtaken:
            name = StepName.QUERY_LEG if self.ask_first else StepName.SUBMIT_LEG
            outcome = await self.call(name)
            if outcome.kind in _FINAL:
                await self.record(outcome)
                return
            await self._go_on(outcome, asked=name is StepName.QUERY_LEG)

    async def learn(self, *, wait_out_conflict: bool = False) -> PaymentOutcome:
        """Ask where the payment stands until the provider says it, or until a person's word moved the case.

        A conflict alarms somebody and is waited out only where sending another number depends on it.
        """
        status, alarmed = self.case.standing.status, False
        while True:
            outcome = await self.call(StepName.QUERY_LEG)
            if outcome.kind in _KNOWN or self.case.standing.status is not status:
                return outcome
            if outcome.kind in _ALARMING and not alarmed:
                self.case.tell(Stage.PAYMENT_BLOCKED)
                alarmed = True
            if outcome.kind is OutcomeKind.CONFLICT and not wait_out_conflict:
                return outcome
            not_served = outcome.code == NOT_SERVED
            waiting = self._a_worker() if not_served else "the payment provider to confirm what it did"
            await self._sleep_until_news(self._pause(outcome), waiting)
            if self.case.standing.status is not status:
                return outcome

    async def call(self, name: StepName) -> PaymentOutcome:
        """One call of the provider, tried once; a call that fell over may have moved money."""
        self.case.news.asking(self.leg)  # news that comes from here on is looked into after this call
        handle = workflow.start_activity(
            name.value,
            LegCall(
                number=self.case.number,
                leg=self.leg.leg,
                attempt=self.leg.attempt,
                provider=self.leg.provider,
                provider_number=self.leg.provider_number,
            ),
            task_queue=payments_queue(self.leg.provider),
            result_type=PaymentOutcome,
            schedule_to_start_timeout=options.PROVIDER_QUEUE_LIMIT,
            start_to_close_timeout=options.PROVIDER_CALL_TIMEOUT,
            heartbeat_timeout=options.PROVIDER_HEARTBEAT_TIMEOUT,
            retry_policy=options.PROVIDER_CALL_RETRY,
            summary=f"{name.value.replace('_', ' ')} {self.leg.provider_number}",
        )
        while not handle.done():
            await self.case.converse(done=handle.done, refuse=_money_is_moving)
        try:
            outcome: PaymentOutcome = handle.result()
        except ActivityError as error:
            return _outcome_of_no_answer(error)
        return outcome

    async def _go_on(self, outcome: PaymentOutcome, *, asked: bool) -> None:
        match outcome.kind:
            case OutcomeKind.UNKNOWN if not asked:
                self.ask_first = self.in_doubt = True  # ask at once: most often the answer is there
            case OutcomeKind.NOT_FOUND if not self.accepted:
                await self._send_again(outcome)
            case OutcomeKind.PENDING:
                await self._wait_for_the_provider(outcome)
            case OutcomeKind.NEEDS_MERCHANT if outcome.code == NOT_SERVED:
                await self._wait(outcome, self._a_worker())
            case OutcomeKind.NEEDS_MERCHANT:
                await self._wait(outcome, "the merchant's account at the provider")
            case OutcomeKind.RETRY_SAME if outcome.retry_after_s:
                await self._wait(outcome, "the pause that the payment provider wants between two calls")
            case OutcomeKind.RETRY_SAME:
                await self._wait(outcome, "the payment provider to be reachable")
            case _:
                self.ask_first = self.in_doubt = True
                await self._wait(outcome, "the payment provider to confirm what it did")

    async def _send_again(self, outcome: PaymentOutcome) -> None:
        """Looked for and not there: the same number again, at once the first time and then more slowly."""
        self.ask_first = False
        self.not_found += 1
        if self.not_found > 1:
            await self._wait(outcome, "the payment provider")

    async def _wait_for_the_provider(self, outcome: PaymentOutcome) -> None:
        first_time = not self.accepted
        self.accepted = self.ask_first = self.in_doubt = True
        await self._note(outcome)
        if first_time:
            self.case.tell(Stage.PAYMENT_ON_ITS_WAY)
        waiting = "the payment provider to finish"
        if self.leg.provider == BY_HAND:
            waiting = self._call_finance(call_to(outcome.code))
        await self._sleep_until_any_news(self._pause(outcome), waiting)

    def _call_finance(self, stage: Stage) -> str:
        """The first person of finance, then the second; the first again, if the second does not believe it. Gives what
        the case waits for."""
        call = (self.leg.provider_number, stage)
        if self.case.called != call:
            self.case.called = call
            self.case.tell(stage)
        return _BY_HAND[stage]

    async def _wait(self, outcome: PaymentOutcome, waiting: str) -> None:
        if await self._note(outcome):
            if outcome.kind in _ALARMING:
                self.case.tell(Stage.PAYMENT_BLOCKED)
            elif outcome.kind is OutcomeKind.UNKNOWN:
                self.case.tell(Stage.PAYMENT_CONFIRMING)
        self.case.tell_approval()
        await self._sleep_until_any_news(self._pause(outcome), waiting)

    async def _note(self, outcome: PaymentOutcome) -> bool:
        """Record an outcome that is not final, if it is news; True if somebody is to hear of it.

        Each record is a billable action. "Not found" is no proof that nothing is under way, so it is recorded
        as unknown, and so is a provider out of reach while something sent earlier is in doubt.
        """
        kind = outcome.kind
        if kind is OutcomeKind.NOT_FOUND or (kind is OutcomeKind.RETRY_SAME and self.in_doubt):
            kind = OutcomeKind.UNKNOWN
        doubtful_trouble = self.in_doubt and kind in _ALARMING  # it stays in doubt, so its state does not tell
        noted = LegState.CONFIRMING if doubtful_trouble else _NOTED_AS[kind]
        before = self.case.leg(self.leg.leg)
        if before.state is noted and before.failure_code == outcome.code:
            return False
        await self.record(outcome.model_copy(update={"kind": kind}))
        return before.state is not noted or doubtful_trouble

    def _a_worker(self) -> str:
        return f"a worker that serves the payments of {self.leg.provider}"

    async def _sleep_until_any_news(self, pause: timedelta, waiting: str) -> None:
        """Of this number, of one that has paid or, as long as this one can be kept back, of one that was given up
        for it."""
        standing, kept_back = self.case.standing, not self.in_doubt or self.leg.provider == BY_HAND
        others = [leg for leg in (*standing.legs, *standing.earlier) if leg.state is LegState.SUCCEEDED]
        if kept_back:
            others += [leg for leg in standing.earlier if may_overtake(leg, self.leg)]
        await self._sleep_until_news(pause, waiting, others)
        self.overtaken = self.case.news.of_any(others)

    async def _sleep_until_news(self, pause: timedelta, waiting: str, others: Sequence[Leg] = ()) -> None:
        case, status = self.case, self.case.standing.status
        due = workflow.now() + pause
        case.show(waiting=waiting, due_at=due)
        refuse = _money_is_moving if self.in_doubt else _nothing
        legs = (self.leg, *others)
        while await case.converse(until=due, done=lambda: case.news.of_any(legs), refuse=refuse) is Woken.MOVED:
            if case.standing.status is not status:
                return

    async def record(self, outcome: PaymentOutcome) -> None:
        """The third step of paying: what became of the leg, written down; finance hears of what nobody expected."""
        result = await self.case.step(
            StepName.RECORD_PAYMENT,
            RecordPayment(
                number=self.case.number,
                round=self.case.next_round(StepName.RECORD_PAYMENT),
                now=workflow.now(),
                leg=self.leg.leg,
                attempt=self.leg.attempt,
                outcome=outcome,
            ),
        )
        if result.alarm:
            self.case.tell(Stage.PAYMENT_BLOCKED)

    def _pause(self, outcome: PaymentOutcome) -> timedelta:
        """Longer each time, and never shorter than the provider asks for."""
        kind = OutcomeKind.RETRY_SAME if outcome.code == NOT_SERVED else outcome.kind  # an hour has passed already
        return max(self._next_pause(kind), timedelta(seconds=outcome.retry_after_s))

    def _next_pause(self, kind: OutcomeKind) -> timedelta:
        poll = timedelta(seconds=self.case.standing.timings.payment_poll_s)
        if kind not in self.pauses:
            match kind:
                case OutcomeKind.PENDING if self.leg.provider == BY_HAND:
                    self.pauses[kind] = options.hand_pauses(poll)
                case OutcomeKind.PENDING:
                    self.pauses[kind] = options.poll_pauses(poll)
                case OutcomeKind.NEEDS_MERCHANT | OutcomeKind.CONFLICT:
                    self.pauses[kind] = options.merchant_pauses(poll)
                case _:
                    self.pauses[kind] = options.provider_pauses()
        return next(self.pauses[kind])


def call_to(code: str) -> Stage:
    """What finance is called to, by the code of a payment by hand."""
    return Stage.CONFIRM_BY_HAND if code == TO_BE_CONFIRMED else Stage.PAY_BY_HAND


def may_overtake(earlier: Leg, leg: Leg) -> bool:
    """Whether it is a number of the same leg that failed: its provider may yet change its mind."""
    return earlier.leg == leg.leg and earlier.state is LegState.FAILED


def _outcome_of_no_answer(error: ActivityError) -> PaymentOutcome:
    """A call that nobody took up has certainly moved nothing; any other that fell over may have."""
    if isinstance(error.cause, NotInTime) and error.cause.type is TimeoutType.SCHEDULE_TO_START:
        sentence = "No worker serves this provider's queue; nothing was sent. Start one that has its keys."
        return PaymentOutcome(kind=OutcomeKind.NEEDS_MERCHANT, code=NOT_SERVED, sentence=sentence)
    return PaymentOutcome(kind=OutcomeKind.UNKNOWN, code="call_lost", sentence=str(error.cause))


def _money_is_moving(kind: MessageKind) -> ErrorCode | None:
    return ErrorCode.TOO_LATE if kind is MessageKind.WITHDRAWAL else None


def _nothing(_: MessageKind) -> ErrorCode | None:
    return None
