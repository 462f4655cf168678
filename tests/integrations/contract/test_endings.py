"""What was accepted ends: well, badly, or well at first and badly days later (P3.3)."""

from __future__ import annotations

from activities.types import OutcomeKind
from aftersales.contract.values import LegState
from tests.integrations.contract.bench import SandboxBench, state_of
from tests.integrations.contract.benches import only

that_pend = only(lambda bench: bench.pends)
ENDED_BADLY = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)


@that_pend
async def test_what_pends_stays_pending_until_it_succeeds(bench: SandboxBench) -> None:
    await bench.box.script("pending")
    assert (await bench.send(bench.leg())).kind is OutcomeKind.PENDING
    pending = state_of(bench.leg(), LegState.PENDING)
    assert (await bench.payments.query(pending)).kind is OutcomeKind.PENDING
    await bench.finish(bench.leg(), success=True)
    assert (await bench.payments.query(pending)).kind is OutcomeKind.SUCCEEDED
    assert await bench.executions(bench.leg()) == 1


@that_pend
async def test_what_pends_and_fails_has_a_reason(bench: SandboxBench) -> None:
    await bench.box.script("pending")
    await bench.send(bench.leg())
    await bench.finish(bench.leg(), success=False)
    ended = await bench.payments.query(state_of(bench.leg(), LegState.PENDING))
    assert ended.kind in ENDED_BADLY
    assert ended.code
    assert await bench.standing(bench.leg()) == 0


@that_pend
async def test_a_number_that_ended_badly_moves_nothing_when_it_is_sent_again(bench: SandboxBench) -> None:
    await bench.box.script("pending")
    await bench.send(bench.leg())
    await bench.finish(bench.leg(), success=False)
    await bench.send(bench.leg())
    assert await bench.executions(bench.leg()) == 1


async def test_a_success_taken_back_days_later_is_reversed_and_never_rejected(bench: SandboxBench) -> None:
    await bench.succeed(bench.leg())
    await bench.box.advance(5 * 86_400)
    await bench.take_back(bench.leg())
    for state in (LegState.SUCCEEDED, LegState.REVERSED):
        assert (await bench.payments.query(state_of(bench.leg(), state))).kind is OutcomeKind.REVERSED
    assert await bench.standing(bench.leg()) == 0
