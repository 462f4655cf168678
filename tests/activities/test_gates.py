"""An approval by rule that is held back goes to a person, and says every reason why (P5.1, P6.1, P6.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from activities.case_steps import CaseSteps
from activities.particulars import Particulars
from activities.precautions import Breaker, Held
from activities.rulings import Action, Ceilings, RiskLevel, RiskRules, Shipment
from activities.types import OutcomeKind, Standing
from aftersales.contract.messages import Application, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, Money, Role, WaitsFor
from domain.chargebacks import Chargeback, ChargebackState
from storage.budgets import BudgetBook
from storage.orders import save_orders
from storage.rows.risk import chargeback_values
from storage.tables import CHARGEBACKS
from tests.activities.desk import Desk
from tests.activities.shop import KEYRING, NOW, application, items, order_record
from tests.fakes import FakePolicy

ONE_CUP = 3333


class Answering:
    """Other systems of the shop, all of whose answers are given."""

    def __init__(self, said: Particulars) -> None:
        self.said = said

    async def about(self, application: Application) -> Particulars:  # noqa: ARG002 - the port's words
        return self.said


def limited(policy: FakePolicy, **limits: int) -> None:
    policy.limits = policy.limits.model_copy(update=limits)
    assert Ceilings.model_validate(policy.limits.model_dump())


async def held(desk: Desk) -> tuple[Held, ...]:
    """Why the last application was held back; the case is a person's then, and no money is reserved."""
    async with desk.store.begin() as unit:
        (assessment,) = await unit.assessments(desk.number)
    case = await desk.case()
    assert (case.status, case.waits_for) == (CaseStatus.UNDER_REVIEW, WaitsFor.AGENT)
    assert case.verdict is not None
    assert (case.verdict.action, case.verdict.advice) == ("review", "approve")
    assert case.verdict.held == tuple(why.value for why in assessment.held)
    assert await desk.legs() == ()
    return assessment.held


@pytest.mark.parametrize(
    ("limit", "why"),
    [
        ("automatic_case", Held.AUTOMATIC_CEILING),
        ("customer_period", Held.CUSTOMER_CEILING),
        ("order", Held.ORDER_CEILING),
        ("automatic_customer_day", Held.CUSTOMER_BUDGET),
        ("automatic_product_day", Held.PRODUCT_BUDGET),
        ("automatic_day", Held.DAY_BUDGET),
    ],
)
async def test_a_refund_up_to_its_ceiling_is_approved_by_rule_and_one_above_goes_to_a_person(
    desk: Desk, policy: FakePolicy, limit: str, why: Held
) -> None:
    limited(policy, **{limit: ONE_CUP})
    assert (await desk.apply()).standing.status is CaseStatus.PAYING
    await desk.apply(application(items=items(lamp=1), customer_id="customer-1"), "second")
    assert await held(desk) == (why,)


async def test_from_four_eyes_on_no_rule_approves(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, four_eyes=ONE_CUP)
    await desk.apply()
    assert await held(desk) == (Held.FOUR_EYES,)


async def test_a_payment_that_is_disputed_is_not_refunded_by_rule(desk: Desk) -> None:
    disputed = Chargeback(
        provider="stripe",
        dispute_id="dp_1",
        payment_reference="ch_order-1",
        state=ChargebackState.OPEN,
        amount=Money(minor=13000, currency="CNY"),
        opened_at=NOW,
        as_of=NOW,
    )
    async with desk.engine.begin() as connection:
        await connection.execute(CHARGEBACKS.insert(), chargeback_values(disputed))
    await desk.apply()
    assert await held(desk) == (Held.CHARGEBACK_OPEN,)


async def test_a_source_that_is_down_is_not_an_approval(desk: Desk, policy: FakePolicy) -> None:
    down = Particulars(shipment=Shipment.UNAVAILABLE, down=("logistics",))
    desk.steps = CaseSteps(desk.store, policy, KEYRING, enquiries=Answering(down))
    await desk.apply()
    assert await held(desk) == (Held.SOURCE_DOWN, Held.RISK_UNKNOWN)
    assert policy.facts[-1].risk_level is RiskLevel.UNKNOWN


async def test_high_risk_goes_to_a_person_with_the_parts_of_its_score(desk: Desk, policy: FakePolicy) -> None:
    policy.risk = RiskRules(points={"contact_not_verified": 70}, medium_from=30, high_from=60)
    await desk.apply()
    assert await held(desk) == (Held.RISK_HIGH,)
    async with desk.store.begin() as unit:
        (assessment,) = await unit.assessments(desk.number)
    assert [(part.sign, part.points) for part in assessment.risk.parts] == [("contact_not_verified", 70)]


async def test_an_open_breaker_stops_the_rules_and_names_itself(desk: Desk) -> None:
    async with desk.store.begin() as unit:
        await unit.turn_breaker(Breaker(open=True, why="refund_rate", changed_at=NOW))
    await desk.apply()
    assert await held(desk) == (Held.BREAKER_OPEN,)


