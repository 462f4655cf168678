"""A ledger with payments in it, a provider's statements beside it, and the reconciliation that compares them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities import ledger
from activities.differences import Finding, FindingState, Run
from activities.ports import StatementLine, Statements
from activities.reconciling import DayOrder, DayResult, Plan, PlanOrder, Reconciling
from activities.reporting import Reporting
from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.numbers import number_for
from aftersales.contract.values import LegState, Money, Movement
from storage.reconciliation import ReconciliationBook
from storage.reconciliation_listing import ReconciliationListing
from storage.store import SqlStore
from tests.fakes import FakeClock, FakeCourier, FakeEngine, FakeReportLetters, FakeStatements

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BEIJING = timezone(timedelta(hours=8))
GRACE_DAYS = 3
MINOR = 1000


def usd(minor: int) -> Money:
    return Money(minor=minor, currency="USD")


def leg(name: str, state: LegState = LegState.SUCCEEDED, at: datetime = NOON, **changes: object) -> LegRow:
    """A refund of 10.00 USD through Stripe, sent at that moment; its case's number is made of the name."""
    number = number_for("counting house", name)
    fields: dict[str, object] = {
        "leg": 1,
        "attempt": 1,
        "provider": "stripe",
        "provider_number": f"{number}-1-1",
        "amount": usd(MINOR),
        "state": state,
        "provider_reference": f"re_{name}",
        "movement": Movement.REFUND,
        **changes,
    }
    return LegRow(
        number=number,
        order_id="order-1",
        tender_id="card",
        reference="ch_1",
        leg=Leg.model_validate(fields),
        sent_at=at,
    )


def line(row: LegRow, at: datetime = NOON, **changes: object) -> StatementLine:
    """The leg as the provider's statement has it."""
    fields: dict[str, object] = {
        "provider": row.leg.provider,
        "line_id": f"txn_{row.leg.provider_number}",
        "booked_at": at,
        "amount": row.leg.amount,
        "provider_number": row.leg.provider_number,
        "reference": row.leg.provider_reference,
        "movement": row.leg.movement,
        **changes,
    }
    return StatementLine.model_validate(fields)


def back(row: LegRow, at: datetime = NOON) -> StatementLine:
    """The same money coming back."""
    return line(row, at, line_id=f"back_{row.leg.provider_number}", returned=True)


class CountingHouse:
    """One provider's reconciliation over a real database; the clock stands at noon of the day after `DAY`."""

    def __init__(self, engine: AsyncEngine, record: Statements | None = None, *, grace_days: int = GRACE_DAYS) -> None:
        """`record`: the provider's statements, if they are no fake ones."""
        self.statements = FakeStatements()
        record = record or self.statements
        self.engine = FakeEngine()
        self.courier = FakeCourier()
        self.letters = FakeReportLetters()
        self.clock = FakeClock(NOON + timedelta(days=1))
        self.store = SqlStore(engine)
        self.book = ReconciliationBook(engine)
        self.listing = ReconciliationListing(engine)
        self.provider = record.provider
        reporting = Reporting(self.book, self.letters, self.courier, self.clock, "shop.example")
        self.reconciling = Reconciling(
            {self.provider: record},
            self.book,
            self.store,
            self.engine,
            reporting,
            self.clock,
            grace_days=grace_days,
        )

    async def keep(self, *rows: LegRow, paid_at: datetime | None = None) -> None:
        """Write legs down with the postings that their states come with."""
        async with self.store.begin() as unit:
            for row in rows:
                at = paid_at or row.sent_at or NOON
                await unit.insert_leg(row)
                await unit.post(ledger.approved(row, at))
                if row.leg.state in (LegState.SUCCEEDED, LegState.REVERSED):
                    await unit.post(ledger.paid(row, at))
                if row.leg.state is LegState.REVERSED:
                    await unit.post(ledger.paid_back(row, at))
                if row.leg.state in (LegState.FAILED, LegState.REVERSED):
                    await unit.post(ledger.released(row, at))

    async def record(self, row: LegRow, state: LegState) -> LegRow:
        """What a case does once its provider has answered."""
        changed = row.model_copy(update={"leg": row.leg.model_copy(update={"state": state})})
        async with self.store.begin() as unit:
            await unit.update_leg(changed)
            if state is LegState.SUCCEEDED:
                await unit.post(ledger.paid(changed, self.clock.now()))
            else:
                await unit.post(ledger.paid_back(changed, self.clock.now()))
        return changed

    def state(self, *lines: StatementLine, day: date = DAY) -> None:
        """Lines that the statement of a day has, besides those that it has already."""
        self.statements.days.setdefault(day, []).extend(lines)

    async def reconcile(self, day: date = DAY, *, at_once: bool = False) -> DayResult:
        order = DayOrder(provider=self.provider, day=day, at_once=at_once)
        return await ActivityEnvironment().run(self.reconciling.reconcile_day, order)

    async def through(self, first: date, last: date) -> list[DayResult]:
        """Each day at the noon after it."""
        results = []
        for n in range((last - first).days + 1):
            day = first + timedelta(days=n)
            self.clock.turn(seconds=(datetime.combine(day, NOON.timetz()) - self.clock.now()).total_seconds() + 86400)
            results.append(await self.reconcile(day))
        return results

    async def plan(self, **order: object) -> Plan:
        return await ActivityEnvironment().run(self.reconciling.plan_reconciliation, PlanOrder.model_validate(order))

    async def findings(self, state: FindingState | None = FindingState.OPEN) -> list[Finding]:
        """All that was found so far, or what of it is in a state."""
        found = [each for run in await self.runs() for each in await self.listing.findings_of(run.day)]
        return [each for each in found if state is None or each.state is state]

    async def runs(self) -> tuple[Run, ...]:
        return await self.listing.runs(limit=100)

    async def run_of(self, day: date = DAY) -> Run:
        [run] = await self.listing.runs(day, limit=1)
        return run
