"""One run of the reconciliation, in one transaction: keep the statement, compare, keep what was found (P3.3).

A day may be run again and again: lines are replaced, a finding keeps its id, what has gone is resolved, and what
finance explained stays explained unless its amounts change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from activities.differences import (
    BookUnit,
    Fee,
    Finding,
    FindingState,
    KeptLeg,
    KeptLine,
    Run,
    RunState,
    Totals,
)
from activities.ports import StatementLine
from aftersales.contract.values import LegState, Money
from domain.reconciling import Compared, Difference, Ours, Terms, compare, shows_return

LOOK_BACK: Final = timedelta(days=40)
"""For how long a payment is looked for: longer than any provider takes to book, or to take a refund back."""

SYSTEM: Final = "system"
_HEALED_BY_ASKING: Final = frozenset({Difference.MISSING_HERE, Difference.STATE_DIFFERS, Difference.PENDING_TOO_LONG})
_TIME_TO_ASK: Final = timedelta(hours=1)
Payment: TypeAlias = Compared[KeptLine]


class Statement(NamedTuple):
    """A day's statement as it was read; `note` says what is special about it."""

    provider: str
    day: date
    lines: tuple[StatementLine, ...]
    note: str = ""


class Settled(NamedTuple):
    """What a run came to: its own findings and the provider's others that are open, how many it resolved, and the fees
    of the day's lines."""

    run: Run
    findings: tuple[Finding, ...]
    others: int
    resolved: int
    fees: tuple[Fee, ...]


async def settle(unit: BookUnit, statement: Statement, at: datetime, grace_days: int) -> Settled:
    """Compare everything that is open or named by the statement, and write down what came of it."""
    provider, day, lines, note = statement
    await unit.replace_lines(provider, day, lines)
    question = await unit.question(provider, day, at - LOOK_BACK)
    legs = {leg.row.leg.provider_number: leg for leg in question.legs}
    terms = Terms(at, grace_days, question.read | {day})
    payments = compare(question.lines, [_ours(leg) for leg in legs.values()], terms)
    found = [_finding(each, legs.get(each.subject), statement, at) for each in payments if each.difference]
    standing, resolved = await _written(unit, found, statement, at)
    run = Run(
        provider=provider,
        day=day,
        state=RunState.DONE,
        tries=await tries(unit, provider, day),
        tried_at=at,
        sentence=note,
        read_at=at,
        lines=len(lines),
        matched=sum(line.day == day for each in payments if not each.difference for line in each.lines),
        totals=_totals(payments, day, standing),
    )
    await unit.put_run(run)
    own = tuple(each for each in standing if each.day == day)
    return Settled(run, own, len(standing) - len(own), resolved, _fees(payments, day, legs))


async def tries(unit: BookUnit, provider: str, day: date) -> int:
    """How often the day was tried, this time included."""
    before = await unit.run(provider, day)
    return 1 + (before.tries if before else 0)


def _ours(leg: KeptLeg) -> Ours:
    row = leg.row
    moments = [moment for moment in (row.sent_at, leg.approved_at) if moment]
    since = {
        LegState.SUCCEEDED: leg.paid_at,
        LegState.REVERSED: leg.returned_at or leg.released_at,
        LegState.FAILED: leg.released_at,
    }
    return Ours(
        provider_number=row.leg.provider_number,
        reference=row.leg.provider_reference,
        amount=row.leg.amount,
        state=row.leg.state,
        began_at=max(moments) if moments else None,
        since=since.get(row.leg.state),
        expected_by=row.leg.expected_by,
        shows_return=shows_return(row.leg.provider, row.leg.movement),
    )


