"""What the activities need from the world, the unit of work included.

`storage` and `integrations` implement these; tests use fakes. Amounts in minor units, times in UTC.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Protocol

from pydantic import Field

from activities.pieces import ReusedEvidence
from activities.precautions import Precautions
from activities.rows import (
    Account,
    AuditEntry,
    CaseRow,
    HandPaymentRow,
    HeardMessage,
    LegRow,
    Mail,
    Order,
    Posting,
    SendingTerms,
    StoredStep,
)
from activities.types import Notify, PaymentOutcome, Stage
from aftersales.contract.messages import CaseStart, Item, Number, PaymentChanged
from aftersales.contract.values import (
    EvidenceRef,
    Frozen,
    Language,
    LegState,
    Money,
    Movement,
    PayoutMethod,
    Role,
)


class Unit(Precautions, Protocol):
    """One transaction; it commits when its block ends without an error. No provider is called inside."""

    async def stored_step(self, number: str, step: str, round_: int) -> StoredStep | None: ...
    async def store_step(self, number: str, step: str, round_: int, stored: StoredStep) -> None: ...

    async def rounds(self, number: str) -> Mapping[str, int]:
        """The last round of each step of the case whose result is stored, by the step's name."""
        ...

    async def claim_request(self, start: CaseStart) -> bool:
        """True if (caller, request_key) is this number's, now or already; False if another case holds it."""
        ...

    async def order(self, order_id: str, besides: str = "") -> Order | None:
        """The order, its row locked until the transaction ends, with what cases took of it.

        Units, shipping and break-down of the case `besides` itself do not count; its money always does.
        """
        ...

    async def buyer(self, order_id: str) -> Account | None:
        """Whose order it is; nothing is locked."""
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

    async def sending_terms(self, leg: LegRow) -> SendingTerms:
        """Its order is locked until the transaction ends: two refunds of one payment are sent one after the other."""
        ...

    async def post(self, posting: Posting) -> None:
        """Append to the ledger; a posting id that is there already is left as it is."""
        ...

    async def postings(self, number: str) -> tuple[Posting, ...]:
        """What the ledger has of the case, oldest first."""
        ...

    async def hand_payment(self, provider_number: str) -> HandPaymentRow | None:
        """A payment by hand that was filed, its row locked until the transaction ends."""
        ...

    async def update_hand_payment(self, payment: HandPaymentRow) -> None: ...

    async def append_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        """Append to the case's chain: each entry gets its sequence, the previous hash and its own."""
        ...

    async def log(self, number: str) -> tuple[AuditEntry, ...]:
        """The case's operations log, in the sequence in which it was written."""
        ...

    async def hear(self, message: HeardMessage) -> bool:
        """Record a message; False if this (number, nonce) was heard before."""
        ...

    async def mails(self, number: str, stage: Stage, round_: int) -> tuple[Mail, ...]: ...
    async def all_mails(self, number: str) -> tuple[Mail, ...]:
        """Of every stage and round, oldest first."""
        ...

    async def insert_mail(self, mail: Mail) -> None: ...
    async def update_mail(self, mail: Mail) -> None: ...

    async def payee(self, token: str) -> KeptPayee | None:
        """A destination that was taken in, unless it was erased."""
        ...

    async def holds_role(self, staff_id: str, role: Role) -> bool:
        """Whether the account of ours is active and holds the role, at this moment."""
        ...

    async def evidence_known(self, refs: tuple[EvidenceRef, ...], number: str, customer_id: str) -> bool:
        """Whether each was uploaded for that case, or by that customer for another one, and may still be looked at:
        whoever has seen the hash of somebody else's photo has no photo."""
        ...

    async def reused_evidence(
        self, number: str, order_id: str, refs: tuple[EvidenceRef, ...]
    ) -> tuple[ReusedEvidence, ...]:
        """Other cases with the same picture, or nearly the same, the oldest first for each piece. Of the same customer
        none counts that was withdrawn or expired, nor an application for that order that its checks turned down before
        anybody judged it: nothing was paid for the picture there."""
        ...


class Store(Protocol):
    def begin(self) -> AbstractAsyncContextManager[Unit]: ...


