"""A number that had failed pays after all, or nobody serves a provider, while the new number waits (I1, I4)."""

from __future__ import annotations

import pytest

from activities.types import OutcomeKind as Kind
from activities.types import Stage
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import PaymentChanged, PayoutChoice
from aftersales.contract.values import CaseStatus, DecisionKind, PayoutMethod, WaitsFor
from domain.rails import BY_HAND
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World, outcome

CHOICE = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee="payee-1")
CLOSED = outcome(Kind.REJECTED, "card_closed", elsewhere=True)
STILL_CLOSED = outcome(Kind.REJECTED)
NEWS_OF_THE_FIRST = PaymentChanged(provider="stripe", provider_number="N-1-1")
NEWS_OF_THE_SECOND = PaymentChanged(provider="stripe", provider_number="N-1-2")


async def choose(case: Running) -> None:
    await case.reach(CaseStatus.PAYMENT_FAILED)
    assert (await case.handle.execute_update(RefundCaseHandle.choose_payout, CHOICE)).accepted


async def hint(case: Running, said: PaymentChanged = NEWS_OF_THE_FIRST) -> None:
    await case.handle.signal(RefundCaseHandle.payment_changed, said)


@pytest.mark.parametrize("waiting", [Kind.NEEDS_MERCHANT, Kind.RETRY_SAME])
async def test_a_new_number_that_waits_for_us_is_not_sent_when_the_failed_one_paid_meanwhile(
    begin: Begin, waiting: Kind
) -> None:
    world = World().script(
        submits=[CLOSED, *[outcome(waiting, "why")] * 5], queries=[STILL_CLOSED, outcome(Kind.SUCCEEDED)]
    )
    case = await begin(world)
    await choose(case)
    await case.pass_time(minutes=5)
    sent = world.calls.count("submit N-1-2")
    await hint(case)
    await case.reach(CaseStatus.REFUNDED, within_hours=0.01)
    assert world.calls.count("submit N-1-2") == sent
    assert [leg.attempt for leg in world.standing.legs] == [1]


async def test_a_new_number_that_waits_for_us_goes_on_when_the_hint_was_empty(begin: Begin) -> None:
    world = World().script(
        submits=[CLOSED, outcome(Kind.NEEDS_MERCHANT, "balance")], queries=[STILL_CLOSED, STILL_CLOSED]
    )
    case = await begin(world)
    await choose(case)
    await case.pass_time(minutes=5)
    await hint(case)
    await case.reach(CaseStatus.REFUNDED, within_hours=2)
    assert world.calls[-3:] == ["submit N-1-2", "query N-1-1", "submit N-1-2"]


async def test_a_new_number_that_is_in_doubt_is_followed_to_its_end_first(begin: Begin) -> None:
    """It cannot be kept back any more, so what became of it must be known; then the first one is asked for."""
    world = World().script(
        submits=[CLOSED, outcome(Kind.PENDING)], queries=[STILL_CLOSED, outcome(Kind.SUCCEEDED), outcome(Kind.REJECTED)]
    )
    case = await begin(world)
    await choose(case)
    await case.pass_time(minutes=5)
    await hint(case)
    await case.pass_time(minutes=5)
    assert world.calls[-1] == "submit N-1-2"
    await hint(case, NEWS_OF_THE_SECOND)
    await case.reach(CaseStatus.REFUNDED, within_hours=0.01)
    assert world.calls[-2:] == ["query N-1-2", "query N-1-1"]


async def test_news_of_the_failed_number_is_looked_into_while_people_are_yet_to_pay(begin: Begin) -> None:
    world = World(payout_provider=BY_HAND).script(
        submits=[CLOSED, outcome(Kind.PENDING, "to_be_paid_by_hand")], queries=[STILL_CLOSED, outcome(Kind.SUCCEEDED)]
    )
    case = await begin(world)
    await choose(case)
    await case.hears(Stage.PAY_BY_HAND)
    await hint(case)
    await case.reach(CaseStatus.REFUNDED, within_hours=0.01)
    assert world.calls[-1] == "query N-1-1"


async def test_people_go_on_paying_when_the_hint_was_empty(begin: Begin) -> None:
    world = World(payout_provider=BY_HAND).script(
        submits=[CLOSED, outcome(Kind.PENDING, "to_be_paid_by_hand")],
        queries=[STILL_CLOSED, STILL_CLOSED, outcome(Kind.PENDING, "to_be_paid_by_hand")],
    )
    case = await begin(world)
    await choose(case)
    await case.hears(Stage.PAY_BY_HAND)
    await hint(case)
    await case.pass_time(minutes=1)
    assert world.calls[-2:] == ["query N-1-1", "query N-1-2"]
    assert (await case.view()).waiting == "finance to pay by hand and to record it"
    assert world.stages.count(Stage.PAY_BY_HAND) == 1


# --- a queue that nobody serves ---------------------------------------------------------------------------


async def test_a_provider_that_no_worker_serves_is_told_to_finance_and_operators(begin: Begin) -> None:
    case = await begin(World(payout_provider="bank").script(submits=[CLOSED], queries=[STILL_CLOSED]))
    await choose(case)
    await case.pass_time(minutes=70)
    await case.hears(Stage.PAYMENT_BLOCKED)
    view = await case.view()
    assert (view.status, view.waiting) == (CaseStatus.PAYING, "a worker that serves the payments of bank")
    assert case.world.payments[-1].outcome.code == "not_served"
    await case.pass_time(hours=12)
    assert case.world.stages.count(Stage.PAYMENT_BLOCKED) == 1


# --- asked once -------------------------------------------------------------------------------------------


async def test_a_provider_that_announces_one_failure_by_several_messages_has_the_customer_asked_once(
    begin: Begin,
) -> None:
    """R8."""
    case = await begin(World().script(submits=[CLOSED], queries=[STILL_CLOSED] * 3))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    due_at = (await case.view()).due_at
    for _ in range(3):
        await case.pass_time(days=1)
        await hint(case)
    await case.pass_time(minutes=1)
    assert case.world.calls.count("query N-1-1") == 3
    assert case.world.stages == [Stage.DESTINATION_NEEDED]
    view = await case.view()
    assert (view.due_at, view.waits_for) == (due_at, WaitsFor.CUSTOMER)
    await case.pass_time(days=28)
    await case.hears(Stage.PAYMENT_FAILED)
    await case.decide(DecisionKind.REJECT, explanation="No account was named.")
    await case.reach(CaseStatus.REJECTED)
