"""A payout whose destination cannot be read any more, after it may have been sent (P3.2; design: payments)."""

from __future__ import annotations

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.case_steps import CaseSteps
from activities.payments import PaymentCalls
from activities.ports import Payee, Payees
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import PayoutMethod
from aftersales.sealing import EncryptionError
from domain.rails import OWN_RAILS, Rail, ways_of
from storage.orders import save_orders
from storage.payees import PayeeStore, Taking
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import CUSTOMER, KEYRING, NOW, application, cny, order_record
from tests.fakes import BANK_ACCOUNT, FakeClock, FakePayees, FakePayments, FakePolicy
from tests.support.keys import vault

BANK = Rail(provider="bank", refunds=False, pays_out=frozenset({PayoutMethod.BANK_TRANSFER}))


class LockedPayees:
    """Kept under a key that this process does not have."""

    async def reveal(self, token: str) -> Payee:
        raise EncryptionError(f"No key opens {token}.")


@pytest.fixture(name="sent")
async def payout_without_an_answer(
    engine: AsyncEngine, store: SqlStore, policy: FakePolicy, provider: FakePayments, clock: FakeClock
) -> Desk:
    """To a bank account, after the first way was closed."""
    await save_orders(engine, [order_record()])
    desk = Desk(CaseSteps(store, policy, KEYRING, ways_of({**OWN_RAILS, "bank": BANK})), store, engine)
    await desk.apply(application(amount=cny(500)))
    await desk.pay(OutcomeKind.NEEDS_PAYEE)
    taking = Taking(number=desk.number, customer_id=CUSTOMER, masked="DE•• •••• 3000", by=CUSTOMER, at=NOW)
    await PayeeStore(engine, vault()).keep(BANK_ACCOUNT, taking)
    await desk.say(PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee=BANK_ACCOUNT.token))
    provider.refunds.append(PaymentOutcome(kind=OutcomeKind.UNKNOWN))
    assert (await submit(desk, provider, clock, FakePayees(BANK_ACCOUNT))).kind is OutcomeKind.UNKNOWN
    return desk


async def submit(desk: Desk, provider: FakePayments, clock: FakeClock, payees: Payees | None = None) -> PaymentOutcome:
    """By default nothing is kept any more."""
    calls = PaymentCalls(provider, desk.store, clock, payees or FakePayees(), BANK)
    return await ActivityEnvironment().run(calls.submit_leg, await desk.leg_call(1))


@pytest.fixture
def provider() -> FakePayments:
    """A bank's, which knows its numbers for ever."""
    bank = FakePayments()
    bank.key_life_s = 10 * 365 * 86_400
    return bank


async def test_what_is_not_found_may_still_be_on_its_way(sent: Desk, provider: FakePayments, clock: FakeClock) -> None:
    clock.turn(hours=20)
    assert (await submit(sent, provider, clock)).kind is OutcomeKind.UNKNOWN


async def test_after_a_day_the_customer_is_asked_anew(sent: Desk, provider: FakePayments, clock: FakeClock) -> None:
    clock.turn(hours=25)
    assert (await submit(sent, provider, clock)).kind is OutcomeKind.NEEDS_PAYEE
    assert len(provider.paid_to) == 1


async def test_what_was_paid_is_found_and_not_asked_for_anew(
    sent: Desk, provider: FakePayments, clock: FakeClock
) -> None:
    provider.queries.append(PaymentOutcome(kind=OutcomeKind.SUCCEEDED))
    clock.turn(hours=25)
    assert (await submit(sent, provider, clock)).kind is OutcomeKind.SUCCEEDED


async def test_a_missing_key_of_ours_is_no_fault_of_the_customers_account(
    sent: Desk, provider: FakePayments, clock: FakeClock
) -> None:
    outcome = await submit(sent, provider, clock, LockedPayees())
    assert (outcome.kind, outcome.elsewhere) == (OutcomeKind.NEEDS_MERCHANT, False)
    assert len(provider.paid_to) == 1
