"""A provider's own record of a day has each movement under our number, to the minor unit (P3.3; reconciliation)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from activities.ports import StatementLine, StatementNotReadyError, Statements
from tests.integrations.contract.bench import SandboxBench
from tests.integrations.contract.benches import only

# By every provider's calendar the same day, and long enough ago for its bill.
MOMENT = (datetime.now(UTC) - timedelta(days=3)).replace(hour=6, minute=0, second=0, microsecond=0)


@pytest.fixture
def statements(bench: SandboxBench) -> Statements:
    made = bench.block.statements()
    assert made is not None
    return made


async def at(bench: SandboxBench, moment: datetime) -> None:
    """Set the sandbox's present."""
    assert (await bench.box.admin.put("/admin/clock", json={"now": moment.isoformat()})).status_code == 200


async def paid(bench: SandboxBench) -> None:
    """Two legs that were paid at MOMENT, seen from today."""
    await at(bench, MOMENT)
    for payment in (1, 2):
        await bench.seed(payment)
        await bench.succeed(bench.leg(payment=payment))
    await at(bench, datetime.now(UTC))


def of_ours(bench: SandboxBench, lines: tuple[StatementLine, ...]) -> dict[str, list[StatementLine]]:
    """The lines of each of our two numbers."""
    numbers = [bench.leg(payment=payment).leg.provider_number for payment in (1, 2)]
    return {number: [line for line in lines if line.provider_number == number] for number in numbers}


async def test_each_movement_of_the_day_is_one_line_of_its_amount(bench: SandboxBench, statements: Statements) -> None:
    await paid(bench)
    ours = of_ours(bench, await statements.of(MOMENT.date()))
    assert [len(lines) for lines in ours.values()] == [1, 1]
    for [line] in ours.values():
        assert (line.provider, line.amount) == (bench.provider, bench.leg().leg.amount)
        assert (line.movement, line.returned) == (bench.movement, False)
        assert line.booked_at - MOMENT < timedelta(hours=1)
        assert line.line_id


async def test_no_movement_is_in_the_record_of_two_days(bench: SandboxBench, statements: Statements) -> None:
    await paid(bench)
    others = [await asked(statements, MOMENT + timedelta(days=days)) for days in (-1, 1)]
    assert [line for lines in others for line in lines if line.provider_number] == []


@only(lambda bench: bench.records_returns)
async def test_what_came_back_adds_up_to_nothing(bench: SandboxBench, statements: Statements) -> None:
    await at(bench, MOMENT)
    await bench.succeed(bench.leg())
    await bench.take_back(bench.leg())
    await at(bench, datetime.now(UTC))
    lines = of_ours(bench, await statements.of(MOMENT.date()))[bench.leg().leg.provider_number]
    assert sum(-line.amount.minor if line.returned else line.amount.minor for line in lines) == 0


async def test_a_day_to_come_has_no_record(statements: Statements) -> None:
    with pytest.raises(StatementNotReadyError, match=r"ask|again|comes"):
        await statements.of((datetime.now(UTC) + timedelta(days=2)).date())


async def asked(statements: Statements, moment: datetime) -> tuple[StatementLine, ...]:
    """The record of a day; a day without movements may have none at all."""
    try:
        return await statements.of(moment.date())
    except StatementNotReadyError:
        return ()