# --- the outside world ------------------------------------------------------------------------------------


class Clock(Protocol):
    """The time at each attempt; tests tie it to the test server's."""

    def now(self) -> datetime: ...


class Payee(Frozen):
    """A destination in clear, for the moment of paying; kept encrypted, never logged, never in a message (P3.2).

    `account`: an IBAN, a bank account's number, the login of an Alipay account; empty for store credit. `bank`: its BIC
    or CNAPS code, where the account's number does not tell.
    """

    token: str
    method: PayoutMethod
    account: Annotated[str, Field(repr=False)] = ""
    holder: Annotated[str, Field(repr=False)] = ""
    bank: str = ""


class KeptPayee(Frozen):
    """A destination as everybody may see it; `masked` is what the customer confirmed."""

    token: str
    number: Number
    method: PayoutMethod
    masked: str


class Payees(Protocol):
    async def reveal(self, token: str) -> Payee:
        """The destination kept under the token. Raises AftersalesError(payee_unknown)."""
        ...


class Payments(Protocol):
    """One provider. Words of the provider are translated inside; nothing but outcomes comes out.

    What a provider cannot do (pay out, say) is `rejected` with code `not_offered`, and nothing is sent.
    """

    provider: str
    key_life_s: int

    async def refund(self, leg: LegRow) -> PaymentOutcome: ...
    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome: ...
    async def query(self, leg: LegRow) -> PaymentOutcome:
        """Ask for the leg by our own number, refund or payout."""
        ...


class StatementLine(Frozen):
    """One movement as the provider's own statement has it. `amount` and `fee` are above zero or absent; `returned`: the
    money came back. `provider_number` is ours, empty where the statement does not carry it."""

    provider: str
    line_id: str
    booked_at: datetime
    amount: Money
    provider_number: str = ""
    reference: str = ""
    movement: Movement = Movement.REFUND
    returned: bool = False
    fee: Money | None = None


class StatementNotReadyError(Exception):
    """The provider has no statement for that day yet; `str(error)` says when to ask again."""


class Statements(Protocol):
    """A provider's own record of a day."""

    provider: str

    async def of(self, day: date) -> tuple[StatementLine, ...]:
        """All movements of a day by the provider's calendar. Raises StatementNotReadyError; ValueError, which names the
        line, for what cannot be read."""
        ...


class Letter(Frozen):
    """What one recipient is to read."""

    recipient: str
    language: Language
    subject: str
    body: str


class Letters(Protocol):
    """Turns a stage of a case into letters, by templates."""

    def compose(
        self, order: Notify, case: CaseRow, account: Account, legs: tuple[LegRow, ...]
    ) -> tuple[Letter, ...]: ...


class MailRefusedError(Exception):
    """The mail server refused for good; sending again cannot help."""


class Mailer(Protocol):
    async def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises MailRefusedError for a final no; after anything else, try again."""
        ...


# --- what providers say by themselves, and the sweep -------------------------------------------------------


class RefundNews(StrEnum):
    """What a provider's own message says of a refund, in our words; `unknown` if that cannot be told."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Bearing(StrEnum):
    """What a provider's message means to its case at the moment of looking."""

    NEWS = "news"  # the leg stands elsewhere: the case is told
    AWAITED = "awaited"  # the leg is being sent: the call's own answer is on its way
    KNOWN = "known"
    REPEATED = "repeated"  # another message said the same, and its telling serves for both
    CASE_CLOSED = "case_closed"
    UNMATCHED = "unmatched"  # no leg of ours goes by its number

    @property
    def needs_telling(self) -> bool:
        """Whether the case is to be told, now or after a moment; everything else is dealt with by being stored."""
        return self in (Bearing.NEWS, Bearing.AWAITED)


_RECORDED_AS: Final[Mapping[RefundNews, frozenset[LegState]]] = {
    RefundNews.SUCCEEDED: frozenset({LegState.SUCCEEDED}),
    # A message that was overtaken: a refund that succeeded is never under way again.
    RefundNews.PENDING: frozenset({LegState.PENDING, LegState.SUCCEEDED}),
    RefundNews.FAILED: frozenset({LegState.FAILED, LegState.REVERSED}),
    RefundNews.UNKNOWN: frozenset(),
}


