"""What the reconciliation keeps: statements as they were read, runs, findings, and the letters about them (P3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

from activities.ports import Letter, StatementLine
from activities.rows import AuditEntry, LegRow, PlainMail
from aftersales.contract.values import Frozen, Money, Role
from domain.reconciling import Difference


class RunState(StrEnum):
    """How the last try to reconcile a provider's day ended."""

    DONE = "done"
    NOT_READY = "not_ready"
    FAILED = "failed"  # the statement cannot be read


class FindingState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"  # both sides agree by now
    EXPLAINED = "explained"  # finance closed it by word


class Totals(Frozen):
    """What a day's lines come to in one currency, in its minor units, money that came back taken off: by the statement,
    and by our ledger, with what the statement lacks."""

    currency: str
    theirs_minor: int
    ours_minor: int


class Run(Frozen):
    """A provider's day. `read_at`: when its statement was last read, None if it never was; the counts are of then.

    `lines`: of the statement; `matched`: those of them that our ledger agrees with.
    """

    provider: str
    day: date
    state: RunState
    tries: int
    tried_at: datetime
    sentence: str = ""
    read_at: datetime | None = None
    lines: int = 0
    matched: int = 0
    totals: tuple[Totals, ...] = ()


class Finding(Frozen):
    """A difference about one payment. `day`: of the run that first made it; `subject`: our number, or the id of a lone
    line; `number`: the case, empty if nobody knows it. `ours` and `theirs`: the amounts on both sides, None where there
    is nothing; `our_state`: the leg's. `told_at`: when its case was told, or found closed; `with_finance`: nobody
    can be told, or telling does not help."""

    finding_id: str
    provider: str
    day: date
    kind: Difference
    subject: str
    number: str = ""
    reference: str = ""
    ours: Money | None = None
    theirs: Money | None = None
    our_state: str = ""
    moved_at: datetime | None = None
    state: FindingState = FindingState.OPEN
    found_at: datetime
    told_at: datetime | None = None
    with_finance: bool = False
    closed_at: datetime | None = None
    closed_day: date | None = None
    closed_by: str = ""
    reason: str = ""


class KeptLine(StatementLine):
    """A line with the day of the statement that it stands in."""

    day: date


class KeptLeg(Frozen):
    """A leg with the moments at which the ledger had it approved, paid, come back, and released."""

    row: LegRow
    approved_at: datetime | None = None
    paid_at: datetime | None = None
    returned_at: datetime | None = None
    released_at: datetime | None = None


class SystemLetter(PlainMail):
    """A letter to the staff about a provider's day; no case is its subject."""

    provider: str
    day: date


class Fee(NamedTuple):
    """What a provider kept for moving a leg, by a line of its statement."""

    row: LegRow
    line_id: str
    amount: Money


class Question(NamedTuple):
    """All that a run has to compare: the lines and legs of its day, and those of which something is still open."""

    lines: tuple[KeptLine, ...]
    legs: tuple[KeptLeg, ...]
    read: frozenset[date]


class BookUnit(Protocol):
    """One transaction over what the reconciliation keeps; those about one provider follow upon each other."""

    async def run(self, provider: str, day: date) -> Run | None: ...
    async def put_run(self, run: Run) -> None: ...

    async def replace_lines(self, provider: str, day: date, lines: Sequence[StatementLine]) -> None:
        """The statement of a day as it was read last."""
        ...

    async def question(self, provider: str, day: date, since: datetime) -> Question:
        """Legs whose movement began at `since` or later, or that are named by the day's lines or an open finding."""
        ...

    async def holds_role(self, staff_id: str, role: Role) -> bool:
        """Whether the account of ours is active and holds the role, at this moment."""
        ...

    async def findings(self, provider: str, ids: Sequence[str]) -> tuple[Finding, ...]:
        """Those that are open, and those with these ids."""
        ...

    async def finding(self, finding_id: str) -> Finding | None: ...
    async def put_finding(self, finding: Finding) -> None: ...

    async def moved(self, provider: str, since: datetime, until: datetime) -> bool:
        """Whether anything was sent to the provider between these moments."""
        ...

    async def add_letters(self, letters: Sequence[SystemLetter]) -> None:
        """Those whose message id is there already are left as they are."""
        ...

    async def unsent(self, provider: str, day: date) -> tuple[SystemLetter, ...]: ...
    async def update_letter(self, letter: SystemLetter) -> None: ...
    async def append_audit(self, entries: tuple[AuditEntry, ...]) -> None: ...


class Book(Protocol):
    def begin(self, provider: str = "") -> AbstractAsyncContextManager[BookUnit]: ...

    async def states(self, provider: str, since: date) -> Mapping[date, RunState]:
        """How the days from then on ended."""
        ...

    async def first_day(self, provider: str) -> date | None:
        """The first day that was ever reconciled."""
        ...


class Courier(Protocol):
    async def send(self, mail: PlainMail) -> None:
        """Hand a mail over. Raises MailRefusedError for a final no; after anything else, try again."""
        ...


class Report(Frozen):
    """What the staff is told of a run: its own findings that are open, and how many others of the provider are."""

    run: Run
    findings: tuple[Finding, ...] = ()
    others: int = 0


class ReportLetters(Protocol):
    def report(self, report: Report) -> tuple[Letter, ...]:
        """A letter to finance and one to ops, if there are addresses."""
        ...
