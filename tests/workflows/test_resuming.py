"""A case whose workflow is gone from Temporal goes on in a new one, started from its row as the sweep does (R17)."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.common import WorkflowIDReusePolicy
from temporalio.worker import Worker

from activities.rows import Mail
from activities.rulings import Action
from activities.types import OutcomeKind, Stage
from aftersales import connect
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Decision, PaymentChanged, SurveyAnswer
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, HandPaymentAct, PayoutMethod, Role, WaitsFor
from aftersales.contract.views import CaseView
from cli.servers.dev_server import DevServer
from cli.servers.search_attributes import AttributeTypes
from storage.reading import Reading
from storage.tables import MAILS
from tests.activities.shop import CUSTOMER
from tests.fakes.payments import SUCCESS
from tests.replay.scene import Scene, accepted, open_world, outcome
from tests.replay.scene import World as RealWorld
from tests.support.temporal import PATIENCE_S, time_skipping, until_at_rest
from tests.workflows.conftest import case_start
from tests.workflows.world import World
from workflows.refund_case import RefundCase


@pytest.fixture
async def world(search_attributes: AttributeTypes, tmp_path: Path) -> AsyncIterator[RealWorld]:
    """Real activities on a real database; only the provider, the policy and the mail server are fakes."""
    async with time_skipping(search_attributes) as env, open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        yield world


async def lose(case: Scene) -> None:
    """The workflow is gone, and the sweep starts one from the case's row, which has then taken up where it stood.

    It cannot be deleted from this server, so the new one is allowed to follow upon it.
    """
    env, id_ = case.world.env, workflow_id(case.number)
    await until_at_rest(env.client, id_)
    await env.client.get_workflow_handle(id_).terminate("lost")
    start = await Reading(case.world.engine).start_of(case.number)
    assert start is not None
    await env.client.start_workflow(
        RefundCaseHandle.run,
        start,
        id=id_,
        task_queue=names.QUEUE_CASES,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    await until_at_rest(env.client, id_)


async def under_review(world: RealWorld) -> Scene:
    world.policy.says(Action.REVIEW, "needs_a_person")
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await case.hear(Stage.REVIEW_STARTED)
    return case


async def extend(case: Scene, hours: int, message_id: str) -> None:
    decision = Decision(kind=DecisionKind.EXTEND, handling_hours=hours)
    accepted(
        await case.world.shop.decide(case.number, decision, actor="agent-1", role=Role.AGENT, message_id=message_id)
    )


async def view(case: Scene) -> CaseView:
    handle = case.world.env.client.get_workflow_handle(workflow_id(case.number))
    return await handle.query(RefundCaseHandle.view)


def told(case: Scene) -> list[Stage]:
    """To the agents, in the sequence in which it went out."""
    return [mail.stage for mail in to_agents(case)]


def to_agents(case: Scene) -> list[Mail]:
    sent = case.world.mailer.sent
    return [mail for mail in sent if mail.number == case.number and mail.recipient.startswith("agents")]


async def test_a_decision_is_accepted_after_the_loss_and_pays_once(world: RealWorld) -> None:
    case = await under_review(world)
    await extend(case, 24, "first")
    await case.hear(Stage.HANDLING_TIME)
    due_at = (await view(case)).due_at
    await lose(case)
    await extend(case, 24, "second")
    await case.hear(Stage.HANDLING_TIME, times=2)
    later = (await view(case)).due_at
    assert due_at is not None
    assert later is not None
    assert abs(later - due_at - timedelta(hours=24)) < timedelta(seconds=5)
    await case.decide(DecisionKind.APPROVE)
    await case.hear(Stage.REFUNDED)  # the server's clock is not skipped while the payment is under way
    status, _ = await case.end()
    assert status is CaseStatus.REFUNDED
    assert len(world.provider.calls) == 1
    expected = [Stage.REVIEW_STARTED, Stage.HANDLING_TIME, Stage.HANDLING_TIME, Stage.REFUNDED]
    assert told(case) == [*expected, Stage.SURVEY, Stage.SURVEY_REMINDER]
    assert len({mail.message_id for mail in to_agents(case)}) == len(told(case))


async def test_the_ladder_is_climbed_on_from_the_rung_it_had_reached(world: RealWorld) -> None:
    case = await under_review(world)
    await case.pass_time(hours=21)
    await case.hear(Stage.REVIEW_REMINDER)
    await lose(case)
    await case.pass_time(hours=4)
    await case.hear(Stage.REVIEW_ESCALATED)
    assert told(case) == [
        Stage.REVIEW_STARTED,
        Stage.REVIEW_REMINDER,
        Stage.HANDLING_TIME,
        Stage.REVIEW_ESCALATED,
    ]
    assert (await view(case)).waits_for is WaitsFor.SUPERVISOR
    opened, *_, escalated = to_agents(case)
    assert abs(escalated.created_at - opened.created_at - timedelta(hours=24)) < timedelta(minutes=1)


async def test_the_customers_window_ends_when_it_would_have_ended(world: RealWorld) -> None:
    case = await under_review(world)
    await case.decide(DecisionKind.ASK, explanation="Which seam?")
    await case.hear(Stage.CUSTOMER_ASKED)
    before = (await view(case)).due_at
    await case.pass_time(days=3)
    await lose(case)
    after = (await view(case)).due_at
    assert before is not None
    assert after is not None
    assert abs(after - before) < timedelta(seconds=5)
    assert (await case.end())[0] is CaseStatus.EXPIRED
    assert told(case) == [Stage.REVIEW_STARTED, Stage.CUSTOMER_ASKED, Stage.EXPIRED]


async def test_a_payment_under_way_is_asked_for_and_not_sent_again(world: RealWorld) -> None:
    case = Scene(world, uuid.uuid4().hex)
    case.provider_answers(outcome(OutcomeKind.PENDING))
    await case.apply()
    await case.hear(Stage.PAYMENT_ON_ITS_WAY)
    case.provider_knows(SUCCESS)
    await lose(case)
    await world.shop.payment_changed(case.number, PaymentChanged(provider="stripe"))
    assert (await case.end())[0] is CaseStatus.REFUNDED
    assert len(world.provider.calls) == 1
    assert told(case)[:2] == [Stage.PAYMENT_ON_ITS_WAY, Stage.REFUNDED]
    assert ["approves=True" in mail.body for mail in to_agents(case)[:2]] == [True, False]


async def test_after_the_outcome_the_survey_comes_once_and_on_its_day(world: RealWorld) -> None:
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await case.hear(Stage.REFUNDED)
    await case.pass_time(days=4)
    await case.hear(Stage.SURVEY)
    await lose(case)
    assert (await case.end())[0] is CaseStatus.REFUNDED
    assert told(case) == [Stage.REFUNDED, Stage.SURVEY, Stage.SURVEY_REMINDER]
    refunded, survey = (
        next(m for m in to_agents(case) if m.stage is s) for s in (Stage.REFUNDED, Stage.SURVEY_REMINDER)
    )
    assert abs(survey.created_at - refunded.created_at - timedelta(days=7)) < timedelta(minutes=1)


async def test_a_low_score_that_was_told_before_the_loss_is_not_told_again(world: RealWorld) -> None:
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await case.hear(Stage.REFUNDED)
    accepted(await world.shop.answer_survey(case.number, SurveyAnswer(score=1), actor=CUSTOMER))
    await case.hear(Stage.LOW_SCORE)
    await lose(case)
    case.provider_knows(SUCCESS)
    await case.provider_has_news()
    assert (await case.end())[0] is CaseStatus.REFUNDED
    assert told(case) == [Stage.REFUNDED, Stage.LOW_SCORE]


async def test_money_that_moved_under_both_numbers_is_finances_before_and_after_the_loss(world: RealWorld) -> None:
    refused = outcome(OutcomeKind.REJECTED)
    case = Scene(world, uuid.uuid4().hex)
    case.provider_answers(refused, SUCCESS)
    await case.apply()
    await case.hear(Stage.PAYMENT_FAILED)
    case.provider_knows(refused, SUCCESS, SUCCESS)
    await case.decide(DecisionKind.APPROVE, Role.FINANCE)
    await case.hear(Stage.REFUNDED)
    await case.provider_has_news()
    await case.hear(Stage.PAYMENT_BLOCKED)
    assert (await view(case)).waits_for is WaitsFor.FINANCE
    await lose(case)
    after = await view(case)
    assert (after.status, after.waits_for) == (CaseStatus.REFUNDED, WaitsFor.FINANCE)
    assert "finance" in after.waiting
    await case.end()
    assert told(case) == [
        Stage.PAYMENT_FAILED,
        Stage.REFUNDED,
        Stage.PAYMENT_BLOCKED,
        Stage.SURVEY,
        Stage.SURVEY_REMINDER,
    ]


@pytest.mark.parametrize(("told_before", "times"), [(True, 1), (False, 2)])
async def test_a_payment_by_hand_that_finance_was_not_told_of_is_told_after_the_loss(
    world: RealWorld, told_before: bool, times: int
) -> None:
    closed = outcome(OutcomeKind.REJECTED, "card_closed", elsewhere=True)
    case = Scene(world, uuid.uuid4().hex)
    case.provider_answers(closed)
    case.provider_knows(closed)
    await case.apply()
    await case.hear(Stage.DESTINATION_NEEDED)
    await case.choose(PayoutMethod.WECHAT_PAY, "wxid-of-the-customer")
    await case.hear(Stage.PAY_BY_HAND)
    if not told_before:
        await forget(world, Stage.PAY_BY_HAND)
    await lose(case)
    await case.hear(Stage.PAY_BY_HAND, times)
    await case.paid_by_hand(HandPaymentAct.PAID, "finance-1", reference="4200001234")
    await case.paid_by_hand(HandPaymentAct.CONFIRMED, "finance-2")
    await case.hear(Stage.REFUNDED)
    assert told(case).count(Stage.PAY_BY_HAND) == times


async def forget(world: RealWorld, stage: Stage) -> None:
    """As if the workflow had been lost before it could tell."""
    async with world.engine.begin() as connection:
        await connection.execute(delete(MAILS).where(MAILS.c.stage == stage))


async def test_letters_that_waited_for_the_mail_server_go_out_after_the_loss(world: RealWorld) -> None:
    world.mailer.down.add("agents@shop.example")
    world.policy.says(Action.REVIEW, "needs_a_person")
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    async with asyncio.timeout(PATIENCE_S):
        while not await Reading(world.engine).mails(number=case.number):
            await asyncio.sleep(0.02)
    await lose(case)
    world.mailer.down.clear()
    await case.hear(Stage.REVIEW_STARTED)
    assert told(case) == [Stage.REVIEW_STARTED]


async def test_a_reset_asks_as_the_same_life_and_a_new_start_as_another(dev_server: DevServer) -> None:
    client, world = await connect(address=dev_server.address), World(assessed=CaseStatus.UNDER_REVIEW)
    async with AsyncExitStack() as stack:
        queue = uuid.uuid4().hex
        workers = Worker(client, task_queue=queue, workflows=[RefundCase], activities=world.activities())
        await stack.enter_async_context(workers)
        case = case_start()
        id_ = workflow_id(case.number)
        handle = await client.start_workflow(RefundCaseHandle.run, case, id=id_, task_queue=queue)
        await handle.query(RefundCaseHandle.view)
        await client.workflow_service.reset_workflow_execution(
            ResetWorkflowExecutionRequest(
                namespace=client.namespace,
                workflow_execution=WorkflowExecution(workflow_id=id_),
                reason="an operator's wish",
                workflow_task_finish_event_id=4,
                request_id=uuid.uuid4().hex,
            )
        )
        await heard(world, 2)
        await client.get_workflow_handle(id_).terminate("lost")
        await client.start_workflow(RefundCaseHandle.run, case, id=id_, task_queue=queue)
        await heard(world, 3)
        await client.get_workflow_handle(id_).terminate("over")
    first, reset, anew = world.lives
    assert first == reset != anew
    assert first


async def heard(world: World, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(world.lives) < times:
            await asyncio.sleep(0.02)
