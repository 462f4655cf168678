"""What the activities need from the world, the unit of work included.

`storage` and `integrations` implement these; tests use fakes. Amounts in minor units, times in UTC.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from activities.types import Leg, PaymentOutcome, Stage, StepResult, Timings
from aftersales.contract.messages import CaseStart, Item, Number
from aftersales.contract.values import (
    BreakDown,
    CaseStatus,
    ErrorCode,
    EvidenceRef,
    Frozen,
    Language,
    MessageKind,
    Money,
    Reason,
    WaitsFor,
)
from aftersales.contract.views import VerdictView
from domain.allocation import FrozenLine, FrozenShipping

# --- orders ---------------------------------------------------------------------------------------------


class Account(Frozen):
    """The buyer. `state` is `active` or what the shop says otherwise (closed, blocked)."""

    customer_id: str
    state: str = "active"
    name: str = ""
    email: str = ""
    language: Language = Language.ZH_CN


class OrderLine(Frozen):
    """A line as bought, with its frozen shares, and what earlier cases took or hold of it."""

    line_id: str
    sku: str
    title: str
    category: str
    quantity: int
    final_sale: bool
    frozen: FrozenLine
    taken_units: int = 0


class Tender(Frozen):
    """A payment of the order. `taken_minor`: refunded by the ledger plus reserved by open legs."""

    tender_id: str
    provider: str
    reference: str
    captured_minor: int
    taken_minor: int = 0


class Order(Frozen):
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


# --- the rows that a unit of work writes ------------------------------------------------------------------


class CaseRow(Frozen):
    """The read model of a case, for pages and lists; the workflow is the truth about the process."""

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


class LegRow(Frozen):
    """A leg with what is needed to send it. `key_try` counts idempotency keys used for the same number;
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


class AuditEntry(Frozen):
    """What happened, before the store gives it sequence and hash; `actor` is a proved identity or `system`."""

    number: Number
    at: datetime
    actor: str
    role: str
    action: str
    before: str = ""
    after: str = ""
    reason: str = ""
    facts: str = ""


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


class Mail(Frozen):
    """A message to one recipient. `message_id` is stable: it makes a repeated sending harmless."""

    message_id: str
    number: Number
    stage: Stage
    round: int
    recipient: str
    language: Language
    subject: str
    body: str
    state: MailState = MailState.QUEUED
    created_at: datetime
    sent_at: datetime | None = None
    failure: str = ""


class Unit(Protocol):
    """One transaction; it commits when its block ends without an error. No provider is called inside."""

    async def stored_step(self, number: str, step: str, round_: int) -> StoredStep | None: ...
    async def store_step(self, number: str, step: str, round_: int, stored: StoredStep) -> None: ...

    async def claim_request(self, start: CaseStart) -> bool:
        """True if (caller, request_key) is this number's, now or already; False if another case holds it."""
        ...

    async def order(self, order_id: str, besides: str = "") -> Order | None:
        """The order, its row locked until the transaction ends, with what cases took of it.

        Units and shipping that the case `besides` itself holds do not count; its money always does.
        """
        ...

    async def insert_case(self, case: CaseRow) -> None: ...
    async def case(self, number: str) -> CaseRow | None:
        """The case, its row locked until the transaction ends: all that acts on one case follows in line.

        A withdrawal and a payment about to be sent must never both read the other as not yet there.
        """
        ...

    async def update_case(self, case: CaseRow) -> None: ...

    async def hold_units(self, number: str, order_id: str, items: tuple[Item, ...], shipping: bool) -> None:
        """Mark units as taken by this case, replacing what it held before."""
        ...

    async def release_units(self, number: str) -> None: ...

    async def insert_leg(self, leg: LegRow) -> None: ...
    async def legs(self, number: str) -> tuple[LegRow, ...]: ...
    async def update_leg(self, leg: LegRow) -> None: ...

    async def post(self, posting: Posting) -> None:
        """Append to the ledger; a posting id that is there already is left as it is."""
        ...

    async def append_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        """Append to the case's chain: each entry gets its sequence, the previous hash and its own."""
        ...

    async def hear(self, message: HeardMessage) -> bool:
        """Record a message; False if this (number, nonce) was heard before."""
        ...

    async def mails(self, number: str, stage: Stage, round_: int) -> tuple[Mail, ...]: ...
    async def insert_mail(self, mail: Mail) -> None: ...
    async def update_mail(self, mail: Mail) -> None: ...

    async def evidence_known(self, refs: tuple[EvidenceRef, ...]) -> bool: ...


class Store(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Unit]: ...


# --- the outside world ------------------------------------------------------------------------------------


class Clock(Protocol):
    """The time at each attempt; tests tie it to the test server's."""

    def now(self) -> datetime: ...


class Facts(Frozen):
    """What the policy decides by (P2.1). Integers only; `days_since_delivery` is -1 before delivery."""

    reason: Reason
    kind: str
    amount_minor: int
    currency: str
    days_since_delivery: int
    days_since_purchase: int
    delivered: bool
    evidence_count: int
    final_sale: bool
    goods_back: bool
    unused: bool
    category: str
    account_active: bool


class Action(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    REVIEW = "review"
    ASK_EVIDENCE = "ask_evidence"


class Ruling(Frozen):
    """What the policy says, with the row that fired and whether shipping is paid back."""

    action: Action
    row: str
    reason_code: str
    refund_shipping: bool = False


class Policy(Protocol):
    """One version of the policy, known by its content hash."""

    @property
    def content_hash(self) -> str: ...
    @property
    def timings(self) -> Timings: ...
    def rule(self, facts: Facts) -> Ruling: ...


class Payments(Protocol):
    """One provider. Words of the provider are translated inside; nothing but outcomes comes out."""

    provider: str
    key_life_s: int

    async def refund(self, leg: LegRow) -> PaymentOutcome: ...
    async def query(self, leg: LegRow) -> PaymentOutcome: ...


class Letter(Frozen):
    """What one recipient is to read."""

    recipient: str
    language: Language
    subject: str
    body: str


class Letters(Protocol):
    """Turns a stage of a case into letters, by templates."""

    def compose(
        self, stage: Stage, case: CaseRow, account: Account, legs: tuple[LegRow, ...], due_at: datetime | None
    ) -> tuple[Letter, ...]: ...


class MailRefusedError(Exception):
    """The mail server refused for good; sending again cannot help."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises MailRefusedError for a final no; after anything else, try again."""
        ...
