"""Money that cannot go back the way it came goes where the customer says, once (P3.2; design: payments)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.case_steps import CaseSteps
from activities.payments import PaymentCalls
from activities.ports import Payee
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.messages import Answer, Decision, HandPayment, PayoutChoice
from aftersales.contract.numbers import new_number
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    ErrorCode,
    HandPaymentAct,
    LegState,
    Movement,
    PayoutMethod,
    Role,
    WaitsFor,
)
from domain.rails import BY_HAND, OWN_RAILS, Rail, Ways, ways_of
from storage.hand_payments import HandPayments, unfinished
from storage.orders import save_orders
from storage.payees import PayeeStore, Taking
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, KEYRING, NOW, application, cny, items, order_record
from tests.fakes import BANK_ACCOUNT, FakeClock, FakePayees, FakePayments, FakePolicy
from tests.fakes.policy import NO_LIMITS
from tests.support.keys import vault

MASKED = "DE•• •••• 3000"
TO_THE_BANK = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee=BANK_ACCOUNT.token, masked=MASKED)
STRIPE = Rail(provider="stripe", spacing_s=60, most_parts=2, refund_within_days=100)
BANK = Rail(provider="bank", refunds=False, pays_out=frozenset({PayoutMethod.BANK_TRANSFER}))
WAYS = ways_of({**OWN_RAILS, "stripe": STRIPE, "bank": BANK})


@pytest.fixture(name="ways")
def all_ways() -> Ways:
    return WAYS


@pytest.fixture(name="desk")
async def desk_with_ways(engine: AsyncEngine, store: SqlStore, policy: FakePolicy, ways: Ways) -> Desk:
    await save_orders(engine, [order_record()])
    return Desk(CaseSteps(store, policy, KEYRING, ways), store, engine)


@pytest.fixture(name="stranded")
async def case_whose_card_is_closed(desk: Desk) -> Desk:
    """The gift card has its part back; the bank card's account is closed."""
    await desk.apply(application())
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, code="card_closed", elsewhere=True)
    return desk


async def keep(desk: Desk, payee: Payee = BANK_ACCOUNT, number: str = "") -> None:
    """The portal's part: the details are taken in before the case hears of them."""
    store = PayeeStore(desk.engine, vault())
    await store.keep(payee, Taking(number=number or desk.number, customer_id=CUSTOMER, masked=MASKED, by="c", at=NOW))


async def test_a_closed_way_asks_the_customer_and_keeps_what_was_paid(stranded: Desk) -> None:
    case = await stranded.case()
    assert (case.status, case.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.CUSTOMER)
    assert case.due_at == NOW + timedelta(days=30)
    assert await stranded.leg_states() == [LegState.SUCCEEDED, LegState.FAILED]


async def test_the_chosen_destination_gets_the_part_that_failed_under_a_new_number(stranded: Desk) -> None:
    await keep(stranded)
    failed = (await stranded.legs())[1]
    answer = await stranded.say(TO_THE_BANK)
    assert (answer.accepted, answer.status) == (True, CaseStatus.PAYING)
    paid, given_up, new = await stranded.legs()
    assert (paid.leg.attempt, given_up.leg.state) == (1, LegState.FAILED)
    assert (new.leg.leg, new.leg.attempt, new.leg.amount) == (2, 2, failed.leg.amount)
    assert (new.leg.provider, new.leg.movement, new.payee) == ("bank", Movement.PAYOUT, BANK_ACCOUNT.token)
    assert (new.leg.destination, new.leg.elsewhere) == (MASKED, False)
    assert new.leg.provider_number != given_up.leg.provider_number
    done = await stranded.pay(OutcomeKind.SUCCEEDED, leg=2, attempt=2)
    assert done.status is CaseStatus.REFUNDED
    assert done.legs[1].expected_by == NOW + timedelta(days=2)


async def test_no_account_number_is_in_the_log_or_in_what_was_heard(stranded: Desk) -> None:
    await keep(stranded)
    await stranded.say(TO_THE_BANK)
    written = f"{await stranded.audit()} {await stranded.heard()} {await stranded.legs()}"
    assert BANK_ACCOUNT.account not in written
    assert MASKED in written


