"""Comparing what our ledger says was paid with what a provider's own statements say (P3.3; design: reliability, R18).

A payment is compared with everything that all statements read so far have of it, so that no calendar and no midnight
makes a difference; only what is missing has to wait until every day on which it could be booked was read. Nothing
here depends on the sequence of the lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from aftersales.contract.values import LegState, Money, Movement

ANSWERED_WITHIN: Final = timedelta(days=1)
"""Whether a call was executed should be known by then, for providers are asked again and again."""

DONE_WITHIN: Final = timedelta(days=14)
"""An accepted payment of which nobody said when it arrives."""

CALENDARS_DIFFER: Final = timedelta(days=1)
"""A provider's day may begin half a day before or after ours."""

_SILENT_ON_RETURNS: Final = frozenset({("alipay", Movement.REFUND), ("wechat", Movement.REFUND)})
_UNANSWERED: Final = frozenset({LegState.SUBMITTING, LegState.CONFIRMING, LegState.BLOCKED})


class Difference(StrEnum):
    """How our ledger and a provider's statements contradict each other about one payment."""

    MISSING_HERE = "missing_here"  # the provider moved money that our ledger does not have
    MISSING_THERE = "missing_there"  # our ledger says paid, the statements of all days around do not
    AMOUNT_DIFFERS = "amount_differs"
    STATE_DIFFERS = "state_differs"  # the money came back there and not here, or here and not there
    PENDING_TOO_LONG = "pending_too_long"
    DOUBLE = "double"  # the provider moved one payment more than once


class Line(Protocol):
    """One movement as a statement has it; the amount is above zero, `returned`: it came back."""

    @property
    def line_id(self) -> str: ...
    @property
    def booked_at(self) -> datetime: ...
    @property
    def amount(self) -> Money: ...
    @property
    def provider_number(self) -> str: ...
    @property
    def reference(self) -> str: ...
    @property
    def returned(self) -> bool: ...


LineT = TypeVar("LineT", bound=Line)


class Ours(NamedTuple):
    """A payment as our ledger has it: our number, the provider's own id of it, since when it was under way and since
    when it is in its present state. `shows_return`: the provider's statements would show that it came back."""

    provider_number: str
    reference: str
    amount: Money
    state: LegState
    began_at: datetime | None
    since: datetime | None
    expected_by: datetime | None = None
    shows_return: bool = True


class Terms(NamedTuple):
    """What is known at the moment of comparing: the days whose statements were read, and for how many days after our
    own record a provider may still book."""

    at: datetime
    grace_days: int
    read: frozenset[date]


class Compared(NamedTuple, Generic[LineT]):
    """One payment, by our number or a lone line's own id, with all that was found of it; `difference` is None if there
    is none, or none yet."""

    subject: str
    difference: Difference | None
    ours: Ours | None
    lines: tuple[LineT, ...]

    @property
    def recorded(self) -> tuple[LineT, ...]:
        """The lines that our ledger has, too."""
        if self.ours is None or self.difference is None:
            return self.lines if self.ours else ()
        paid = [line for line in self.lines if not line.returned][:1]
        back = [line for line in self.lines if line.returned][:1]
        match self.ours.state:
            case LegState.SUCCEEDED:
                return tuple(paid)
            case LegState.REVERSED:
                return tuple(paid + back)
        return ()


def shows_return(provider: str, movement: Movement) -> bool:
    """Whether what comes back has a line of its own.

    The refund bills of WeChat Pay and Alipay have a refund as it stood on the morning after, and never again.
    """
    return (provider, movement) not in _SILENT_ON_RETURNS


def compare(lines: Iterable[LineT], ours: Iterable[Ours], terms: Terms) -> tuple[Compared[LineT], ...]:
    """Every payment that either side has, by its number; a line without one belongs to the only payment of its
    reference (and amount), or else stands alone."""
    payments = {each.provider_number: each for each in ours}
    groups = _grouped(lines, payments)
    return tuple(
        _compared(subject, payments.get(subject), groups.get(subject, ()), terms)
        for subject in sorted({*payments, *groups})
    )


