"""A number that had failed pays after all, or nobody serves a provider, while the new number waits (I1, I4)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.types import OutcomeKind as Kind
from activities.types import Stage
from aftersales import connect
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import PaymentChanged, PayoutChoice, Withdrawal
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, PayoutMethod, WaitsFor
from cli.servers.dev_server import DevServer
from cli.servers.search_attributes import AttributeTypes
from domain.rails import BY_HAND
from storage.orders import save_orders
from storage.store import SqlStore
from tests.activities.shop import order_record
from tests.fakes.payments import SUCCESS
from tests.replay.scene import PATIENCE_S, Scene, open_world
from tests.replay.scene import World as RealWorld
from tests.support.temporal import time_skipping
from tests.workflows.conftest import Begin, Running, case_start
from tests.workflows.world import World, outcome
from workflows import options
from workflows.refund_case import RefundCase

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


# --- a part that comes back while another one waits --------------------------------------------------------


@pytest.fixture
async def world(search_attributes: AttributeTypes, tmp_path: Path) -> AsyncIterator[RealWorld]:
    async with time_skipping(search_attributes) as env, open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        yield world


async def test_a_reversal_is_written_down_although_another_part_waits_for_the_merchant(world: RealWorld) -> None:
    case = Scene(world, uuid.uuid4().hex)
    order = order_record(case.order_id)
    by_two_cards = tuple(tender.model_copy(update={"provider": "stripe"}) for tender in reversed(order.tenders))
    await save_orders(world.engine, [order.model_copy(update={"tenders": by_two_cards})])
    case.provider_answers(SUCCESS, *[outcome(Kind.NEEDS_MERCHANT, "balance")] * 3)
    case.provider_knows(outcome(Kind.REVERSED, "card_closed"))
    await case.apply(order_known=False)
    await case.hear(Stage.PAYMENT_BLOCKED)
    assert await leg_states(case) == [LegState.SUCCEEDED, LegState.BLOCKED]
    first = PaymentChanged(provider="stripe", provider_number=f"{case.number}-1-1")
    await world.shop.payment_changed(case.number, first)
    async with asyncio.timeout(PATIENCE_S):
        while await leg_states(case) != [LegState.REVERSED, LegState.BLOCKED]:
            await asyncio.sleep(0.02)


async def leg_states(case: Scene) -> list[LegState]:
    async with SqlStore(case.world.engine).begin() as unit:
        return [row.leg.state for row in await unit.legs(case.number)]


# --- a queue that nobody serves ---------------------------------------------------------------------------


@pytest.fixture(name="unserved")
async def case_whose_provider_has_no_worker(
    dev_server: DevServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Running]:
    """On a server in real time: the one that skips time stands still while a call waits for its worker."""
    monkeypatch.setattr(options, "PROVIDER_QUEUE_LIMIT", timedelta(seconds=1))
    client, world, case = await connect(address=dev_server.address), World(), case_start()
    async with AsyncExitStack() as stack:
        for queue in (names.QUEUE_CASES, names.QUEUE_NOTIFICATIONS):
            await stack.enter_async_context(
                Worker(client, task_queue=queue, workflows=[RefundCase], activities=world.activities())
            )
        id_ = workflow_id(case.number)
        handle = await client.start_workflow(RefundCaseHandle.run, case, id=id_, task_queue=names.QUEUE_CASES)
        yield Running(WorkflowEnvironment.from_client(client), handle, world)


async def test_a_provider_that_no_worker_serves_is_told_and_can_be_withdrawn(unserved: Running) -> None:
    await unserved.hears(Stage.PAYMENT_BLOCKED)
    view = await unserved.view()
    assert (view.status, view.waiting) == (CaseStatus.PAYING, "a worker that serves the payments of stripe")
    [noted] = unserved.world.payments
    assert (noted.outcome.kind, noted.outcome.code) == (Kind.NEEDS_MERCHANT, "not_served")
    assert (await unserved.handle.execute_update(RefundCaseHandle.withdraw, Withdrawal())).accepted
    assert (await unserved.result()).status is CaseStatus.WITHDRAWN
    assert unserved.world.calls == ["intake", "closed"]


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