def _finding(payment: Payment, leg: KeptLeg | None, statement: Statement, at: datetime) -> Finding:
    kind, lines = payment.difference, payment.lines
    assert kind is not None, "only a difference is a finding"
    digest = hashlib.sha256(f"{statement.provider}\n{kind}\n{payment.subject}".encode())
    return Finding(
        finding_id=digest.hexdigest()[:14],
        provider=statement.provider,
        day=statement.day,
        kind=kind,
        subject=payment.subject,
        number=leg.row.number if leg else "",
        reference=(lines[0].reference if lines else "") or (leg.row.leg.provider_reference if leg else ""),
        ours=payment.ours.amount if payment.ours else None,
        theirs=_net(lines),
        our_state=payment.ours.state.value if payment.ours else "",
        moved_at=lines[0].booked_at if lines else payment.ours and (payment.ours.since or payment.ours.began_at),
        found_at=at,
        with_finance=leg is None or kind not in _HEALED_BY_ASKING,
    )


def _net(lines: Sequence[KeptLine]) -> Money | None:
    """What moved there in all, of the first line's currency."""
    if not lines:
        return None
    currency = lines[0].amount.currency
    return Money(minor=sum(_signed(line) for line in lines if line.amount.currency == currency), currency=currency)


def _signed(line: KeptLine) -> int:
    return -line.amount.minor if line.returned else line.amount.minor


async def _written(
    unit: BookUnit, found: Sequence[Finding], statement: Statement, at: datetime
) -> tuple[list[Finding], int]:
    """The provider's findings that are open from now on, and how many have gone."""
    known = {each.finding_id: each for each in await unit.findings(statement.provider, [f.finding_id for f in found])}
    merged = [_merged(known.get(each.finding_id), each, at) for each in found]
    gone = [
        each.model_copy(
            update={
                "state": FindingState.RESOLVED,
                "closed_at": at,
                "closed_day": statement.day,
                "closed_by": SYSTEM,
                "reason": "both sides agree",
            }
        )
        for each in known.values()
        if each.state is FindingState.OPEN and each.finding_id not in {f.finding_id for f in found}
    ]
    for each in (*merged, *gone):
        if each != known.get(each.finding_id):
            await unit.put_finding(each)
    return [each for each in merged if each.state is FindingState.OPEN], len(gone)


def _merged(known: Finding | None, found: Finding, at: datetime) -> Finding:
    """The finding as it stands now: what was open goes on, what was closed stays so while nothing about it is new."""
    if known is None:
        return found
    if known.state is FindingState.OPEN:
        in_vain = known.told_at is not None and at - known.told_at > _TIME_TO_ASK
        kept = {"day": known.day, "found_at": known.found_at, "told_at": known.told_at}
        return found.model_copy(update={**kept, "with_finance": known.with_finance or found.with_finance or in_vain})
    said = known.state is FindingState.EXPLAINED and (known.ours, known.theirs) == (found.ours, found.theirs)
    return known if said else found


def _totals(payments: Iterable[Payment], day: date, standing: Iterable[Finding]) -> tuple[Totals, ...]:
    theirs: dict[str, int] = {}
    ours: dict[str, int] = {}
    for payment in payments:
        for line in payment.lines:
            if line.day == day:
                _add(theirs, line.amount.currency, _signed(line))
        for line in payment.recorded:
            if line.day == day and payment.ours:
                minor = payment.ours.amount.minor
                _add(ours, payment.ours.amount.currency, -minor if line.returned else minor)
    for finding in standing:
        if finding.kind is Difference.MISSING_THERE and finding.day == day and finding.ours:
            _add(ours, finding.ours.currency, finding.ours.minor)
    return tuple(
        Totals(currency=each, theirs_minor=theirs.get(each, 0), ours_minor=ours.get(each, 0))
        for each in sorted({*theirs, *ours})
    )


def _add(sums: dict[str, int], currency: str, minor: int) -> None:
    sums[currency] = sums.get(currency, 0) + minor


def _fees(payments: Iterable[Payment], day: date, legs: Mapping[str, KeptLeg]) -> tuple[Fee, ...]:
    return tuple(
        Fee(legs[payment.subject].row, line.line_id, line.fee)
        for payment in payments
        if payment.subject in legs
        for line in payment.lines
        if line.day == day and line.fee
    )
