"""R18: a thousand refunds with ten planted differences of each kind: all found, none invented."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ports import StatementLine
from activities.rows import LegRow
from aftersales.contract.values import LegState
from domain.reconciling import Difference
from tests.activities.counting_house import BEIJING, DAY, MINOR, NOON, CountingHouse, back, leg, line, usd

REFUNDS = 1000
PLANTED = 10
IN_SECONDS = 20.0
ONE = timedelta(days=1)


def planted(kind: Difference, n: int) -> tuple[LegRow | None, list[StatementLine]]:
    """A refund about which the two sides differ in that way."""
    name = f"{kind.value}-{n}"
    paid, confirming = leg(name), leg(name, LegState.CONFIRMING)
    if kind is Difference.MISSING_HERE and n % 2:
        return None, [line(paid, provider_number=f"NEVER-ISSUED-{n}")]
    ways: dict[Difference, tuple[LegRow, list[StatementLine]]] = {
        Difference.MISSING_HERE: (confirming, [line(confirming)]),
        Difference.MISSING_THERE: (paid, []),
        Difference.AMOUNT_DIFFERS: (paid, [line(paid, amount=usd(MINOR + 1 + n))]),
        Difference.STATE_DIFFERS: (paid, [line(paid), back(paid)]),
        Difference.PENDING_TOO_LONG: (leg(name, LegState.PENDING, NOON - 20 * ONE), []),
        Difference.DOUBLE: (paid, [line(paid), line(paid, line_id=f"txn_again_{n}")]),
    }
    return ways[kind]


def refunds(seed: random.Random) -> Iterable[tuple[LegRow | None, list[StatementLine]]]:
    for kind in Difference:
        yield from (planted(kind, n) for n in range(PLANTED))
    for n in range(REFUNDS - PLANTED * len(Difference)):
        row = leg(f"sound-{n}", at=NOON + timedelta(minutes=seed.randrange(-720, 720)))
        assert row.sent_at is not None
        yield row, [line(row, row.sent_at + timedelta(seconds=seed.randrange(0, 90)))]


async def test_ten_differences_of_each_kind_among_a_thousand_are_found_and_none_is_invented(
    engine: AsyncEngine,
) -> None:
    seed, house = random.Random(18), CountingHouse(engine)  # noqa: S311 - the same refunds each time
    made = list(refunds(seed))
    await house.keep(*[row for row, _ in made if row])
    lines = [each for _, group in made for each in group]
    seed.shuffle(lines)
    for each in lines:
        house.state(each, day=each.booked_at.astimezone(BEIJING).date())
    began = time.monotonic()
    await house.through(DAY - ONE, DAY + 4 * ONE)
    took_s = time.monotonic() - began
    found = await house.findings(state=None)
    wanted = {
        (kind, row.leg.provider_number if row else group[0].provider_number)
        for kind in Difference
        for row, group in [planted(kind, n) for n in range(PLANTED)]
    }
    assert {(each.kind, each.subject) for each in found} == wanted
    assert len(found) == PLANTED * len(Difference)
    assert took_s < IN_SECONDS