async def test_what_is_held_back_uses_no_budget(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, automatic_day=ONE_CUP, four_eyes=ONE_CUP)
    await desk.apply()
    assert await held(desk) == (Held.FOUR_EYES,)
    limited(policy, four_eyes=10**9)
    assert (await desk.apply(request_key="second")).standing.status is CaseStatus.PAYING


async def test_lines_without_a_sku_of_their_own_are_products_of_their_orders(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, automatic_product_day=ONE_CUP)
    await save_orders(desk.engine, [order_record("order-2")])
    assert (await desk.apply()).standing.status is CaseStatus.PAYING
    of_another_order = await desk.apply(application(order_id="order-2"), "second")
    assert of_another_order.standing.status is CaseStatus.PAYING


async def test_a_budget_is_a_days(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, automatic_day=ONE_CUP)
    assert (await desk.apply()).standing.status is CaseStatus.PAYING
    await desk.apply(request_key="same day")
    assert await held(desk) == (Held.DAY_BUDGET,)
    desk.later(days=1)
    await save_orders(desk.engine, [order_record("order-2")])
    next_day = await desk.apply(application(order_id="order-2"), "next day")
    assert next_day.standing.status is CaseStatus.PAYING


async def budgets_used(desk: Desk) -> set[int]:
    """What counts of the budgets of the day, the customer, and the product, in minor units."""
    spent = await BudgetBook(desk.engine).spent(NOW.date(), limit=10)
    return {each.amount.minor for each in spent}


async def pay_both(desk: Desk, kind: OutcomeKind, *, elsewhere: bool = False) -> Standing:
    """Both payments of the order give some of the cup back; where the case then stands."""
    await desk.pay(kind, leg=1, elsewhere=elsewhere)
    return await desk.pay(kind, leg=2, elsewhere=elsewhere)


async def test_what_a_withdrawn_case_took_of_the_budgets_is_other_cases_to_use(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, automatic_day=ONE_CUP)
    await desk.apply()
    desk.later(days=1)
    assert (await desk.say(Withdrawal())).accepted
    assert await budgets_used(desk) == set(), "it goes back to the day that it was taken from"
    desk.now = NOW
    assert (await desk.apply(request_key="second")).standing.status is CaseStatus.PAYING


async def test_a_refund_that_fails_keeps_its_budget_until_it_is_given_up(desk: Desk) -> None:
    await desk.apply()
    await pay_both(desk, OutcomeKind.REJECTED, elsewhere=True)
    assert await budgets_used(desk) == {ONE_CUP}, "the customer may name another destination"
    given_up = await desk.decide(DecisionKind.REJECT, Role.FINANCE, reason_code="gone", explanation="Not to be found.")
    assert given_up.accepted
    assert await budgets_used(desk) == set()
    assert (await pay_both(desk, OutcomeKind.SUCCEEDED)).status is CaseStatus.REFUNDED
    assert await budgets_used(desk) == {ONE_CUP}, "the money moved after all"


async def test_of_a_refund_that_is_paid_in_part_the_rest_is_given_back(desk: Desk) -> None:
    await desk.apply()
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2)
    await desk.decide(DecisionKind.REJECT, Role.FINANCE, reason_code="gone", explanation="Not to be found.")
    assert (await desk.case()).status is CaseStatus.PARTLY_REFUNDED
    assert await budgets_used(desk) == {(await desk.legs())[0].leg.amount.minor}


async def test_closed_without_a_payment_a_case_gives_its_budget_back(desk: Desk) -> None:
    await desk.apply()
    await pay_both(desk, OutcomeKind.REJECTED)
    await desk.elapse("closed")
    assert await budgets_used(desk) == set()


async def test_what_is_paid_is_used_up(desk: Desk) -> None:
    await desk.apply()
    await pay_both(desk, OutcomeKind.SUCCEEDED)
    await desk.elapse("closed")
    assert await budgets_used(desk) == {ONE_CUP}


async def test_a_customers_ceiling_counts_what_was_granted_within_the_period(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, customer_period=ONE_CUP, period_days=30)
    assert (await desk.apply()).standing.status is CaseStatus.PAYING
    desk.now += timedelta(days=31)
    assert (await desk.apply(request_key="a month later")).standing.status is CaseStatus.PAYING


async def test_every_reason_is_told_at_once(desk: Desk, policy: FakePolicy) -> None:
    limited(policy, automatic_case=1, four_eyes=2, order=3)
    await desk.apply()
    assert await held(desk) == (Held.AUTOMATIC_CEILING, Held.FOUR_EYES, Held.ORDER_CEILING)


async def test_a_no_of_the_policy_is_never_held_back_for_a_customer(desk: Desk, policy: FakePolicy) -> None:
    policy.says(Action.REJECT, "window_closed")
    limited(policy, automatic_case=1)
    assert (await desk.apply()).standing.status is CaseStatus.REJECTED
