"""A payment that finance is to make is taken back when the number that had failed pays after all (I1, P3.3)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.case_steps import CaseSteps
from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome, StepResult
from aftersales.contract.messages import HandPayment, PayoutChoice
from aftersales.contract.values import CaseStatus, HandPaymentAct, LegState, PayoutMethod, Role, WaitsFor
from domain.rails import OWN_RAILS, Rail, ways_of
from storage.hand_payments import HandPayments, unfinished
from storage.orders import save_orders
from storage.payees import PayeeStore, Taking
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, KEYRING, NOW, application, cny, order_record
from tests.fakes import FakeClock, FakePolicy
from tests.support.keys import vault

WALLET = Payee(token="payee-1", method=PayoutMethod.WECHAT_PAY, account="wxid-1", holder="Wang Fang")
PAID = {"sales_returns": 500, "stored_value:gift_card": -500}


@pytest.fixture(name="to_pay")
async def case_that_finance_is_to_pay(engine: AsyncEngine, store: SqlStore, policy: FakePolicy) -> Desk:
    """The first number failed, the customer named a wallet, and the payment stands on finance's list."""
    await save_orders(engine, [order_record()])
    ways = ways_of({**OWN_RAILS, "stripe": Rail(provider="stripe")})
    desk = Desk(CaseSteps(store, policy, KEYRING, ways), store, engine)
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.REJECTED, elsewhere=True)
    taking = Taking(number=desk.number, customer_id=CUSTOMER, masked="wx•••", by=CUSTOMER, at=NOW)
    await PayeeStore(engine, vault()).keep(WALLET, taking)
    assert (await desk.say(PayoutChoice(method=PayoutMethod.WECHAT_PAY, payee=WALLET.token))).accepted
    filed = await by_hand(desk).pay_out(await second(desk), WALLET)
    await desk.pay(filed.kind, attempt=2, code=filed.code)
    return desk


def by_hand(desk: Desk) -> HandPayments:
    return HandPayments(desk.engine, FakeClock(NOW))


async def second(desk: Desk) -> LegRow:
    return (await desk.legs())[1]


async def asked(desk: Desk) -> PaymentOutcome:
    return await by_hand(desk).query(await second(desk))


async def finance(desk: Desk, act: HandPaymentAct, actor: str, reference: str = "") -> None:
    number = (await second(desk)).leg.provider_number
    said = HandPayment(provider_number=number, act=act, reference=reference)
    assert (await desk.say(said, actor=actor, role=Role.FINANCE)).accepted


async def the_first_pays(desk: Desk) -> StepResult:
    return await desk.record_payment(OutcomeKind.SUCCEEDED, attempt=1)


async def test_what_nobody_has_paid_yet_leaves_the_list_and_finance_is_told_at_once(to_pay: Desk) -> None:
    result = await the_first_pays(to_pay)
    assert result.alarm, "somebody may have paid it and not have recorded it yet"
    assert (result.standing.status, result.standing.waits_for) == (CaseStatus.REFUNDED, WaitsFor.FINANCE)
    assert await to_pay.leg_states() == [LegState.SUCCEEDED, LegState.FAILED]
    assert await unfinished(to_pay.engine) == ()
    assert await to_pay.balances() == PAID
    assert await to_pay.money_taken() == 500
    [alarm] = [entry for entry in await to_pay.audit() if entry["action"] == "alarm"]
    assert (alarm["reason"], f"{to_pay.number}-1-2" in alarm["facts"]) == ("taken_back", True)


async def test_a_payment_that_was_taken_back_is_as_failed_when_it_is_asked_for(to_pay: Desk) -> None:
    assert (await asked(to_pay)).kind is OutcomeKind.PENDING
    await the_first_pays(to_pay)
    assert (await asked(to_pay)).kind is OutcomeKind.REJECTED


async def test_whoever_had_paid_it_already_can_still_say_so_and_it_counts_as_paid_twice(to_pay: Desk) -> None:
    await the_first_pays(to_pay)
    await finance(to_pay, HandPaymentAct.PAID, "finance-1", "4200001234")
    assert len(await unfinished(to_pay.engine)) == 1
    assert (await to_pay.record_payment((await asked(to_pay)).kind, attempt=2)).alarm
    await finance(to_pay, HandPaymentAct.CONFIRMED, "finance-2")
    assert (await to_pay.record_payment((await asked(to_pay)).kind, attempt=2)).alarm
    assert (await to_pay.balances())["refunds_overpaid"] == 500


async def test_what_somebody_says_to_have_paid_is_not_taken_back(to_pay: Desk) -> None:
    await finance(to_pay, HandPaymentAct.PAID, "finance-1", "4200001234")
    result = await the_first_pays(to_pay)
    assert result.alarm
    assert await to_pay.leg_states() == [LegState.SUCCEEDED, LegState.PENDING]
    assert len(await unfinished(to_pay.engine)) == 1


async def test_what_the_second_person_refuses_is_not_to_be_paid_again_when_the_money_went_another_way(
    to_pay: Desk,
) -> None:
    await finance(to_pay, HandPaymentAct.PAID, "finance-1", "4200001234")
    await the_first_pays(to_pay)
    await finance(to_pay, HandPaymentAct.REFUSED, "finance-2")
    assert await unfinished(to_pay.engine) == ()
    assert await to_pay.leg_states() == [LegState.SUCCEEDED, LegState.FAILED]
    assert await to_pay.balances() == PAID


async def test_when_it_arrives_is_only_told_once_two_people_say_that_it_was_paid(to_pay: Desk) -> None:
    assert (await second(to_pay)).leg.expected_by is None
    to_pay.later(days=9)
    await finance(to_pay, HandPaymentAct.PAID, "finance-1", "4200001234")
    await finance(to_pay, HandPaymentAct.CONFIRMED, "finance-2")
    await to_pay.pay((await asked(to_pay)).kind, attempt=2)
    expected_by = (await second(to_pay)).leg.expected_by
    assert expected_by is not None
    assert expected_by > to_pay.now
