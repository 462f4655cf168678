"""A case whose workflow is gone from Temporal goes on in a new one, started from its row as the sweep does (R17)."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest

from activities.rulings import Action
from activities.types import OutcomeKind, Stage
from aftersales.contract.messages import Decision, PaymentChanged, SurveyAnswer
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    HandPaymentAct,
    PayoutMethod,
    Role,
    WaitsFor,
)
from storage.reading import Reading
from tests.activities.shop import CUSTOMER
from tests.fakes.payments import SUCCESS
from tests.replay.scene import Scene, accepted, outcome
from tests.replay.scene import World as RealWorld
from tests.support.temporal import PATIENCE_S
from tests.workflows.losing import forget, lose, to_agents, told, under_review, view


async def extend(case: Scene, hours: int, message_id: str) -> None:
    decision = Decision(kind=DecisionKind.EXTEND, handling_hours=hours)
    accepted(
        await case.world.shop.decide(case.number, decision, actor="agent-1", role=Role.AGENT, message_id=message_id)
    )


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


@pytest.mark.parametrize(
    ("stage", "told_before", "times"),
    [(Stage.PAY_BY_HAND, True, 1), (Stage.PAY_BY_HAND, False, 2), (Stage.CONFIRM_BY_HAND, False, 2)],
)
async def test_a_payment_by_hand_that_finance_was_not_told_of_is_told_after_the_loss(
    world: RealWorld, stage: Stage, told_before: bool, times: int
) -> None:
    closed = outcome(OutcomeKind.REJECTED, "card_closed", elsewhere=True)
    case = Scene(world, uuid.uuid4().hex)
    case.provider_answers(closed)
    case.provider_knows(closed)
    await case.apply()
    await case.hear(Stage.DESTINATION_NEEDED)
    await case.choose(PayoutMethod.WECHAT_PAY, "wxid-of-the-customer")
    await case.hear(Stage.PAY_BY_HAND)
    if stage is Stage.CONFIRM_BY_HAND:
        await case.paid_by_hand(HandPaymentAct.PAID, "finance-1", reference="4200001234")
        await case.hear(stage)
    if not told_before:
        await forget(world, stage)
    await lose(case)
    await case.hear(stage, times)
    if stage is Stage.PAY_BY_HAND:
        await case.paid_by_hand(HandPaymentAct.PAID, "finance-1", reference="4200001234")
    await case.paid_by_hand(HandPaymentAct.CONFIRMED, "finance-2")
    await case.hear(Stage.REFUNDED)
    assert told(case).count(stage) == times


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
