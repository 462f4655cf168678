"""A worker that is told to stop finishes what it has begun; while none runs, nothing that was accepted is lost."""

from time import monotonic

import pytest

from aftersales.client import AfterSales
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision
from aftersales.contract.values import DecisionKind, ErrorCode, LegState
from tests.e2e.invariants import assert_invariants
from tests.e2e.provider import SILENT
from tests.e2e.shop import CALLER, Shop, charge_of

PROVIDER_TAKES_S = 3.0
DRAIN_LIMIT_S = 20.0
SOON_S = 12.0
APPROVE = Decision(kind=DecisionKind.APPROVE)


async def test_sigterm_in_mid_payment_lets_the_answer_in_and_nothing_is_asked_twice(shop: Shop) -> None:
    order = await shop.sell()
    await shop.provider.fault("slow", SILENT, charge=charge_of(order), seconds=PROVIDER_TAKES_S, slow_phase="after")
    number = await shop.apply(order)
    await shop.until_leg(number, LegState.SUBMITTING)
    told_at = monotonic()
    assert await shop.stack.worker.stop() == 0
    assert monotonic() - told_at < DRAIN_LIMIT_S
    assert await shop.success_in_history(number)
    await shop.stack.start_worker()
    await shop.all_refunded([number])
    calls = await shop.provider.calls(charge_of(order))
    assert [(call["method"], call["sent"]) for call in calls] == [("POST", "whole")]
    await assert_invariants(shop)


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
