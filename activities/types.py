"""What each step of a case takes and gives; the workflow sees activities only as these.

Every database step takes `number`, `round` and `now` and gives a `StepResult`: where the case then stands.
(number, step name, round) makes it idempotent: run again it gives the stored result and changes nothing.
`now` is the workflow's time.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from aftersales.contract.messages import (
    Answer,
    Appeal,
    CaseStart,
    Claim,
    Decision,
    EvidenceSupplied,
    HandPayment,
    Number,
    PayoutChoice,
    SurveyAnswer,
    Withdrawal,
)
from aftersales.contract.values import (
    BreakDown,
    CaseStatus,
    ErrorCode,
    Frozen,
    Language,
    LegState,
    MessageKind,
    Money,
    Movement,
    WaitsFor,
)
from aftersales.contract.views import ApprovalView, VerdictView
from domain.deadlines import Ladder, ReviewClock

LOW_SCORE = 2

TO_BE_PAID: Final = "to_be_paid_by_hand"
TO_BE_CONFIRMED: Final = "to_be_confirmed_by_hand"
"""Codes of a pending payment by hand: whether the first or the second person of finance is waited for."""

CHARGEBACK_LOST: Final = "chargeback_lost"
"""Code of a payment that is not made, since the customer's bank has given the money back."""

Message = Decision | EvidenceSupplied | Withdrawal | Appeal | SurveyAnswer | PayoutChoice | HandPayment | Claim
"""What a person can say to a case."""


class Timings(Frozen):
    """How long a case waits, in seconds, fixed by the policy it was applied under (P2.1, P2.7, P4.2)."""

    review_reminder_s: int = 20 * 3600
    review_notice_s: int = 23 * 3600
    review_escalation_s: int = 24 * 3600
    review_repeat_s: int = 24 * 3600
    evidence_window_s: int = 14 * 86400
    survey_after_s: int = 3 * 86400
    survey_reminder_s: int = 7 * 86400
    survey_window_s: int = 21 * 86400
    appeal_window_s: int = 30 * 86400
    reversal_window_s: int = 30 * 86400
    payment_poll_s: int = 3600
    payout_reminder_s: int = 7 * 86400
    payout_window_s: int = 30 * 86400
    order_lookup_s: int = 300

    @property
    def ladder(self) -> Ladder:
        return Ladder(
            reminder_seconds=self.review_reminder_s,
            notice_seconds=self.review_notice_s,
            escalation_seconds=self.review_escalation_s,
            repeat_seconds=self.review_repeat_s,
        )


class Leg(Frozen):
    """One tender's part of the payment. `provider_number` was committed before anything was sent.

    `provider` is who moves the money: the tender's own for a refund, another one for a payout. `destination` and
    `expected_by` as in `LegView`; `elsewhere`, of one that failed or came back: another destination would do.
    """

    leg: int
    attempt: int
    provider: str
    provider_number: str
    amount: Money
    state: LegState = LegState.RESERVED
    provider_reference: str = ""
    trace: str = ""
    failure_code: str = ""
    movement: Movement = Movement.REFUND
    destination: str = ""
    expected_by: datetime | None = None
    elsewhere: bool = False


class Standing(Frozen):
    """Where a case stands: the whole of what the workflow carries between steps.

    `legs` holds the attempt of each leg that counts, `earlier` the others: numbers that were given up for another,
    of which the provider may still have news. `verdict`: None where it is the one that was told before.
    `handling_hours` is the sum of all extensions so far, so that two equal ones are told apart.
    """

    status: CaseStatus
    waits_for: WaitsFor = WaitsFor.NOBODY
    assignee: str = ""
    language: Language = Language.ZH_CN
    amount: Money | None = None
    break_down: BreakDown | None = None
    legs: tuple[Leg, ...] = ()
    earlier: tuple[Leg, ...] = ()
    verdict: VerdictView | None = None
    timings: Timings = Timings()
    reason_code: str = ""
    explanation: str = ""
    appealed: bool = False
    survey_score: int = 0
    handling_hours: int = 0
    approvals: tuple[ApprovalView, ...] = ()
    claimed_by: str = ""
    claimed_until: datetime | None = None

    @property
    def survey_is_low(self) -> bool:
        """A score that somebody is alerted to (P4.2)."""
        return 0 < self.survey_score <= LOW_SCORE


class Step(Frozen):
    """Base of every database step's input."""

    number: Number
    round: int
    now: datetime


class Intake(Step):
    """Take an application in: verify, claim its key, look the order up, assess, and reserve if approved.

    `last_look`: an order still unknown to the shop is refused now instead of looked up again. `life` names the
    workflow that asks: the run id of its first start, which a reset keeps and a workflow started anew does not.
    """

    start: CaseStart
    last_look: bool = False
    life: str = ""


class RecordMessage(Step):
    """Verify and record what a person said, and do what follows from it.

    Exactly one of the message fields is set, the one that `kind` names. `refusal` is set when the process
    itself leaves no room for it (money is moving, the case is over): then it is only recorded.
    """

    kind: MessageKind
    decision: Decision | None = None
    evidence: EvidenceSupplied | None = None
    withdrawal: Withdrawal | None = None
    appeal: Appeal | None = None
    survey_answer: SurveyAnswer | None = None
    payout_choice: PayoutChoice | None = None
    hand_payment: HandPayment | None = None
    claim: Claim | None = None
    refusal: ErrorCode | None = None

    @property
    def message(self) -> Message:
        said = (
            self.decision
            or self.evidence
            or self.withdrawal
            or self.appeal
            or self.survey_answer
            or self.payout_choice
            or self.hand_payment
            or self.claim
        )
        if said is None:
            raise ValueError("a recorded message needs its body")
        return said


