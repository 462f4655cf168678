"""The reconciliation finds what differs from a provider's real protocol, and nothing else (P3.3; reliability, R18)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.rows import LegRow
from aftersales.contract.values import LegState, Money
from domain.reconciling import Difference
from storage import schema
from storage.engine import create_store_engine
from tests.activities.counting_house import CountingHouse
from tests.integrations.contract.bench import SandboxBench, state_of
from tests.integrations.contract.stripe_bench import StripeRefunds
from tests.sandbox.servers import Box

# By every provider's calendar the same day, and so long ago that a day without movement needs no statement any more.
MOMENT = (datetime.now(UTC) - timedelta(days=8)).replace(hour=6, minute=0, second=0, microsecond=0)
DAY = MOMENT.date()
ONE = timedelta(days=1)
GRACE_DAYS = 1
SOUND = 880
PLANTED = 10
AT_ONCE = 8
CHARGE = "ch_large"


@pytest.fixture
async def engine(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    await schema.upgrade(sqlite_url)
    made = create_store_engine(sqlite_url)
    yield made
    await made.dispose()


def house_of(bench: SandboxBench, engine: AsyncEngine) -> CountingHouse:
    """The reconciliation of the bench's provider, its clock at the present."""
    record = bench.block.statements()
    assert record is not None
    house = CountingHouse(engine, record, grace_days=GRACE_DAYS)
    house.clock.turn(seconds=(datetime.now(UTC) - house.clock.now()).total_seconds())
    return house


async def at(bench: SandboxBench, moment: datetime) -> None:
    """Set the sandbox's present."""
    assert (await bench.box.admin.put("/admin/clock", json={"now": moment.isoformat()})).status_code == 200


def recorded(bench: SandboxBench, payment: int, state: LegState = LegState.SUCCEEDED, **changes: object) -> LegRow:
    """The payment's leg as our ledger has it."""
    row = state_of(bench.leg(payment=payment), state)
    return row.model_copy(update={"leg": row.leg.model_copy(update=changes), "sent_at": MOMENT})


async def found_by(house: CountingHouse) -> set[tuple[Difference, str]]:
    """What is open once the days around were compared, by our number."""
    for n in range(-1, GRACE_DAYS + 1):
        await house.reconcile(DAY + n * ONE, at_once=True)
    return {(finding.kind, finding.subject) for finding in await house.findings()}


async def test_each_kind_of_difference_is_found_in_the_providers_own_statement(
    bench: SandboxBench, engine: AsyncEngine
) -> None:
    sound, lost, foreign, unpaid, other, returned = range(1, 7)
    house = house_of(bench, engine)
    await at(bench, MOMENT)
    for payment in (sound, lost, foreign, other, returned):
        if payment != sound:
            await bench.seed(payment)
        await bench.succeed(bench.leg(payment=payment))
    wanted = {
        (Difference.MISSING_HERE, lost),
        (Difference.MISSING_HERE, foreign),
        (Difference.MISSING_THERE, unpaid),
        (Difference.AMOUNT_DIFFERS, other),
    }
    if bench.records_returns and bench.provider != "wechat":  # whose bill leaves out what came back by the next morning
        await bench.take_back(bench.leg(payment=returned))
        wanted.add((Difference.STATE_DIFFERS, returned))
    await at(bench, datetime.now(UTC))
    more = Money(minor=bench.leg().leg.amount.minor + 1, currency=bench.currency)
    await house.keep(
        *(recorded(bench, payment) for payment in (sound, unpaid, returned)),
        recorded(bench, lost, LegState.CONFIRMING),
        recorded(bench, other, amount=more),
    )
    found = await found_by(house)
    assert found == {(kind, bench.leg(payment=payment).leg.provider_number) for kind, payment in wanted}


async def test_a_thousand_refunds_at_stripe_with_planted_differences(box: Box, engine: AsyncEngine) -> None:
    bench = await StripeRefunds.open(box, box.url)
    house = house_of(bench, engine)
    await at(bench, MOMENT)
    await box.seed(CHARGE, 10_000_000, "usd")
    kinds = (*Difference, *[None] * SOUND)
    planned = [(kind, *planted(bench, kind, n)) for n, kind in enumerate(_times(kinds), start=1)]
    line = asyncio.Semaphore(AT_ONCE)
    await asyncio.gather(*(_carried_out(bench, kind, sent, line) for kind, sent, _ in planned))
    await at(bench, datetime.now(UTC))
    await house.keep(*[kept for _, _, kept in planned if kept])
    found = await found_by(house)
    assert found == {(kind, (kept or sent[0]).leg.provider_number) for kind, sent, kept in planned if kind}
    assert sum(run.matched for run in await house.runs()) == SOUND
    await bench.close()


def _times(kinds: tuple[Difference | None, ...]) -> list[Difference | None]:
    return [kind for kind in kinds for _ in range(PLANTED if kind else 1)]


def planted(bench: SandboxBench, kind: Difference | None, n: int) -> tuple[list[LegRow], LegRow | None]:
    """What Stripe is asked to do, and what our ledger has of it."""
    sent, kept = bench.leg(payment=n), recorded(bench, n)
    more = Money(minor=kept.leg.amount.minor + n, currency=bench.currency)
    match kind:
        case Difference.MISSING_HERE:
            return [sent], recorded(bench, n, LegState.CONFIRMING) if n % 2 else None
        case Difference.MISSING_THERE:
            return [], kept
        case Difference.AMOUNT_DIFFERS:
            return [sent], recorded(bench, n, amount=more)
        case Difference.PENDING_TOO_LONG:
            return [], recorded(bench, n, LegState.CONFIRMING)
        case Difference.DOUBLE:
            return [sent, sent.model_copy(update={"key_try": 2})], kept
    return [sent], kept


async def _carried_out(
    bench: SandboxBench, kind: Difference | None, legs: list[LegRow], line: asyncio.Semaphore
) -> None:
    """Refund each by Stripe's own SDK; two keys for one number move money twice."""
    async with line:
        for row in legs:
            number = row.leg.provider_number
            refund = await bench.box.refund(row.leg.amount.minor, number, f"{number}/{row.key_try}", CHARGE)
            if kind is Difference.STATE_DIFFERS:
                await bench.told(f"refunds/{refund.id}/reverse", {})
