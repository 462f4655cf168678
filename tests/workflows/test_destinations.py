"""Money that cannot go back the way it came: the customer is asked, reminded, and money goes where they say (P3.2)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from activities.types import (
    TO_BE_CONFIRMED,
    TO_BE_PAID,
    PaymentOutcome,
    RecordMessage,
    RecordPayment,
    Stage,
    StepName,
    StepResult,
)
from activities.types import OutcomeKind as Kind
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import HandPayment, PaymentChanged, PayoutChoice
from aftersales.contract.values import CaseStatus, DecisionKind, HandPaymentAct, LegState, PayoutMethod, WaitsFor
from domain.rails import BY_HAND
from tests.workflows.conftest import Begin, Running
from tests.workflows.world import World, outcome

CHOICE = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee="payee-1", masked="DE•• •••• 3000")
CLOSED = outcome(Kind.REJECTED, "card_closed", elsewhere=True)


async def choose(case: Running) -> None:
    answer = await case.handle.execute_update(RefundCaseHandle.choose_payout, CHOICE)
    assert answer.accepted


async def test_a_closed_way_asks_the_customer_and_goes_on_with_the_answer(begin: Begin) -> None:
    case = await begin(World().script(submits=[CLOSED], queries=[outcome(Kind.REJECTED)]))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.hears(Stage.DESTINATION_NEEDED)
    view = await case.view()
    assert (view.waits_for, view.waiting) == (
        WaitsFor.CUSTOMER,
        "the customer to name another destination for the money",
    )
    await choose(case)
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "submit N-1-2"]
    await case.hears(Stage.REFUNDED)
    assert case.world.stages[:2] == [Stage.DESTINATION_NEEDED, Stage.REFUNDED]


async def test_the_customer_is_reminded_once_and_then_finance_has_it(begin: Begin) -> None:
    case = await begin(World().script(submits=[CLOSED]))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.pass_time(days=8)
    await case.hears(Stage.DESTINATION_REMINDER)
    await case.pass_time(days=23)
    await case.hears(Stage.PAYMENT_FAILED)
    assert case.world.stages == [Stage.DESTINATION_NEEDED, Stage.DESTINATION_REMINDER, Stage.PAYMENT_FAILED]
    assert (await case.view()).waits_for is WaitsFor.FINANCE
    await case.decide(DecisionKind.REJECT, explanation="No account was named.")
    await case.reach(CaseStatus.REJECTED)


async def to_be_agreed(begin: Begin, *queries: PaymentOutcome) -> Running:
    """The customer has named another destination for an amount that takes two people."""
    case = await begin(World(people=2).script(submits=[CLOSED], queries=queries))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await choose(case)
    await case.hears(Stage.SECOND_APPROVAL)
    return case


async def test_a_large_amount_goes_to_the_new_destination_once_two_have_agreed(begin: Begin) -> None:
    case = await to_be_agreed(begin, outcome(Kind.REJECTED))
    view = await case.view()
    assert (view.waits_for, view.waiting) == (WaitsFor.SUPERVISOR, "two people to agree to where the money goes")
    assert (await case.decide(DecisionKind.APPROVE)).status is CaseStatus.PAYMENT_FAILED
    assert "submit N-1-2" not in case.world.calls
    await case.decide(DecisionKind.APPROVE)
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1", "submit N-1-2"]
    assert case.world.stages.count(Stage.SECOND_APPROVAL) == 2, "once for each of the two"


async def test_those_who_are_to_agree_are_reminded_every_day(begin: Begin) -> None:
    case = await to_be_agreed(begin)
    await case.pass_time(days=3, hours=1)
    assert case.world.stages.count(Stage.SECOND_APPROVAL) == 4
    assert Stage.DESTINATION_REMINDER not in case.world.stages


async def test_a_destination_that_is_not_agreed_to_is_given_up(begin: Begin) -> None:
    case = await to_be_agreed(begin)
    await case.decide(DecisionKind.REJECT, explanation="Not the customer's account.")
    await case.reach(CaseStatus.REJECTED)
    await case.hears(Stage.REJECTED)
    assert case.world.calls == ["intake", "submit N-1-1"]


async def test_news_of_the_old_way_leaves_nothing_to_agree_to(begin: Begin) -> None:
    case = await to_be_agreed(begin, outcome(Kind.SUCCEEDED))
    await case.decide(DecisionKind.APPROVE)
    hint = PaymentChanged(provider="stripe", provider_number="N-1-1")
    await case.handle.signal(RefundCaseHandle.payment_changed, hint)
    await case.reach(CaseStatus.REFUNDED)
    await case.hears(Stage.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]


async def test_the_old_way_that_paid_after_all_ends_the_question(begin: Begin) -> None:
    case = await begin(World().script(submits=[CLOSED]))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    hint = PaymentChanged(provider="stripe", provider_number="N-1-1")
    await case.handle.signal(RefundCaseHandle.payment_changed, hint)
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"]


async def test_the_old_number_is_asked_for_once_more_before_money_goes_elsewhere(begin: Begin) -> None:
    case = await begin(World().script(submits=[CLOSED], queries=[outcome(Kind.SUCCEEDED)]))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await choose(case)
    await case.reach(CaseStatus.REFUNDED)
    assert case.world.calls == ["intake", "submit N-1-1", "query N-1-1"], "nothing was sent to the new destination"


async def test_a_reversal_weeks_later_is_told_once_and_with_the_question(begin: Begin) -> None:
    case = await begin(World().script(queries=[outcome(Kind.REVERSED, "account_closed", elsewhere=True)]))
    await case.reach(CaseStatus.REFUNDED)
    await case.pass_time(days=20)
    await case.handle.signal(RefundCaseHandle.payment_changed, PaymentChanged(provider="stripe"))
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await case.hears(Stage.DESTINATION_NEEDED)
    assert Stage.REVERSED not in case.world.stages
    await choose(case)
    await case.reach(CaseStatus.REFUNDED)


async def test_a_provider_that_asks_for_a_pause_gets_it(begin: Begin) -> None:
    case = await begin(World().script(submits=[outcome(Kind.RETRY_SAME, "too_soon", retry_after_s=60)]))
    await case.pass_time(seconds=50)
    assert case.world.calls == ["intake", "submit N-1-1"]
    await case.reach(CaseStatus.REFUNDED, within_hours=0.1)
    assert case.world.calls == ["intake", "submit N-1-1", "submit N-1-1"]


async def test_a_payment_by_hand_waits_for_two_people_and_wakes_at_their_word(begin: Begin) -> None:
    world = World(payout_provider=BY_HAND).script(
        submits=[CLOSED, outcome(Kind.PENDING, "to_be_paid_by_hand")], queries=[outcome(Kind.REJECTED)]
    )
    case = await begin(world)
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await choose(case)
    await case.hears(Stage.PAY_BY_HAND)
    assert (await case.view()).waiting == "finance to pay by hand and to record it"
    await case.pass_time(hours=20)
    assert case.world.calls[-1] == "submit N-1-2", "nobody polls a person"
    confirmed = HandPayment(provider_number="N-1-2", act=HandPaymentAct.CONFIRMED)
    await case.handle.execute_update(RefundCaseHandle.record_hand_payment, confirmed)
    await case.reach(CaseStatus.REFUNDED, within_hours=0.1)
    assert case.world.calls[-1] == "query N-1-2"


async def test_the_second_person_is_called_once_and_the_first_again_if_the_second_does_not_believe_it(
    begin: Begin,
) -> None:
    to_pay, to_confirm = outcome(Kind.PENDING, TO_BE_PAID), outcome(Kind.PENDING, TO_BE_CONFIRMED)
    world = World(payout_provider=BY_HAND).script(
        submits=[CLOSED, to_pay], queries=[outcome(Kind.REJECTED), to_confirm, to_confirm, to_pay, to_confirm]
    )
    case = await begin(world)
    await case.reach(CaseStatus.PAYMENT_FAILED)
    await choose(case)
    await case.hears(Stage.PAY_BY_HAND)
    for act in (HandPaymentAct.PAID, HandPaymentAct.PAID, HandPaymentAct.REFUSED, HandPaymentAct.PAID):
        said = HandPayment(provider_number="N-1-2", act=act)
        await case.handle.execute_update(RefundCaseHandle.record_hand_payment, said)
        await case.pass_time(minutes=1)
    called = [stage for stage in world.stages if stage in (Stage.PAY_BY_HAND, Stage.CONFIRM_BY_HAND)]
    assert called == [Stage.PAY_BY_HAND, Stage.CONFIRM_BY_HAND] * 2
    assert (await case.view()).waiting == "a second person of finance to confirm what was paid by hand"


@dataclass
class CutOff(World):
    """A task was cut off by a crash after it had recorded that the way is closed; the customer has read that and
    answers before it begins again. Recording it once more then gives what it gave at its own time."""

    recorded: StepResult | None = None

    @activity.defn(name=StepName.RECORD_MESSAGE)
    async def record_message(self, step: RecordMessage) -> StepResult:
        failed = self.standing.legs[0].model_copy(update={"state": LegState.FAILED, "failure_code": CLOSED.code})
        self.standing = self.standing.model_copy(update={"legs": (failed,)})
        then = self._stand(CaseStatus.PAYMENT_FAILED, waits_for=WaitsFor.CUSTOMER)
        self.recorded = then.model_copy(update={"as_of": step.now - timedelta(seconds=10)})
        return (await super().record_message(step)).model_copy(update={"as_of": step.now})

    @activity.defn(name=StepName.RECORD_PAYMENT)
    async def record_payment(self, step: RecordPayment) -> StepResult:
        if step.attempt == 1 and self.recorded:
            return self.recorded
        return await super().record_payment(step)


async def test_a_step_that_is_met_again_does_not_take_the_case_back_behind_what_came_after_it(begin: Begin) -> None:
    submitted, answered = asyncio.Event(), asyncio.Event()

    async def wait_for_the_answer() -> None:
        submitted.set()
        await answered.wait()

    world = CutOff(during_submit=wait_for_the_answer).script(submits=[CLOSED], queries=[outcome(Kind.REJECTED)])
    case = await begin(world)
    await submitted.wait()
    await choose(case)
    answered.set()
    await case.reach(CaseStatus.REFUNDED)
    assert world.calls == ["intake", "submit N-1-1", "query N-1-1", "submit N-1-2"]