class OutcomeKind(StrEnum):
    """design: payments, the outcome model. `not_found` is an answer to queries only."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    RETRY_SAME = "retry_same"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    NEEDS_MERCHANT = "needs_merchant"
    NEEDS_PAYEE = "needs_payee"
    CONFLICT = "conflict"
    REVERSED = "reversed"
    NOT_FOUND = "not_found"


class PaymentOutcome(Frozen):
    """What a provider's answer means, in our words. `key_spent`: the provider replays a stored failure for
    this idempotency key, so after a look that finds nothing the next try needs a new key.

    `elsewhere`, of a failure or a reversal: this way to the customer is closed, another destination would do; always
    so with `needs_payee`. `destination`: where the provider says the money went, masked, in its words.
    `retry_after_s`, of `retry_same`: the provider takes no next try earlier.
    """

    kind: OutcomeKind
    provider_reference: str = ""
    trace: str = ""
    code: str = ""
    sentence: str = ""
    key_spent: bool = False
    elsewhere: bool = False
    destination: str = ""
    retry_after_s: int = 0


class LegCall(Frozen):
    """Submit a leg, or ask for it. The amount and the keys are read from the leg's committed row."""

    number: Number
    leg: int
    attempt: int
    provider: str
    provider_number: str


class RecordPayment(Step):
    """Write down what became of a leg; success posts to the ledger, a proven failure releases the reserve."""

    leg: int
    attempt: int
    outcome: PaymentOutcome


class Elapse(Step):
    """A wait ran out: `expired` (asked for, never supplied), `no_destination` (asked where the money is to go, never
    said), or `closed` (nothing can happen any more)."""

    what: str


class Stage(StrEnum):
    """A moment at which somebody is told something (P4.1, P2.7)."""

    RECEIVED = "received"
    EVIDENCE_NEEDED = "evidence_needed"
    REVIEW_STARTED = "review_started"
    REVIEW_REMINDER = "review_reminder"
    HANDLING_TIME = "handling_time"
    REVIEW_ESCALATED = "review_escalated"
    SECOND_APPROVAL = "second_approval"
    CUSTOMER_ASKED = "customer_asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    PAYMENT_CONFIRMING = "payment_confirming"
    PAYMENT_ON_ITS_WAY = "payment_on_its_way"
    PAYMENT_BLOCKED = "payment_blocked"
    PAYMENT_FAILED = "payment_failed"
    REFUNDED = "refunded"
    REVERSED = "reversed"
    DESTINATION_NEEDED = "destination_needed"
    DESTINATION_REMINDER = "destination_reminder"
    PAY_BY_HAND = "pay_by_hand"
    CONFIRM_BY_HAND = "confirm_by_hand"
    SURVEY = "survey"
    SURVEY_REMINDER = "survey_reminder"
    LOW_SCORE = "low_score"


class Resumed(Frozen):
    """What the lost workflow of a case had done, for the one that goes on in its place (R17).

    `rounds` counts the rounds by step, `letters` by stage. The case came to its present status at `since`, from
    `came_from`; the stages in `told` were told since then. `unsent`: letters (stage, round) that were written and
    are not out yet. `review`: the agents' clock, `review_steps_done` the rungs climbed by it.
    `evidence`: there is some, and its check may be lost, too.
    """

    opened_at: datetime
    since: datetime
    came_from: CaseStatus
    rounds: dict[str, int]
    letters: dict[Stage, int]
    told: tuple[Stage, ...] = ()
    unsent: tuple[tuple[Stage, int], ...] = ()
    review: ReviewClock | None = None
    review_steps_done: int = 0
    evidence: bool = False
    closed: bool = False


class StepResult(Frozen):
    """Where the case stands now, the sender's answer, and whether the order is to be looked up again.

    `as_of`: the workflow's time at which that was so; a step that is met again gives what it gave then.
    Of a payment only: `alarm`, if money moved in a way that finance must hear of at once.
    Of an intake only: `life` is the one that was taken in, `resumed` is set for a later one.
    """

    standing: Standing
    as_of: datetime | None = None
    answer: Answer | None = None
    look_again: bool = False
    alarm: bool = False
    life: str = ""
    resumed: Resumed | None = None


class Notify(Frozen):
    """Compose and send what a stage has to say. (number, stage, round) is composed once and each of its mails
    sent once; `due_at` is the moment the text names, if it names one. `approves`: it also says that the
    application is approved, which no letter said yet."""

    number: Number
    stage: Stage
    round: int
    now: datetime
    due_at: datetime | None = None
    break_down: BreakDown | None = None
    approves: bool = False


class StepName(StrEnum):
    """The activities' names in histories; they only grow."""

    INTAKE = "intake"
    RECORD_MESSAGE = "record_message"
    RECORD_PAYMENT = "record_payment"
    ELAPSE = "elapse"
    SUBMIT_LEG = "submit_leg"
    QUERY_LEG = "query_leg"
    NOTIFY = "notify"
