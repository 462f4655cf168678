"""An answer that is lost, spoilt or late tells nothing; looking first, money moves once (R4, R5, R7)."""

from __future__ import annotations

import asyncio
import socket

import pytest

from activities.types import OutcomeKind
from tests.integrations.contract.bench import DONE, HASTY_S, SandboxBench

BROKEN = ["drop_request", "execute_then_drop", "truncate", "unreadable", "execute_then_500", "error_500"]
LOOKS_SPOILT = ["drop_request", "truncate", "unreadable", "429", "error_500"]


@pytest.mark.parametrize("fault", BROKEN)
async def test_a_lost_or_spoilt_answer_is_unknown_and_the_look_tells_what_happened(
    bench: SandboxBench, fault: str
) -> None:
    await bench.box.script(fault)
    assert (await bench.send(bench.leg())).kind is OutcomeKind.UNKNOWN
    executed = await bench.executions(bench.leg())
    found = await bench.payments.query(bench.leg())
    assert found.kind in (DONE if executed else (OutcomeKind.NOT_FOUND,))


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("fault", BROKEN)
async def test_looking_first_money_moves_once_however_often_the_answer_is_lost(
    bench: SandboxBench, fault: str, times: int
) -> None:
    await bench.box.script(fault, times=times)
    assert (await bench.settled(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


@pytest.mark.parametrize("phase", ["before", "after"])
async def test_an_answer_later_than_we_wait_is_unknown_and_found_later(bench: SandboxBench, phase: str) -> None:
    await bench.hurry()
    await bench.box.script(f"hold_{phase}_execute")
    assert (await bench.send(bench.leg())).kind is OutcomeKind.UNKNOWN
    await bench.box.let_go()
    await bench.executed(bench.leg(), 1)
    assert (await bench.looked(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


async def test_sending_again_while_the_first_order_is_still_at_work_moves_money_once(bench: SandboxBench) -> None:
    await bench.hurry()
    await bench.box.script("slow", seconds=HASTY_S + 0.3)
    assert (await bench.settled(bench.leg())).kind in DONE
    await asyncio.sleep(0.5)
    assert await bench.executions(bench.leg()) == 1


async def test_the_rate_limit_moves_nothing_and_the_next_try_moves_it_once(bench: SandboxBench) -> None:
    await bench.box.script("429")
    assert (await bench.send(bench.leg())).kind in (OutcomeKind.RETRY_SAME, OutcomeKind.UNKNOWN)
    assert await bench.executions(bench.leg()) == 0
    assert (await bench.settled(bench.leg())).kind in DONE
    assert await bench.executions(bench.leg()) == 1


async def test_a_refused_connection_was_certainly_not_executed(bench: SandboxBench) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused
        lonely = await bench.open(bench.box, f"http://127.0.0.1:{taken.getsockname()[1]}")
        assert (await lonely.send(bench.leg())).kind is OutcomeKind.RETRY_SAME
        assert (await lonely.payments.query(bench.leg())).kind is OutcomeKind.UNKNOWN
        await lonely.close()


@pytest.mark.parametrize("fault", LOOKS_SPOILT)
@pytest.mark.parametrize("sent", [True, False], ids=["sent", "never sent"])
async def test_a_look_that_fails_says_nothing_about_the_leg(bench: SandboxBench, fault: str, sent: bool) -> None:
    if sent:
        await bench.send(bench.leg())
    await bench.box.script(fault, method="GET")
    assert (await bench.payments.query(bench.leg())).kind is OutcomeKind.UNKNOWN


async def test_an_empty_balance_is_the_merchants_and_moves_nothing(bench: SandboxBench) -> None:
    await bench.fund(0)
    outcome = await bench.send(bench.leg())
    assert outcome.kind is OutcomeKind.NEEDS_MERCHANT
    assert outcome.code
    assert await bench.executions(bench.leg()) == 0
    await bench.fund(None)
    again = bench.leg().model_copy(update={"key_try": 1 + outcome.key_spent})
    assert (await bench.settled(again)).kind in DONE
    assert await bench.executions(bench.leg()) == 1


async def test_a_key_that_is_not_ours_is_the_merchants_and_moves_nothing(bench: SandboxBench) -> None:
    genuine = bench.block
    await bench.close()
    bench.use(genuine.model_copy(update=bench.not_ours()))
    outcome = await bench.send(bench.leg())
    assert outcome.kind is OutcomeKind.NEEDS_MERCHANT
    assert not outcome.key_spent
    assert (await bench.payments.query(bench.leg())).kind in (OutcomeKind.NEEDS_MERCHANT, OutcomeKind.UNKNOWN)
    assert await bench.executions(bench.leg()) == 0
    await bench.close()
    bench.use(genuine)
    assert (await bench.settled(bench.leg())).kind in DONE


@pytest.mark.parametrize("seed", range(3))
async def test_money_moves_once_for_each_leg_whatever_goes_wrong(bench: SandboxBench, seed: int) -> None:
    faults = {"kinds": [*BROKEN, "429"], "method": "*", "rate": 0.4, "seed": seed}
    assert (await bench.box.admin.put("/admin/faults/random", json=faults)).status_code == 200
    legs = [bench.leg(payment=payment) for payment in range(1, 13)]
    for payment in range(2, 13):
        await bench.seed(payment)
    ended = await asyncio.gather(*[bench.settled(leg) for leg in legs])
    assert {outcome.kind for outcome in ended} <= set(DONE)
    assert [await bench.executions(leg) for leg in legs] == [1] * len(legs)
