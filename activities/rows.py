"""What a unit of work reads and writes: orders with what was taken of them, cases, legs, postings, messages, mails.

Amounts in minor units, times in UTC.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from activities.precautions import Lease
from activities.types import Leg, Stage, StepResult, Timings
from aftersales.contract.messages import CaseStart, Number, PayoutChoice
from aftersales.contract.numbers import NUMBER_PATTERN
from aftersales.contract.values import (
    BreakDown,
    CaseStatus,
    ErrorCode,
    EvidenceRef,
    Frozen,
    Language,
    MessageKind,
    Money,
    Movement,
    PayoutMethod,
    WaitsFor,
)
from aftersales.contract.views import VerdictView
from domain import orders
from domain.allocation import FrozenLine, FrozenShipping, ThresholdPromotion
from domain.breakdown import NOTHING_TAKEN, Taken

Account: TypeAlias = orders.Account
LogName = Annotated[str, Field(pattern=rf"{NUMBER_PATTERN}|^[a-z]{{1,32}}$")]
"""Whose operations log: a case's, by its application number, or one of ours that is about no case."""


class OrderLine(Frozen):
    """A line as bought, with its frozen shares, and how many units other cases took or hold."""

    line_id: str
    sku: str
    title: str
    category: str
    quantity: int
    final_sale: bool
    frozen: FrozenLine
    taken_units: int = 0


class Tender(Frozen):
    """A payment of the order. `taken_minor`: refunded by the ledger plus reserved by open legs; `parts`: how many
    refunds were asked of its provider that did not fail."""

    tender_id: str
    provider: str
    reference: str
    captured_minor: int
    taken_minor: int = 0
    parts: int = 0


class Order(Frozen):
    """An order as bought. `taken`: what the break-downs of the cases that hold its units and shipping took."""

    order_id: str
    currency: str
    paid: bool
    bought_at: datetime
    delivered_at: datetime | None
    account: Account
    lines: tuple[OrderLine, ...]
    shipping: FrozenShipping | None
    shipping_taken: bool
    tenders: tuple[Tender, ...]
    promotion: ThresholdPromotion | None = None
    taken: Taken = NOTHING_TAKEN


class CaseRow(Frozen):
    """The read model of a case, for pages and lists; the workflow is the truth about the process.

    `entered_by`: who of the staff entered it for the customer. `overridden`: a person decided otherwise than the policy
    says (P2.6). `payout`: a destination that was named and that people have yet to agree to (P6.2), with the proof of
    who named it.
    """

    number: Number
    start: CaseStart
    status: CaseStatus
    waits_for: WaitsFor
    opened_at: datetime
    updated_at: datetime
    assignee: str = ""
    due_at: datetime | None = None
    amount: Money | None = None
    break_down: BreakDown | None = None
    verdict: VerdictView | None = None
    policy_hash: str = ""
    reason_code: str = ""
    explanation: str = ""
    appealed: bool = False
    survey_score: int | None = None
    closed_at: datetime | None = None
    evidence: tuple[EvidenceRef, ...] = ()
    timings: Timings = Timings()
    handling_hours: int = 0
    entered_by: str = ""
    overridden: bool = False
    lease: Lease | None = None
    payout: PayoutChoice | None = None


class LegRow(Frozen):
    """A leg with what is needed to send it. `reference` and `captured_minor` are of the payment that it gives back
    of; `payee` is the token of a payout's destination. `key_try` counts idempotency keys used for the same number;
    `sent_at` is when the present key was first used, by the clock port: None while it certainly never was, and
    long ago for a key that the provider only answers with a stored failure."""

    number: Number
    order_id: str
    tender_id: str
    reference: str
    leg: Leg
    key_try: int = 1
    sent_at: datetime | None = None
    released: bool = False
    captured_minor: int = 0
    payee: str = ""


class SendingTerms(Frozen):
    """What a provider's limits are measured by: other refunds of the same payment that did not fail, when the last of
    them was sent, and when the payment was made."""

    bought_at: datetime
    parts: int
    last_sent_at: datetime | None


class Posting(Frozen):
    """One ledger row: debit and credit account, amount above zero; append-only, unique by `posting_id`."""

    posting_id: str
    number: Number
    order_id: str
    tender_id: str
    provider_number: str
    debit: str
    credit: str
    amount: Money
    posted_at: datetime
    note: str = ""


class HandPaymentState(StrEnum):
    TO_PAY = "to_pay"
    PAID = "paid"  # so says one person; another one has yet to confirm it
    CONFIRMED = "confirmed"
    IMPOSSIBLE = "impossible"


class HandPaymentRow(Frozen):
    """A payment that finance makes without an interface (P3.2). `payee` is the destination's token, empty for a refund;
    `destination` how it may be shown. `reference` and `evidence` are the proof, by whoever paid last."""

    provider_number: str
    number: Number
    amount: Money
    movement: Movement
    method: PayoutMethod | None
    payee: str
    destination: str
    filed_at: datetime
    state: HandPaymentState = HandPaymentState.TO_PAY
    paid_by: str = ""
    paid_at: datetime | None = None
    reference: str = ""
    evidence: tuple[EvidenceRef, ...] = ()
    confirmed_by: str = ""
    confirmed_at: datetime | None = None


class AuditEntry(Frozen):
    """What happened, before the store gives it sequence and hash (P6.3).

    `number`: the case, or the name of a log that is about none (`staff`, `people`). `actor`: a proved identity or
    `system`; `channel`: the key that vouched for it, `system` for ourselves. `reason` is a code, `why` a person's own
    words, `facts` a JSON object. A later field has the default "", and then counts for nothing in the chain of hashes.
    """

    number: LogName
    at: datetime
    actor: str
    role: str
    action: str
    before: str = ""
    after: str = ""
    reason: str = ""
    facts: str = ""
    channel: str = ""
    why: str = ""


class HeardMessage(Frozen):
    """A message as received, accepted or not; (number, nonce) is unique."""

    number: Number
    nonce: str
    kind: MessageKind
    actor: str
    role: str
    body: str
    received_at: datetime
    accepted: bool
    code: ErrorCode | None = None


class StoredStep(Frozen):
    input_digest: str
    result: StepResult


class MailState(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    REFUSED = "refused"  # the server said no for good (5xx)
    OVERTAKEN = "overtaken"  # it became untrue before it went out


class PlainMail(Frozen):
    """A message to one recipient. `message_id` is stable: it makes a repeated sending harmless."""

    message_id: str
    recipient: str
    language: Language
    subject: str
    body: str
    state: MailState = MailState.QUEUED
    created_at: datetime
    sent_at: datetime | None = None
    failure: str = ""


class Mail(PlainMail):
    """A message about a case."""

    number: Number
    stage: Stage
    round: int