@pytest.mark.parametrize("whose", ["nobody's", "another case's", "another method's"])
async def test_a_destination_that_is_not_this_cases_is_refused(stranded: Desk, whose: str) -> None:
    choice = TO_THE_BANK
    if whose == "another case's":
        await keep(stranded, number=new_number())
    if whose == "another method's":
        await keep(stranded)
        choice = choice.model_copy(update={"method": PayoutMethod.ALIPAY})
    answer = await stranded.say(choice)
    assert (answer.accepted, answer.code) == (False, ErrorCode.PAYEE_UNKNOWN)
    assert len(await stranded.legs()) == 2


async def test_a_payment_in_dispute_never_goes_elsewhere(desk: Desk) -> None:
    """It would be paid twice: by the bank that takes the payment back, and by us."""
    await desk.apply(application())
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, code="charge_disputed")
    await keep(desk)
    answer = await desk.say(TO_THE_BANK)
    assert (answer.accepted, answer.code) == (False, ErrorCode.PAYOUT_NOT_POSSIBLE)
    assert (await desk.case()).waits_for is WaitsFor.FINANCE


async def test_a_second_choice_is_too_late_while_the_first_is_being_paid(stranded: Desk) -> None:
    await keep(stranded)
    await stranded.say(TO_THE_BANK)
    answer = await stranded.say(TO_THE_BANK.model_copy(update={"masked": "another"}))
    assert (answer.accepted, answer.code) == (False, ErrorCode.TOO_LATE)


