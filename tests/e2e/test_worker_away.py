"""A worker that is told to stop finishes what it has begun; while none runs, nothing that was accepted is lost."""

import asyncio
import os
import signal
from time import monotonic

import pytest

from aftersales.client import AfterSales
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.values import CaseStatus, DecisionKind, ErrorCode, LegState
from cli.servers.processes import Child
from tests.e2e.invariants import assert_invariants
from tests.e2e.patience import until
from tests.e2e.provider import SILENT
from tests.e2e.shop import CALLER, Shop, charge_of

PROVIDER_TAKES_S = 3.0
DRAIN_LIMIT_S = 20.0
AT_ONCE = 4
AT_ONCE_S = 2.0
ON_PURPOSE_S = 1.0
"""A second signal right after the first is a supervisor's echo, not somebody's impatience."""

SOON_S = 12.0
APPROVE = Decision(kind=DecisionKind.APPROVE)


async def test_sigterm_in_mid_payment_lets_the_answers_in_and_records_them_before_the_worker_goes(shop: Shop) -> None:
    orders = [await shop.sell() for _ in range(AT_ONCE)]
    for order in orders:
        await shop.provider.fault("slow", SILENT, charge=charge_of(order), seconds=PROVIDER_TAKES_S, slow_phase="after")
    numbers = [await shop.apply(order) for order in orders]
    for number in numbers:
        await shop.until_leg(number, LegState.SUBMITTING)
    told_at = monotonic()
    assert await shop.stack.worker.stop() == 0
    assert monotonic() - told_at < DRAIN_LIMIT_S
    records = [await shop.record(number) for number in numbers]  # no worker runs: what is there, the stopped one wrote
    assert {record.case.status for record in records} == {CaseStatus.REFUNDED}
    await shop.stack.start_worker()
    await shop.all_refunded(numbers)
    for order in orders:
        calls = await shop.provider.calls(charge_of(order))
        assert [(call["method"], call["sent"]) for call in calls] == [("POST", "whole")]
    await assert_invariants(shop)


async def test_a_second_sigterm_ends_the_worker_at_once_and_the_next_one_pays_no_second_time(shop: Shop) -> None:
    order = await shop.sell()
    await shop.provider.fault("hold_after_execute", SILENT, charge=charge_of(order))
    number = await shop.apply(order)
    await shop.provider.until_held(charge_of(order))
    worker = shop.stack.worker
    os.kill(worker.pid, signal.SIGTERM)
    await until("the worker drains", lambda: _says(worker, "draining"))
    await asyncio.sleep(ON_PURPOSE_S)
    assert worker.running, "a call is under way"
    told_at = monotonic()
    assert await worker.stop() == 0
    assert monotonic() - told_at < AT_ONCE_S
    await shop.provider.release(charge_of(order), "drop")
    await shop.stack.start_worker()
    await shop.all_refunded([number])
    await assert_invariants(shop)


async def _says(worker: Child, words: str) -> bool:
    return words in worker.log_tail()


async def test_applications_and_decisions_by_signal_are_kept_until_a_worker_runs(shop: Shop) -> None:
    reviewed, order = await shop.under_review(), await shop.sell()
    await shop.stack.worker.kill()
    applied = await shop.apply(order)
    await shop.client.review(reviewed, APPROVE, actor="li")
    await shop.stack.start_worker()
    await shop.all_refunded([applied, reviewed])
    await assert_invariants(shop)


async def test_an_update_says_soon_that_nobody_answers_and_counts_once_when_sent_again(shop: Shop) -> None:
    number = await shop.under_review()
    await shop.stack.worker.kill()
    hasty = await AfterSales.connect(
        caller=CALLER, key=shop.stack.options.home.cli_key(), address=shop.stack.addresses.temporal, answer_limit_s=3
    )
    for call in (hasty.view(number), hasty.decide(number, APPROVE, actor="li", message_id="decision-1")):
        asked_at = monotonic()
        with pytest.raises(AftersalesError) as failed:
            await call
        assert failed.value.code is ErrorCode.NOBODY_ANSWERS
        assert monotonic() - asked_at < SOON_S
    await shop.stack.start_worker()
    answer = await shop.client.decide(number, APPROVE, actor="li", message_id="decision-1")
    assert answer.accepted
    await shop.all_refunded([number])
    assert [heard.accepted for heard in (await shop.record(number)).messages] == [True]
    await assert_invariants(shop)