class ProviderNews(Frozen):
    """A provider's verified message. `provider_number` is ours, `reference` the provider's id of the refund,
    `number` the case; empty where the message names none. `amount_differs`: it names another amount than our record.
    (provider, event_id) is unique."""

    provider: str
    event_id: str
    received_at: datetime
    provider_number: str = ""
    reference: str = ""
    says: RefundNews = RefundNews.UNKNOWN
    number: str = ""
    amount_differs: bool = False

    def bearing_on(self, state: LegState, provider_reference: str) -> Bearing:
        """Known, awaited or news to a leg in that state. A message about another refund than the leg's, under the
        same number, or about another amount is never known: the money may have moved twice."""
        same = provider_reference in ("", self.reference) and not self.amount_differs
        if same and state in _RECORDED_AS[self.says]:
            return Bearing.KNOWN
        return Bearing.AWAITED if state in (LegState.RESERVED, LegState.SUBMITTING) else Bearing.NEWS


class Inbox(Protocol):
    """Messages of providers that were stored when they came."""

    async def match(self, limit: int) -> int:
        """Open at most `limit` messages again that belonged to no case when they came and now do; how many."""
        ...

    async def unhandled(self, received_before: datetime, *, skip: int, limit: int) -> tuple[ProviderNews, ...]:
        """Messages of cases that are not dealt with, oldest first, without the first `skip`."""
        ...

    async def bearing_of(self, news: ProviderNews, at: datetime) -> Bearing: ...
    async def mark_handled(self, news: ProviderNews, bearing: Bearing, at: datetime) -> None:
        """With `Bearing.NEWS`: the case was told, by a call that began at `at`."""
        ...


class OpenCases(Protocol):
    """Case rows that are not closed."""

    async def open_numbers(self, after: str, limit: int) -> tuple[str, ...]:
        """Their application numbers in ascending sequence, from the first one above `after` on."""
        ...

    async def start_of(self, number: str) -> CaseStart | None:
        """What the case's workflow was started with; None if the case is not open."""
        ...


class RunState(StrEnum):
    """What the engine knows of a case's workflow, its last run if there were several."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"
    TERMINATED = "terminated"
    TIMED_OUT = "timed_out"
    MISSING = "missing"


class CaseEngine(Protocol):
    """The workflows behind the cases. Raises AftersalesError, engine_unavailable among them."""

    async def states(self, numbers: Sequence[str]) -> Mapping[str, RunState]: ...

    async def start(self, start: CaseStart) -> None:
        """Start the workflow of a case that has none; one that is there, whatever became of it, is left alone."""
        ...

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None: ...


# --- sealing the operations log -----------------------------------------------------------------------------


class SealedHead(NamedTuple):
    """Where the chain of a log ends: its number, its last entry's sequence and hash."""

    number: str
    seq: int
    hash: str


class Seal(Frozen):
    """A day's seal: how many `heads` it holds, its own hash, that of the seal before it, and the id of the key that
    signed it."""

    day: date
    at: datetime
    heads: int
    seal: str
    previous: str
    key_id: str = ""


class ChainHeads(Protocol):
    """The ends of all chains of the operations log."""

    def unsealed(self) -> AsyncIterator[tuple[SealedHead, ...]]:
        """Those that moved since they were sealed, in batches."""
        ...

    async def mark(self, heads: Sequence[SealedHead]) -> None:
        """They are sealed; marking again changes nothing."""
        ...

    async def note(self, seal: Seal) -> None: ...


class Seals(Protocol):
    """Where seals lie, outside the database; each is written once and never changed."""

    async def has(self, day: date) -> bool: ...

    async def write(self, day: date, at: datetime, batches: AsyncIterator[Sequence[SealedHead]]) -> None:
        """Seal them all as one; a seal of that day that came first is left as it is."""
        ...

    async def read(self, day: date, take: Callable[[Sequence[SealedHead]], Awaitable[None]]) -> Seal:
        """Hand what the day's seal holds to `take`, in batches, and give the seal itself."""
        ...
