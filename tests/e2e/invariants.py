"""The invariants of design/reliability.md, counted at the provider (the sandbox) and held against our tables.

I1 an approved leg is executed once · I2 no payment gives back more than it took · I3 ledger = provider = cases, to
the minor unit · I4 every case is at its end or waits for somebody named · I5 every accepted application is a case
· I6 what was approved is what is paid · P6.3 the operations log of each case is whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aftersales.contract.values import OUTCOMES, CaseStatus, LegState, WaitsFor
from domain.accounts import clearing
from domain.orders import OrderRecord
from storage.engine import create_store_engine
from storage.reading import CaseRecord, Reading
from tests.e2e.shop import Shop

_EXECUTED: Final = frozenset({LegState.SUCCEEDED, LegState.REVERSED})
_ENDED: Final = _EXECUTED | {LegState.FAILED}
MOST_CASES: Final = 10_000


class Books(NamedTuple):
    """What three parties say. `executed` and `refunded` are the sandbox's tallies by leg and by payment."""

    applied: Sequence[str]
    sold: Sequence[OrderRecord]
    cases: Sequence[CaseRecord]
    executed: Mapping[str, Mapping[str, Any]]
    refunded: Mapping[str, Mapping[str, Any]]
    without_leg: int
    broken_logs: Sequence[str] = ()


async def assert_invariants(shop: Shop) -> None:
    """Over everything that ever happened in this stack."""
    assert list(breaches(await open_books(shop))) == []


async def open_books(shop: Shop) -> Books:
    """Read the sandbox's count and our tables."""
    executions = await shop.provider.executions()
    engine = create_store_engine(shop.stack.database_url)
    try:
        reading = Reading(engine)
        numbers = [case.number for case in await reading.cases(limit=MOST_CASES)]
        cases = [record for number in numbers if (record := await reading.case(number))]
        broken_logs = [number for number in numbers if await reading.verify_chain(number)]
    finally:
        await engine.dispose()
    return Books(
        applied=tuple(shop.applied),
        sold=tuple(shop.sold),
        cases=cases,
        executed=executions["legs"],
        refunded=executions["payments"],
        without_leg=executions["without_leg"],
        broken_logs=broken_logs,
    )


def breaches(books: Books) -> Iterator[str]:
    """One line for each thing that is not as it must be."""
    yield from _executed_once(books)
    yield from _within_the_captured(books)
    for record in books.cases:
        yield from _money_agrees(record, books)
        yield from _ended_or_waiting(record)
    known = {record.case.number for record in books.cases}
    yield from (f"P6.3 the operations log of case {number} does not hold" for number in books.broken_logs)
    yield from (f"I5 application {number} was accepted and is no case" for number in sorted({*books.applied} - known))
    yield from (f"I5 case {number} is one that nobody applied for" for number in sorted(known - {*books.applied}))


def _executed_once(books: Books) -> Iterator[str]:
    ours = {row.leg.provider_number: row.leg for record in books.cases for row in record.legs}
    for number, leg in ours.items():
        times = _executions(books, number)
        if times > 1 or (leg.state in _ENDED and times != (leg.state in _EXECUTED)):
            yield f"I1 leg {number} is {leg.state.value} and was executed {times} times"
    yield from (f"I1 leg {number} was executed and is not ours" for number in books.executed if number not in ours)
    if books.without_leg:
        yield f"I1 {books.without_leg} executions carry no leg"


def _executions(books: Books, number: str) -> int:
    return int(books.executed.get(number, {}).get("executions", 0))


def _within_the_captured(books: Books) -> Iterator[str]:
    captured = {tender.reference: tender.captured_minor for order in books.sold for tender in order.tenders}
    for payment, tally in books.refunded.items():
        if tally["executed_minor"] > captured.get(payment, 0):
            yield f"I2 {tally['executed_minor']} were refunded of {payment}, which took {captured.get(payment, 0)}"


def _money_agrees(record: CaseRecord, books: Books) -> Iterator[str]:
    case, numbers = record.case, [row.leg.provider_number for row in record.legs]
    moved = sum(books.executed[number]["not_reversed_minor"] for number in numbers if number in books.executed)
    posted = sum(_paid_out(posting.debit, posting.credit, posting.amount.minor) for posting in record.ledger)
    if posted != moved:
        yield f"I3 case {case.number}: the ledger says {posted}, the provider {moved}"
    if case.status is CaseStatus.REFUNDED:
        approved = case.break_down.total.minor if case.break_down else 0
        if not moved == approved == (case.amount.minor if case.amount else 0):
            yield f"I6 case {case.number}: {approved} approved, {moved} paid, {case.amount} shown"
    elif case.status not in (CaseStatus.PARTLY_REFUNDED, CaseStatus.PAYING) and moved:
        yield f"I3 case {case.number} is {case.status.value} and the provider moved {moved}"


def _paid_out(debit: str, credit: str, minor: int) -> int:
    """What a posting pays out through the provider; less than nothing if it takes it back."""
    account = clearing("stripe")
    return minor * ((credit == account) - (debit == account))


def _ended_or_waiting(record: CaseRecord) -> Iterator[str]:
    case = record.case
    if case.status not in OUTCOMES and case.waits_for is WaitsFor.NOBODY:
        yield f"I4 case {case.number} is {case.status.value} and waits for nobody"
