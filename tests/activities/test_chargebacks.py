"""Beside a chargeback nothing is sent: a leg that was reserved before it opened waits, or is given up (P6.1)."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.payments import PaymentCalls
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, Role, WaitsFor
from domain.chargebacks import Chargeback, ChargebackState
from storage.risk import Keeper, RiskBook
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import NOW, application, cny
from tests.fakes import NO_LIMITS, FakeClock, FakePayees, FakePayments

OPEN, WON, LOST, WITHDRAWN = ChargebackState
TIMED_OUT = PaymentOutcome(kind=OutcomeKind.UNKNOWN, code="read_timeout")
NOT_FOUND = PaymentOutcome(kind=OutcomeKind.NOT_FOUND)


class Till:
    """The payment calls of one leg, and what its provider says of the payment that it gives back."""

    def __init__(self, desk: Desk, calls: PaymentCalls, engine: AsyncEngine) -> None:
        self.desk = desk
        self.calls = calls
        self._book = RiskBook(engine)
        self._news = 0

    async def submit(self) -> tuple[OutcomeKind, str]:
        outcome = await ActivityEnvironment().run(self.calls.submit_leg, await self.desk.leg_call())
        return outcome.kind, outcome.code

    async def query(self) -> OutcomeKind:
        return (await ActivityEnvironment().run(self.calls.query_leg, await self.desk.leg_call())).kind

    async def dispute(self, state: ChargebackState) -> None:
        self._news += 1
        said = Chargeback(
            provider="stripe",
            dispute_id="du_1",
            payment_reference="ch_order-1",
            state=state,
            opened_at=NOW,
            as_of=NOW + timedelta(seconds=self._news),
        )
        await self._book.state_chargebacks(Keeper(NOW, "stripe"), [said], "")


@pytest.fixture(name="till")
async def leg_to_pay(
    desk: Desk, store: SqlStore, engine: AsyncEngine, provider: FakePayments, clock: FakeClock
) -> Till:
    await desk.apply(application(amount=cny(500)))
    return Till(desk, PaymentCalls(provider, store, clock, FakePayees(), NO_LIMITS), engine)


async def test_a_leg_reserved_before_the_dispute_waits_and_goes_on_once_it_is_won(
    till: Till, provider: FakePayments
) -> None:
    await till.dispute(OPEN)
    assert await till.submit() == (OutcomeKind.NEEDS_MERCHANT, "chargeback_open")
    assert provider.calls == []
    (leg,) = await till.desk.legs()
    assert (leg.leg.state, leg.sent_at) == (LegState.RESERVED, None)
    await till.dispute(WON)
    assert await till.submit() == (OutcomeKind.SUCCEEDED, "")
    assert len(provider.calls) == 1


async def test_finance_hears_of_it_and_the_case_stays_in_payment(till: Till) -> None:
    await till.dispute(OPEN)
    standing = await till.desk.pay(OutcomeKind.NEEDS_MERCHANT, code="chargeback_open")
    assert standing.status is CaseStatus.PAYING
    (leg,) = await till.desk.legs()
    assert (leg.leg.state, leg.leg.failure_code) == (LegState.BLOCKED, "chargeback_open")


async def test_a_lost_dispute_gives_the_leg_up_unsent_and_its_money_free(till: Till, provider: FakePayments) -> None:
    await till.dispute(LOST)
    assert await till.submit() == (OutcomeKind.REJECTED, "chargeback_lost")
    standing = await till.desk.pay(OutcomeKind.REJECTED, code="chargeback_lost")
    assert standing.status is CaseStatus.PAYMENT_FAILED
    assert provider.calls == []
    assert await till.desk.money_taken() == 0


async def test_what_may_have_been_sent_is_still_asked_for_while_the_dispute_is_open(
    till: Till, provider: FakePayments
) -> None:
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    await till.dispute(OPEN)
    provider.queries.append(NOT_FOUND)
    assert await till.query() is OutcomeKind.NOT_FOUND
    assert await till.submit() == (OutcomeKind.NEEDS_MERCHANT, "chargeback_open")
    assert len(provider.calls) == 1


async def test_what_may_have_been_sent_is_looked_for_before_a_lost_dispute_gives_it_up(
    till: Till, provider: FakePayments, clock: FakeClock
) -> None:
    provider.key_life_s = sys.maxsize  # a number that lives as long as the payment
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    await till.dispute(LOST)
    provider.queries.append(NOT_FOUND)
    assert await till.submit() == (OutcomeKind.NEEDS_MERCHANT, "chargeback_open")  # it may yet be under way
    clock.turn(days=1)
    provider.queries.append(NOT_FOUND)
    assert await till.submit() == (OutcomeKind.REJECTED, "chargeback_lost")
    assert len(provider.calls) == 1


async def test_what_was_sent_before_the_dispute_and_arrived_is_believed(till: Till, provider: FakePayments) -> None:
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    await till.dispute(LOST)
    provider.queries.append(PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference="re_1"))
    assert await till.submit() == (OutcomeKind.SUCCEEDED, "")
    assert len(provider.calls) == 1


@pytest.mark.parametrize(("state", "code"), [(OPEN, "chargeback_open"), (LOST, "chargeback_lost")])
@pytest.mark.parametrize("kind", [OutcomeKind.NEEDS_PAYEE, OutcomeKind.REJECTED, OutcomeKind.REVERSED])
async def test_of_a_way_that_closes_beside_a_dispute_finance_hears_and_no_customer_is_asked_for_another(
    till: Till, kind: OutcomeKind, state: ChargebackState, code: str
) -> None:
    """To no account whatever may the money go: whoever named one would be refused with it."""
    if kind is OutcomeKind.REVERSED:
        await till.desk.pay(OutcomeKind.SUCCEEDED)
    await till.dispute(state)
    standing = await till.desk.pay(kind, code="AC04", elsewhere=True)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE)
    assert [(leg.failure_code, leg.elsewhere) for leg in standing.legs] == [(code, False)]


async def test_once_the_dispute_is_won_finance_tries_again_and_the_customer_is_asked_if_the_way_is_closed(
    till: Till,
) -> None:
    await till.dispute(OPEN)
    await till.desk.pay(OutcomeKind.NEEDS_PAYEE)
    await till.dispute(WON)
    assert (await till.desk.decide(DecisionKind.APPROVE, role=Role.FINANCE)).accepted
    standing = await till.desk.pay(OutcomeKind.NEEDS_PAYEE, attempt=2)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.CUSTOMER)


async def test_a_dispute_that_was_withdrawn_is_in_nobodys_way(till: Till) -> None:
    await till.dispute(WITHDRAWN)
    assert await till.submit() == (OutcomeKind.SUCCEEDED, "")