def _grouped(lines: Iterable[LineT], payments: Mapping[str, Ours]) -> Mapping[str, tuple[LineT, ...]]:
    by_reference: dict[str, list[Ours]] = {}
    for each in payments.values():
        by_reference.setdefault(each.reference, []).append(each)
    groups: dict[str, list[LineT]] = {}
    for line in lines:
        groups.setdefault(_subject(line, by_reference), []).append(line)
    return {subject: tuple(sorted(group, key=_place)) for subject, group in groups.items()}


def _place(line: Line) -> tuple[datetime, bool, str, str, int, str]:
    money = line.amount
    return line.booked_at, line.returned, line.line_id, line.reference, money.minor, money.currency


def _subject(line: Line, by_reference: Mapping[str, Sequence[Ours]]) -> str:
    if line.provider_number:
        return line.provider_number
    known = by_reference.get(line.reference, ()) if line.reference else ()
    for candidates in (known, [each for each in known if each.amount == line.amount]):
        if len(candidates) == 1:
            return candidates[0].provider_number
    return line.line_id


def _compared(subject: str, ours: Ours | None, lines: tuple[LineT, ...], terms: Terms) -> Compared[LineT]:
    difference = Difference.MISSING_HERE if ours is None else _difference(ours, lines, terms)
    return Compared(subject, difference, ours, lines)


def _difference(ours: Ours, lines: Sequence[Line], terms: Terms) -> Difference | None:
    if not lines:
        return _without_line(ours, terms)
    standing = sum(-1 if line.returned else 1 for line in lines)
    if standing > 1:
        return Difference.DOUBLE
    if any(line.amount != ours.amount for line in lines):
        return Difference.AMOUNT_DIFFERS
    return _paid_there(ours, lines, terms) if standing == 1 else _returned_there(ours)


def _without_line(ours: Ours, terms: Terms) -> Difference | None:
    if ours.state is LegState.SUCCEEDED:
        return Difference.MISSING_THERE if _was_read_in_vain(ours, terms) else None
    return _pending(ours, terms)


def _paid_there(ours: Ours, lines: Sequence[Line], terms: Terms) -> Difference | None:
    match ours.state:
        case LegState.SUCCEEDED:
            return None
        case LegState.PENDING:
            return _pending(ours, terms)
        case LegState.REVERSED:
            return Difference.STATE_DIFFERS if ours.shows_return and _was_read_in_vain(ours, terms) else None
        case LegState.FAILED if not ours.shows_return and _is_later_word(ours, lines):
            return None
    return Difference.MISSING_HERE


def _returned_there(ours: Ours) -> Difference | None:
    agrees = ours.state in (LegState.REVERSED, LegState.FAILED)
    return None if agrees else Difference.STATE_DIFFERS


def _is_later_word(ours: Ours, lines: Sequence[Line]) -> bool:
    """Whether the provider said no to us after it wrote its statement, which it does not correct."""
    return ours.since is not None and ours.since.date() > max(line.booked_at for line in lines).date()


def _was_read_in_vain(ours: Ours, terms: Terms) -> bool:
    """Whether the statements of all days were read on which the movement could be booked."""
    if ours.began_at is None or ours.since is None:
        return False
    first = (min(ours.began_at, ours.since) - CALENDARS_DIFFER).date()
    last = (ours.since + timedelta(days=terms.grace_days)).date()
    return all(first + timedelta(days=n) in terms.read for n in range((last - first).days + 1))


def _pending(ours: Ours, terms: Terms) -> Difference | None:
    if ours.began_at is None:
        return None
    if ours.state is LegState.PENDING:
        due = (ours.expected_by or ours.began_at + DONE_WITHIN) + timedelta(days=terms.grace_days)
    elif ours.state in _UNANSWERED:
        due = ours.began_at + ANSWERED_WITHIN
    else:
        return None
    return Difference.PENDING_TOO_LONG if terms.at > due else None