class TestLargeAmounts:
    """Two people agree to the amount and to that destination before money moves (P6.2; ASVS 15.4.2)."""

    @pytest.fixture(name="large")
    async def large_refund_whose_card_is_closed(self, stranded: Desk, policy: FakePolicy) -> Desk:
        policy.limits = NO_LIMITS.model_copy(update={"four_eyes": 1})
        await keep(stranded)
        return stranded

    async def approve(self, desk: Desk, actor: str) -> Answer:
        return await desk.say(Decision(kind=DecisionKind.APPROVE), actor=actor, role=Role.SUPERVISOR)

    async def test_a_new_destination_moves_no_money_and_waits_for_people(self, large: Desk) -> None:
        answer = await large.say(TO_THE_BANK)
        case = await large.case()
        assert (answer.accepted, answer.status) == (True, CaseStatus.PAYMENT_FAILED)
        assert (case.waits_for, case.assignee) == (WaitsFor.SUPERVISOR, "supervisors")
        assert (case.reason_code, case.due_at) == ("destination_changed", NOW + timedelta(days=1))
        assert len(await large.legs()) == 2

    async def test_two_people_later_it_goes_to_the_destination_they_saw(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        assert (await self.approve(large, "boss-1")).status is CaseStatus.PAYMENT_FAILED
        assert len(await large.legs()) == 2
        assert (await self.approve(large, "boss-2")).status is CaseStatus.PAYING
        new = (await large.legs())[-1]
        assert (new.leg.provider, new.payee, new.leg.destination) == ("bank", BANK_ACCOUNT.token, MASKED)
        assert (await large.case()).payout is None
        assert (await large.pay(OutcomeKind.SUCCEEDED, leg=2, attempt=2)).status is CaseStatus.REFUNDED

    async def test_approvals_of_the_old_way_count_nothing_for_the_new_one(self, large: Desk) -> None:
        await self.approve(large, "boss-1")
        await large.say(TO_THE_BANK)
        assert "approvals_voided" in await large.actions()
        assert (await self.approve(large, "boss-2")).status is CaseStatus.PAYMENT_FAILED, "the first for this one"

    async def test_another_choice_voids_the_approval_of_the_one_before(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        await self.approve(large, "boss-1")
        await large.say(PayoutChoice(method=PayoutMethod.STORE_CREDIT))
        assert (await self.approve(large, "boss-2")).status is CaseStatus.PAYMENT_FAILED
        assert (await self.approve(large, "boss-1")).status is CaseStatus.PAYING
        assert (await large.legs())[-1].leg.provider == "store_credit"

    async def test_the_same_choice_again_leaves_the_approval_as_it_is(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        await self.approve(large, "boss-1")
        await large.say(TO_THE_BANK)
        assert (await self.approve(large, "boss-2")).status is CaseStatus.PAYING

    async def test_who_named_the_destination_for_the_customer_does_not_approve_it(self, large: Desk) -> None:
        await large.say(TO_THE_BANK, actor="boss-1", role=Role.SUPERVISOR)
        assert (await self.approve(large, "boss-1")).code is ErrorCode.SAME_PERSON

    async def test_not_agreed_to_it_is_given_up_and_what_was_paid_stays_paid(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        await large.decide(DecisionKind.REJECT, role=Role.SUPERVISOR, explanation="Not your account.")
        case = await large.case()
        assert (case.status, case.payout) == (CaseStatus.PARTLY_REFUNDED, None)
        assert (await large.say(TO_THE_BANK)).code is ErrorCode.TOO_LATE

    async def test_the_old_way_that_paid_after_all_leaves_nothing_to_agree_to(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        await self.approve(large, "boss-1")
        assert (await large.pay(OutcomeKind.SUCCEEDED, leg=2)).status is CaseStatus.REFUNDED
        assert (await self.approve(large, "boss-2")).code is ErrorCode.TOO_LATE
        assert len(await large.legs()) == 2

    async def test_a_destination_that_was_erased_meanwhile_cannot_be_agreed_to(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        await PayeeStore(large.engine, vault()).erase(CUSTOMER, NOW)
        assert (await self.approve(large, "boss-1")).code is ErrorCode.PAYEE_UNKNOWN

    async def test_without_a_word_the_question_is_not_taken_back(self, large: Desk) -> None:
        await large.say(TO_THE_BANK)
        assert (await large.elapse("no_destination")).waits_for is WaitsFor.SUPERVISOR


async def test_store_credit_needs_no_details(stranded: Desk) -> None:
    await stranded.say(PayoutChoice(method=PayoutMethod.STORE_CREDIT))
    new = (await stranded.legs())[-1]
    assert (new.leg.provider, new.payee) == ("store_credit", f"customer:{CUSTOMER}")


async def test_money_that_came_back_days_later_goes_to_the_destination_named_then(desk: Desk) -> None:
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.SUCCEEDED)
    desk.later(days=20)
    standing = await desk.pay(OutcomeKind.REVERSED, code="account_closed", elsewhere=True)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.CUSTOMER)
    await keep(desk)
    await desk.say(TO_THE_BANK)
    assert (await desk.pay(OutcomeKind.SUCCEEDED, attempt=2)).status is CaseStatus.REFUNDED
    assert await desk.balances() == {"sales_returns": 500, "clearing:bank": -500}
    assert await desk.money_taken() == 500


async def test_without_a_destination_in_time_finance_takes_it_over(stranded: Desk) -> None:
    standing = await stranded.elapse("no_destination")
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE)
    assert (await stranded.decide(DecisionKind.APPROVE, role=Role.FINANCE)).accepted


@pytest.mark.parametrize(("set_up", "payer"), [(WAYS, "bank"), (ways_of(OWN_RAILS), BY_HAND)])
async def test_finances_second_try_goes_by_hand_where_its_provider_is_no_longer_set_up(
    stranded: Desk, policy: FakePolicy, set_up: Ways, payer: str
) -> None:
    """Nobody would serve its queue."""
    await keep(stranded)
    await stranded.say(TO_THE_BANK)
    await stranded.pay(OutcomeKind.REJECTED, leg=2, attempt=2)
    stranded.steps = CaseSteps(stranded.store, policy, KEYRING, set_up)
    assert (await stranded.decide(DecisionKind.APPROVE, role=Role.FINANCE)).accepted
    again = (await stranded.legs())[-1]
    assert (again.leg.attempt, again.leg.provider, again.payee) == (3, payer, BANK_ACCOUNT.token)


async def test_a_destination_named_in_the_last_moment_is_not_taken_away_again(stranded: Desk) -> None:
    await keep(stranded)
    await stranded.say(TO_THE_BANK)
    assert (await stranded.elapse("no_destination")).status is CaseStatus.PAYING


async def test_what_no_provider_can_do_two_finance_people_pay_by_hand(stranded: Desk) -> None:
    wallet = BANK_ACCOUNT.model_copy(update={"method": PayoutMethod.WECHAT_PAY, "account": "wxid-1"})
    await keep(stranded, wallet)
    await stranded.say(TO_THE_BANK.model_copy(update={"method": PayoutMethod.WECHAT_PAY}))
    row = (await stranded.legs())[-1]
    assert (row.leg.provider, row.leg.movement) == (BY_HAND, Movement.PAYOUT)
    outcome = await HandPayments(stranded.engine, FakeClock(NOW)).pay_out(row, wallet)
    standing = await stranded.pay(outcome.kind, leg=2, attempt=2)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYING, WaitsFor.FINANCE)

    number = row.leg.provider_number
    paid = HandPayment(provider_number=number, act=HandPaymentAct.PAID, reference="4200001234")
    assert (await stranded.say(paid, actor="finance-1", role=Role.FINANCE)).accepted
    confirmed = HandPayment(provider_number=number, act=HandPaymentAct.CONFIRMED)
    alone = await stranded.say(confirmed, actor="finance-1", role=Role.FINANCE)
    assert (alone.accepted, alone.code) == (False, ErrorCode.SAME_PERSON)
    assert (await stranded.say(confirmed, actor="finance-2", role=Role.FINANCE)).accepted
    found = await HandPayments(stranded.engine, FakeClock(NOW)).query(row)
    assert (found.kind, found.provider_reference) == (OutcomeKind.SUCCEEDED, "4200001234")


async def test_what_cannot_be_paid_by_hand_either_is_asked_for_again(stranded: Desk) -> None:
    wallet = BANK_ACCOUNT.model_copy(update={"method": PayoutMethod.WECHAT_PAY, "account": "wxid-1"})
    await keep(stranded, wallet)
    await stranded.say(TO_THE_BANK.model_copy(update={"method": PayoutMethod.WECHAT_PAY}))
    row = (await stranded.legs())[-1]
    till = HandPayments(stranded.engine, FakeClock(NOW))
    await stranded.pay((await till.pay_out(row, wallet)).kind, leg=2, attempt=2)
    given_up = HandPayment(provider_number=row.leg.provider_number, act=HandPaymentAct.IMPOSSIBLE)
    unsaid = await stranded.say(given_up, actor="finance-1", role=Role.FINANCE)
    assert (unsaid.accepted, unsaid.code) == (False, ErrorCode.DECISION_INCOMPLETE)
    why = given_up.model_copy(update={"explanation": "There is no such account."})
    assert (await stranded.say(why, actor="finance-1", role=Role.FINANCE)).accepted
    found = await till.query(row)
    assert (found.kind, found.elsewhere) == (OutcomeKind.NEEDS_PAYEE, True)
    standing = await stranded.pay(found.kind, leg=2, attempt=2, code=found.code)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.CUSTOMER)
    assert await unfinished(stranded.engine) == ()


class TestSending:
    """A provider's own limits, kept before it is asked (design: payments)."""

    @pytest.fixture
    def ways(self) -> Ways:
        return Ways()  # nothing is planned around, so that a leg can be too much

    async def submit(self, desk: Desk, provider: FakePayments, clock: FakeClock, index: int = 1) -> PaymentOutcome:
        calls = PaymentCalls(provider, desk.store, clock, FakePayees(BANK_ACCOUNT), STRIPE)
        return await ActivityEnvironment().run(calls.submit_leg, await desk.leg_call(index))

    async def test_refunds_of_one_payment_keep_their_distance_across_cases(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        await desk.apply(application())
        assert (await self.submit(desk, provider, clock)).kind is OutcomeKind.SUCCEEDED
        await desk.pay(OutcomeKind.SUCCEEDED, leg=2)
        clock.turn(seconds=20)
        await desk.apply(application(), "second")
        too_soon = await self.submit(desk, provider, clock, index=0)
        assert (too_soon.kind, too_soon.retry_after_s) == (OutcomeKind.RETRY_SAME, 40)
        assert len(provider.calls) == 1
        assert (await desk.legs())[0].sent_at is None
        clock.turn(seconds=40)
        assert (await self.submit(desk, provider, clock, index=0)).kind is OutcomeKind.SUCCEEDED

    async def test_a_refund_past_the_providers_deadline_is_not_sent_and_needs_another_destination(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        await desk.apply(application())
        clock.turn(days=95)
        outcome = await self.submit(desk, provider, clock)
        assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "past_refund_deadline")
        assert outcome.elsewhere
        assert provider.calls == []

    async def test_a_leg_that_may_be_under_way_is_sent_again_whatever_the_limits_say(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        """Its number is the provider's business: refused as a new one, it would be given up although it may be paid."""
        provider.refunds.append(PaymentOutcome(kind=OutcomeKind.UNKNOWN))
        await desk.apply(application())
        await self.submit(desk, provider, clock)
        clock.turn(hours=2)
        assert (await self.submit(desk, provider, clock)).kind is OutcomeKind.SUCCEEDED

    async def test_a_payout_is_sent_with_the_details_of_its_destination(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        await desk.apply(application(amount=cny(500)))
        await desk.pay(OutcomeKind.NEEDS_PAYEE)
        await keep(desk)
        await desk.say(TO_THE_BANK)
        assert (await self.submit(desk, provider, clock)).kind is OutcomeKind.SUCCEEDED
        assert provider.paid_to == [BANK_ACCOUNT]

    async def test_a_destination_that_was_erased_meanwhile_is_asked_for_anew(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        await desk.apply(application(amount=cny(500)))
        await desk.pay(OutcomeKind.NEEDS_PAYEE)
        await keep(desk)
        await desk.say(TO_THE_BANK)
        calls = PaymentCalls(provider, desk.store, clock, FakePayees(), STRIPE)
        outcome = await ActivityEnvironment().run(calls.submit_leg, await desk.leg_call(1))
        assert (outcome.kind, outcome.code) == (OutcomeKind.NEEDS_PAYEE, ErrorCode.PAYEE_UNKNOWN)
        assert provider.calls == []

    async def test_of_two_cases_that_send_at_the_same_moment_one_waits(
        self, desk: Desk, provider: FakePayments, clock: FakeClock
    ) -> None:
        """Each would read that nothing was sent yet, unless their order is locked."""
        await desk.apply(application(items=items(lamp=1)))
        await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
        first = await desk.leg_call(1)
        await desk.apply(application(), "second")
        calls = PaymentCalls(provider, desk.store, clock, FakePayees(), STRIPE)
        outcomes = await asyncio.gather(
            *(ActivityEnvironment().run(calls.submit_leg, call) for call in (first, await desk.leg_call(0)))
        )
        assert sorted(each.kind for each in outcomes) == [OutcomeKind.RETRY_SAME, OutcomeKind.SUCCEEDED]
        assert len(provider.calls) == 1


class TestPlanning:
    """A payment that its provider takes no refund of is planned around (payments: limits)."""

    @pytest.fixture
    def ways(self) -> Ways:
        return ways_of({**WAYS.rails, "gift_card": Rail(provider="gift_card", refund_within_days=1)})

    async def test_the_others_give_back_first(self, desk: Desk) -> None:
        await desk.apply(application())
        assert [(row.leg.provider, row.leg.amount.minor) for row in await desk.legs()] == [("stripe", 3333)]

    async def test_what_they_have_not_got_left_is_tried_and_then_asked_for(self, desk: Desk) -> None:
        await desk.apply(application(items=items(cups=3, lamp=1)))
        assert [(row.leg.provider, row.leg.amount.minor) for row in await desk.legs()] == [
            ("stripe", 13000),
            ("gift_card", 2000),
        ]
