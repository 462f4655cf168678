"""A small world under the real activity names: it says what each step should answer and remembers what was asked.

The rules live in the activities and are tested there; here a case is where a test's script says it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.types import (
    Elapse,
    Intake,
    Leg,
    LegCall,
    Notify,
    OutcomeKind,
    PaymentOutcome,
    RecordMessage,
    RecordPayment,
    Resumed,
    Stage,
    Standing,
    StepName,
    StepResult,
)
from aftersales.contract.messages import Answer, Decision
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    LegState,
    MessageKind,
    Money,
    WaitsFor,
)
from aftersales.contract.views import ApprovalView

AMOUNT = Money(minor=4990, currency="CNY")

LEG_STATES = {
    OutcomeKind.SUCCEEDED: LegState.SUCCEEDED,
    OutcomeKind.PENDING: LegState.PENDING,
    OutcomeKind.RETRY_SAME: LegState.RESERVED,
    OutcomeKind.UNKNOWN: LegState.CONFIRMING,
    OutcomeKind.CONFLICT: LegState.CONFIRMING,
    OutcomeKind.NEEDS_MERCHANT: LegState.BLOCKED,
    OutcomeKind.REJECTED: LegState.FAILED,
    OutcomeKind.NEEDS_PAYEE: LegState.FAILED,
    OutcomeKind.REVERSED: LegState.REVERSED,
}
WAITING = {
    CaseStatus.NEEDS_EVIDENCE: WaitsFor.CUSTOMER,
    CaseStatus.AWAITING_CUSTOMER: WaitsFor.CUSTOMER,
    CaseStatus.UNDER_REVIEW: WaitsFor.AGENT,
    CaseStatus.PAYING: WaitsFor.PROVIDER,
    CaseStatus.PAYMENT_FAILED: WaitsFor.FINANCE,
}


def outcome(kind: OutcomeKind, code: str = "", *, elsewhere: bool = False, retry_after_s: int = 0) -> PaymentOutcome:
    return PaymentOutcome(
        kind=kind,
        code=code,
        provider_reference="re_1" if kind is OutcomeKind.SUCCEEDED else "",
        elsewhere=elsewhere,
        retry_after_s=retry_after_s,
    )


@dataclass
class World:
    """`assessed`: where the intake puts the case; `people`: how many have to approve; `payout_provider` pays every
    attempt after the first. `submits`, `queries`: the provider's answers, in order."""

    assessed: CaseStatus = CaseStatus.PAYING
    submits: deque[PaymentOutcome | Exception] = field(default_factory=deque)
    queries: deque[PaymentOutcome | Exception] = field(default_factory=deque)
    payout_provider: str = "stripe"
    looks_until_known: int = 0
    evidence_leads_to: CaseStatus = CaseStatus.PAYING
    giving_up_leads_to: CaseStatus = CaseStatus.REJECTED
    people: int = 1
    database_failures: int = 0
    refuse_messages: bool = False
    lost: Resumed | None = None
    standing: Standing = field(default_factory=lambda: Standing(status=CaseStatus.RECEIVED))
    told: list[tuple[Stage, datetime]] = field(default_factory=list)
    unsendable: frozenset[Stage] = frozenset()
    approving: list[Stage] = field(default_factory=list)
    named: list[tuple[Stage, datetime | None]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    lives: list[str] = field(default_factory=list)
    messages: list[RecordMessage] = field(default_factory=list)
    payments: list[RecordPayment] = field(default_factory=list)
    during_submit: Callable[[], Any] | None = None

    def script(
        self, *, submits: Iterable[PaymentOutcome | Exception] = (), queries: Iterable[PaymentOutcome | Exception] = ()
    ) -> World:
        self.submits.extend(submits)
        self.queries.extend(queries)
        return self

    @property
    def stages(self) -> list[Stage]:
        return [stage for stage, _ in self.told]

    def activities(self) -> list[Callable[..., Any]]:
        return [
            self.intake,
            self.record_message,
            self.record_payment,
            self.elapse,
            self.submit_leg,
            self.query_leg,
            self.notify,
        ]

    def _stand(self, status: CaseStatus, **changes: object) -> StepResult:
        changes.setdefault("waits_for", WAITING.get(status, WaitsFor.NOBODY))
        legs, earlier = self.standing.legs, self.standing.earlier
        if status is CaseStatus.PAYING and all(leg.state in (LegState.FAILED, LegState.REVERSED) for leg in legs):
            legs, earlier = (self._leg(attempt=len(legs + earlier) + 1),), (*earlier, *legs)
        changes |= {"status": status, "legs": legs, "earlier": earlier, "amount": AMOUNT}
        self.standing = self.standing.model_copy(update=changes)
        return StepResult(standing=self.standing)

    def _leg(self, attempt: int) -> Leg:
        provider = self.payout_provider if attempt > 1 else "stripe"
        return Leg(leg=1, attempt=attempt, provider=provider, provider_number=f"N-1-{attempt}", amount=AMOUNT)

    @activity.defn(name=StepName.INTAKE)
    async def intake(self, step: Intake) -> StepResult:
        self.calls.append(StepName.INTAKE)
        self.lives.append(step.life)
        if self.database_failures:
            self.database_failures -= 1
            raise ConnectionError("the database is away")
        if self.looks_until_known and not step.last_look:
            self.looks_until_known -= 1
            return StepResult(standing=self.standing, look_again=True)
        if self.looks_until_known:
            return self._stand(CaseStatus.REJECTED, reason_code="order_unknown")
        return self._stand(self.assessed).model_copy(update={"resumed": self.lost})

    @activity.defn(name=StepName.RECORD_MESSAGE)
    async def record_message(self, step: RecordMessage) -> StepResult:
        self.messages.append(step)
        if step.refusal or self.refuse_messages:
            answer = Answer(accepted=False, status=self.standing.status, code=step.refusal)
            return StepResult(standing=self.standing, answer=answer)
        result = self._follow(step)
        return result.model_copy(update={"answer": Answer(accepted=True, status=result.standing.status)})

    def _follow(self, step: RecordMessage) -> StepResult:
        status, changes = self._led_to_by(step.kind)
        if step.survey_answer is not None:
            changes = {"survey_score": step.survey_answer.score}
        return self._decide(step.decision) if step.decision else self._stand(status, **changes)

    def _led_to_by(self, kind: MessageKind) -> tuple[CaseStatus, dict[str, object]]:
        present = self.standing.status
        asked = present is CaseStatus.AWAITING_CUSTOMER
        places: dict[MessageKind, tuple[CaseStatus, dict[str, object]]] = {
            MessageKind.EVIDENCE: (CaseStatus.UNDER_REVIEW if asked else self.evidence_leads_to, {}),
            MessageKind.WITHDRAWAL: (CaseStatus.WITHDRAWN, {}),
            MessageKind.APPEAL: (CaseStatus.UNDER_REVIEW, {"appealed": True, "waits_for": WaitsFor.SUPERVISOR}),
            MessageKind.PAYOUT_CHOICE: (CaseStatus.PAYING, {}),
            MessageKind.CLAIM: (present, {"claimed_by": f"agent-{len(self.messages)}"}),
        }
        if kind is MessageKind.PAYOUT_CHOICE and self.people > 1:
            return present, {"waits_for": WaitsFor.SUPERVISOR, "approvals": ()}
        return places.get(kind, (present, {}))

    def _decide(self, decision: Decision) -> StepResult:
        match decision.kind:
            case DecisionKind.APPROVE | DecisionKind.APPROVE_PART:
                return self._approve()
            case DecisionKind.REJECT:
                given_up = self.standing.status is CaseStatus.PAYMENT_FAILED
                return self._stand(self.giving_up_leads_to if given_up else CaseStatus.REJECTED)
            case DecisionKind.ASK:
                return self._stand(CaseStatus.AWAITING_CUSTOMER, explanation=decision.explanation)
            case DecisionKind.EXTEND:
                hours = self.standing.handling_hours + decision.handling_hours
                return self._stand(CaseStatus.UNDER_REVIEW, handling_hours=hours)
            case DecisionKind.HAND_OVER:
                return self._stand(CaseStatus.UNDER_REVIEW, assignee=decision.hand_to)
            case DecisionKind.ESCALATE:
                return self._stand(CaseStatus.UNDER_REVIEW, waits_for=WaitsFor.SUPERVISOR)

    def _approve(self) -> StepResult:
        present, given = self.standing.status, self.standing.approvals
        person = ApprovalView(actor=f"boss-{len(given)}", role="supervisor", at=datetime.now(UTC))
        if len(given) + 1 >= self.people:
            return self._stand(CaseStatus.PAYING, approvals=(*given, person))
        stays = present if present is CaseStatus.PAYMENT_FAILED else CaseStatus.UNDER_REVIEW
        return self._stand(stays, waits_for=WaitsFor.SUPERVISOR, approvals=(*given, person))

    @activity.defn(name=StepName.RECORD_PAYMENT)
    async def record_payment(self, step: RecordPayment) -> StepResult:
        self.payments.append(step)
        state = LEG_STATES[step.outcome.kind]
        attempts = (*self.standing.legs, *self.standing.earlier)
        told = next(leg for leg in attempts if leg.attempt == step.attempt)
        if state is LegState.BLOCKED and self.calls[-1].startswith("query"):
            state = LegState.CONFIRMING  # only what is in doubt is asked for
        if told in self.standing.earlier and self.standing.status is CaseStatus.REFUNDED:
            return self._news_of_an_earlier_number(step, told.model_copy(update={"state": state}))
        leg = told.model_copy(update={"state": state, "failure_code": step.outcome.code})
        others = tuple(each for each in attempts if each.attempt != step.attempt)
        if told in self.standing.legs:
            others = self.standing.earlier
        self.standing = self.standing.model_copy(update={"legs": (leg,), "earlier": others})
        match state:
            case LegState.SUCCEEDED:
                return self._stand(CaseStatus.REFUNDED)
            case LegState.FAILED | LegState.REVERSED if step.outcome.elsewhere:
                return self._stand(CaseStatus.PAYMENT_FAILED, waits_for=WaitsFor.CUSTOMER)
            case LegState.FAILED | LegState.REVERSED:
                return self._stand(CaseStatus.PAYMENT_FAILED)
            case LegState.PENDING:
                return self._stand(CaseStatus.PAYING)
            case _:
                return self._stand(self.standing.status)

    def _news_of_an_earlier_number(self, step: RecordPayment, leg: Leg) -> StepResult:
        """Another one has paid, and is what counts."""
        others = tuple(each for each in self.standing.earlier if each.attempt != leg.attempt)
        self.standing = self.standing.model_copy(update={"earlier": (*others, leg)})
        alarm = step.outcome.kind in (OutcomeKind.SUCCEEDED, OutcomeKind.PENDING)
        waits_for = WaitsFor.FINANCE if alarm else WaitsFor.NOBODY
        return self._stand(CaseStatus.REFUNDED, waits_for=waits_for).model_copy(update={"alarm": alarm})

    @activity.defn(name=StepName.ELAPSE)
    async def elapse(self, step: Elapse) -> StepResult:
        self.calls.append(step.what)
        if step.what == "no_destination":
            return self._stand(self.standing.status, waits_for=WaitsFor.FINANCE)
        return self._stand(CaseStatus.EXPIRED if step.what == "expired" else self.standing.status)

    @activity.defn(name=StepName.SUBMIT_LEG)
    async def submit_leg(self, call: LegCall) -> PaymentOutcome:
        self.calls.append(f"submit {call.provider_number}")
        if self.during_submit:
            await self.during_submit()
        return self._say(self.submits)

    @activity.defn(name=StepName.QUERY_LEG)
    async def query_leg(self, call: LegCall) -> PaymentOutcome:
        self.calls.append(f"query {call.provider_number}")
        return self._say(self.queries)

    def _say(self, script: deque[PaymentOutcome | Exception]) -> PaymentOutcome:
        said = script.popleft() if script else outcome(OutcomeKind.SUCCEEDED)
        if isinstance(said, Exception):
            raise said
        return said

    @activity.defn(name=StepName.NOTIFY)
    async def notify(self, letter: Notify) -> None:
        if letter.stage in self.unsendable:
            raise ApplicationError("nobody can write that", non_retryable=True)
        self.told.append((letter.stage, letter.now))
        self.named.append((letter.stage, letter.due_at))
        if letter.approves:
            self.approving.append(letter.stage)
