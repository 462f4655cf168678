"""The invariants of design/reliability.md over a whole run.

I1 a leg is executed once · I2 no payment gives back more than it took · I3 ledger = provider, to the minor unit · I4
every case is at its end · I5 nothing that was accepted is lost · I6 what was approved is what is paid · I7 the customer
was told nothing untrue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from activities.rows import CaseRow, LegRow
from activities.types import Stage
from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, Money, WaitsFor
from bench.chaos.books import Books, Entry
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, SETTLEMENT_PREFIXES
from domain.money import to_decimal_string
from integrations.mail_folder import SinkMail

_SAYS_PAID: Final = Stage.REFUNDED.value
_SAYS_UNPAID: Final = frozenset({Stage.PAYMENT_FAILED.value, Stage.REVERSED.value, Stage.DESTINATION_NEEDED.value})
_PAID: Final = frozenset({CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED})


UNDER_WAY: Final = frozenset(LegState) - {LegState.SUCCEEDED, LegState.FAILED, LegState.REVERSED}
"""States of a leg of which more is to come."""


class Sides(NamedTuple):
    """Money that went out by one provider in one currency, in minor units, as two sides say it."""

    ledger: int
    executed: int


def breaches(books: Books) -> Iterator[str]:
    """One line for each thing that is not as it must be."""
    yield from _executed_once(books)
    yield from _within_the_captured(books)
    for (provider, currency), sides in sums(books).items():
        if sides.ledger != sides.executed:
            yield f"I3 {provider} {currency}: the ledger says {sides.ledger}, executed were {sides.executed}"
    yield from _lost(books)
    by_case = _legs_by_case(books)
    letters = _letters_by_case(books)
    for number, case in sorted(books.cases.items()):
        yield from _ended(case)
        yield from _paid_as_approved(case, by_case[number], books)
        yield from _told_the_truth(case, letters[number], by_case[number])


def sums(books: Books) -> dict[tuple[str, str], Sides]:
    """By provider and currency."""
    ledger: dict[tuple[str, str], int] = defaultdict(int)
    executed: dict[tuple[str, str], int] = defaultdict(int)
    for entry in books.ledger:
        provider, minor = _settled(entry)
        if provider:
            ledger[provider, entry.currency] += minor
    for moved in books.moved.values():
        executed[moved.provider, moved.currency] += moved.minor
    return {key: Sides(ledger[key], executed[key]) for key in sorted({*ledger, *executed})}


def _settled(entry: Entry) -> tuple[str, int]:
    """By whom a posting pays a customer, and how much; less than nothing if it takes that back."""
    if entry.debit == CUSTOMER_REFUNDS_PAYABLE and entry.credit.startswith(SETTLEMENT_PREFIXES):
        return entry.credit.partition(":")[2], entry.minor
    if entry.credit == CUSTOMER_REFUNDS_PAYABLE and entry.debit.startswith(SETTLEMENT_PREFIXES):
        return entry.debit.partition(":")[2], -entry.minor
    return "", 0


def _executed_once(books: Books) -> Iterator[str]:
    ours = {row.leg.provider_number: row for row in books.legs}
    paid: dict[tuple[str, int], list[str]] = defaultdict(list)
    for number, moved in books.moved.items():
        if moved.executions > 1:
            yield f"I1 leg {number} was executed {moved.executions} times"
        if number not in ours:
            yield f"I1 leg {number} was executed and is not ours"
        elif moved.minor:
            paid[ours[number].number, ours[number].leg.leg].append(number)
    for row in books.legs:
        present = _moved_minor(books, row)
        expected = row.leg.amount.minor if row.leg.state is LegState.SUCCEEDED else 0
        if row.leg.state not in UNDER_WAY and present != expected:
            yield f"I1 leg {row.leg.provider_number} is {row.leg.state.value} and {present} of it moved"
    for first, *others in paid.values():
        if others:
            yield f"I1 leg {first} was paid under {1 + len(others)} numbers"
    if books.without_leg:
        yield f"I1 {books.without_leg} executions carry no leg"


def _moved_minor(books: Books, row: LegRow) -> int:
    moved = books.moved.get(row.leg.provider_number)
    return moved.minor if moved else 0


def _within_the_captured(books: Books) -> Iterator[str]:
    captured = {
        (wish.order.order_id, tender.tender_id): tender.captured_minor
        for wish in books.wishes
        for tender in wish.order.tenders
    }
    given: dict[tuple[str, str], int] = defaultdict(int)
    for row in books.legs:
        given[row.order_id, row.tender_id] += _moved_minor(books, row)
    for tender, minor in given.items():
        if minor > captured.get(tender, 0):
            yield f"I2 {minor} were given back of {'/'.join(tender)}, which took {captured.get(tender, 0)}"


def _ended(case: CaseRow) -> Iterator[str]:
    if case.status not in OUTCOMES:
        yield f"I4 case {case.number} is {case.status.value} and waits for {case.waits_for.value}"
    elif case.waits_for is not WaitsFor.NOBODY:
        yield f"I4 case {case.number} is {case.status.value} and {case.waits_for.value} is alarmed"


def _lost(books: Books) -> Iterator[str]:
    yield from (f"I5 application {number} was accepted and is no case" for number in books.applied - {*books.cases})
    yield from (f"I5 no answer about {why}" for why in books.unanswered)
    for said, times in books.taken.items():
        if books.heard_well.get(said, 0) < times:
            yield f"I5 {' '.join(said)}: {times} were accepted, {books.heard_well.get(said, 0)} are recorded"
    yield from (f"I5 {' '.join(said)} was kept and is not recorded" for said in books.kept if not books.heard.get(said))
    yield from (f"I5 the event {event} was taken and is not stored" for event in books.told - {*books.inbox})
    undealt = [event for event, dealt_with in books.inbox.items() if not dealt_with]
    if undealt:
        yield f"I5 {len(undealt)} stored events are not dealt with, {undealt[0]} among them"


def _paid_as_approved(case: CaseRow, legs: list[LegRow], books: Books) -> Iterator[str]:
    moved = sum(_moved_minor(books, row) for row in legs)
    approved = case.break_down.total.minor if case.break_down else 0
    if case.status is CaseStatus.REFUNDED and moved != approved:
        yield f"I6 case {case.number}: {approved} were approved and {moved} paid"
    elif case.status is CaseStatus.PARTLY_REFUNDED and not 0 < moved < approved:
        yield f"I6 case {case.number}: {approved} were approved and {moved} paid in part"
    elif case.status in OUTCOMES - _PAID and moved:
        yield f"I6 case {case.number} is {case.status.value} and {moved} were paid"


def _told_the_truth(case: CaseRow, letters: list[SinkMail], legs: list[LegRow]) -> Iterator[str]:
    """The last letter about money tells what is, with the amount."""
    about_money = [mail for mail in letters if mail.stage == _SAYS_PAID or mail.stage in _SAYS_UNPAID]
    says_paid = bool(about_money) and about_money[-1].stage == _SAYS_PAID
    if case.status not in _PAID:
        if says_paid:
            yield f"I7 case {case.number} is {case.status.value} and the customer was told of a refund"
        return
    minor = sum(row.leg.amount.minor for row in legs if row.leg.state is LegState.SUCCEEDED)
    if not says_paid:
        last = about_money[-1].stage if about_money else "nothing"
        yield f"I7 case {case.number} is {case.status.value} and the customer was told {last} last"
    elif (
        legs and to_decimal_string(Money(minor=minor, currency=legs[0].leg.amount.currency)) not in about_money[-1].body
    ):
        yield f"I7 case {case.number}: the letter does not name the {minor} that were paid"


def _names(letter: SinkMail, minor: int, currency: str) -> bool:
    return to_decimal_string(Money(minor=minor, currency=currency)) in letter.body


def _legs_by_case(books: Books) -> Mapping[str, list[LegRow]]:
    legs: dict[str, list[LegRow]] = defaultdict(list)
    for row in books.legs:
        legs[row.number].append(row)
    return legs


def _letters_by_case(books: Books) -> Mapping[str, list[SinkMail]]:
    """The customers' ones, each once, as they arrived first."""
    to = {case.start.application.customer_id: number for number, case in books.cases.items()}
    letters: dict[str, dict[str, SinkMail]] = defaultdict(dict)
    for mail in books.letters:
        if mail.recipient.partition("@")[0] in to:
            letters[mail.number].setdefault(mail.message_id, mail)
    return defaultdict(list, {number: list(mails.values()) for number, mails in letters.items()})
