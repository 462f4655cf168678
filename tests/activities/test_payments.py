"""Sending a leg: the row is committed first, a key is never used anew while its request may be under way."""

from __future__ import annotations

import asyncio

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.payments import PaymentCalls
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.messages import Withdrawal
from aftersales.contract.values import ErrorCode, LegState
from storage.store import SqlStore
from tests.activities.desk import Desk
from tests.activities.shop import NOW, application, cny
from tests.fakes import NO_LIMITS, FakeClock, FakePayees, FakePayments

TIMED_OUT = PaymentOutcome(kind=OutcomeKind.UNKNOWN, code="read_timeout")
STORED_500 = PaymentOutcome(kind=OutcomeKind.UNKNOWN, code="server_error", key_spent=True)
REFUSED_CONNECTION = PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="connection_refused")
NO_BALANCE = PaymentOutcome(kind=OutcomeKind.NEEDS_MERCHANT, code="balance_insufficient")


class Till:
    """The payment calls of one leg."""

    def __init__(self, desk: Desk, calls: PaymentCalls) -> None:
        self.desk = desk
        self.calls = calls

    async def submit(self) -> PaymentOutcome:
        return await ActivityEnvironment().run(self.calls.submit_leg, await self.desk.leg_call())

    async def query(self) -> PaymentOutcome:
        return await ActivityEnvironment().run(self.calls.query_leg, await self.desk.leg_call())

    async def row(self) -> LegRow:
        return (await self.desk.legs())[0]


@pytest.fixture(name="till")
async def leg_to_pay(desk: Desk, store: SqlStore, provider: FakePayments, clock: FakeClock) -> Till:
    await desk.apply(application(amount=cny(500)))
    return Till(desk, PaymentCalls(provider, store, clock, FakePayees(), NO_LIMITS))


async def test_before_the_call_the_row_says_that_it_is_under_way(till: Till, provider: FakePayments) -> None:
    seen: list[LegRow] = []

    async def look() -> None:
        seen.append(await till.row())

    provider.meanwhile = look  # another transaction can read: the call is made outside of any
    assert (await till.submit()).kind is OutcomeKind.SUCCEEDED
    assert (seen[0].leg.state, seen[0].sent_at, seen[0].key_try) == (LegState.SUBMITTING, NOW, 1)
    assert provider.calls == seen


async def test_a_repeated_call_goes_out_under_the_same_key(till: Till, provider: FakePayments) -> None:
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    await till.submit()
    assert [call.key_try for call in provider.calls] == [1, 1]
    assert [call.sent_at for call in provider.calls] == [NOW, NOW]


async def test_a_leg_that_is_paid_is_not_sent_again(till: Till, provider: FakePayments) -> None:
    await till.desk.pay(OutcomeKind.SUCCEEDED, reference="re_1")
    outcome = await till.submit()
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "re_1")
    assert provider.calls == []


async def test_a_released_leg_is_never_sent(till: Till, provider: FakePayments) -> None:
    await till.desk.say(Withdrawal())
    outcome = await till.submit()
    assert (outcome.kind, outcome.code) == (OutcomeKind.REJECTED, "released")
    assert provider.calls == []


async def test_a_reversed_leg_stays_reversed(till: Till, provider: FakePayments) -> None:
    await till.desk.pay(OutcomeKind.SUCCEEDED)
    await till.desk.pay(OutcomeKind.REVERSED)
    assert (await till.submit()).kind is OutcomeKind.REVERSED
    assert provider.calls == []


async def test_a_key_past_its_safe_life_is_looked_up_before_a_new_one_is_used(
    till: Till, provider: FakePayments, clock: FakeClock
) -> None:
    """R6: after an outage of a day the provider has forgotten the key and would refund again."""
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    clock.turn(hours=25)

    assert (await till.submit()).code == "key_expired"
    assert len(provider.calls) == 1
    assert (await till.query()).kind is OutcomeKind.NOT_FOUND
    await till.submit()
    assert [call.key_try for call in provider.calls] == [1, 2]
    assert (await till.row()).sent_at == clock.now()


async def test_nothing_found_for_a_young_key_does_not_raise_it(till: Till, provider: FakePayments) -> None:
    """The request that timed out may still be under way; under the same key it cannot pay twice."""
    provider.refunds.append(TIMED_OUT)
    await till.submit()
    await till.query()
    await till.submit()
    assert [call.key_try for call in provider.calls] == [1, 1]


async def test_a_stored_500_is_looked_up_and_then_sent_under_a_new_key(till: Till, provider: FakePayments) -> None:
    """R5: the provider replays a stored failure for ever, so the same key is of no use."""
    provider.refunds.append(STORED_500)
    await till.submit()
    assert (await till.submit()).code == "key_expired"
    await till.query()
    await till.submit()
    assert [call.key_try for call in provider.calls] == [1, 2]


async def test_a_stored_500_that_did_pay_is_found_and_keeps_its_key(till: Till, provider: FakePayments) -> None:
    provider.refunds.append(STORED_500)
    provider.queries.append(PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference="re_3"))
    await till.submit()
    assert (await till.query()).provider_reference == "re_3"
    assert (await till.row()).key_try == 1


async def test_a_connection_that_was_never_made_leaves_the_leg_as_it_was(till: Till, provider: FakePayments) -> None:
    before = await till.row()
    provider.refunds.append(REFUSED_CONNECTION)
    assert (await till.submit()).kind is OutcomeKind.RETRY_SAME
    assert await till.row() == before
    assert (await till.desk.say(Withdrawal())).accepted


async def test_a_refused_connection_after_a_lost_answer_proves_nothing(till: Till, provider: FakePayments) -> None:
    provider.refunds.extend([TIMED_OUT, REFUSED_CONNECTION])
    await till.submit()
    await till.submit()
    assert (await till.row()).sent_at == NOW
    assert (await till.desk.say(Withdrawal())).code is ErrorCode.TOO_LATE


async def test_a_blocked_leg_can_be_withdrawn_between_its_tries(till: Till, provider: FakePayments) -> None:
    provider.refunds.extend([NO_BALANCE, NO_BALANCE])
    await till.submit()
    await till.desk.pay(OutcomeKind.NEEDS_MERCHANT, code="balance_insufficient")
    await till.submit()
    assert (await till.row()).leg.state is LegState.BLOCKED
    assert (await till.desk.say(Withdrawal())).accepted


async def test_while_the_call_is_under_way_a_withdrawal_comes_too_late(till: Till, provider: FakePayments) -> None:
    async def withdraw() -> None:
        assert (await till.desk.say(Withdrawal())).code is ErrorCode.TOO_LATE

    provider.meanwhile = withdraw
    assert (await till.submit()).kind is OutcomeKind.SUCCEEDED


@pytest.mark.parametrize("attempt", range(5))
async def test_of_a_withdrawal_and_a_payment_at_the_same_moment_one_wins(
    till: Till, provider: FakePayments, attempt: int
) -> None:
    """Each reads the leg before the other wrote it unless the case's row is locked; five tries show it."""
    answer, outcome = await asyncio.gather(till.desk.say(Withdrawal()), till.submit())
    assert answer.accepted is (outcome.kind is OutcomeKind.REJECTED), attempt
    assert answer.accepted is (provider.calls == []), attempt


async def test_what_happened_meanwhile_is_not_overwritten_by_an_old_answer(till: Till, provider: FakePayments) -> None:
    async def succeed() -> None:
        await till.desk.pay(OutcomeKind.SUCCEEDED)

    provider.meanwhile = succeed
    provider.refunds.append(STORED_500)
    await till.submit()
    assert (await till.row()).leg.state is LegState.SUCCEEDED


async def test_a_number_that_is_not_the_legs_is_never_sent(till: Till, provider: FakePayments) -> None:
    call = (await till.desk.leg_call()).model_copy(update={"provider_number": "another"})
    with pytest.raises(ApplicationError) as caught:
        await ActivityEnvironment().run(till.calls.submit_leg, call)
    assert caught.value.type == "step_conflict"
    assert provider.calls == []


async def test_a_slow_call_is_told_from_a_dead_worker_by_its_heartbeats(till: Till, provider: FakePayments) -> None:
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *_: beats.append(None)

    async def take_a_moment() -> None:
        await asyncio.sleep(0.01)

    provider.meanwhile = take_a_moment
    await environment.run(till.calls.submit_leg, await till.desk.leg_call())
    assert beats


async def test_a_case_older_than_a_key_is_looked_for_before_its_first_sending(
    till: Till, provider: FakePayments, clock: FakeClock
) -> None:
    """A database that was set back knows of no sending, and the provider has forgotten the key (R17)."""
    clock.turn(hours=21)
    provider.queries.append(PaymentOutcome(kind=OutcomeKind.SUCCEEDED, provider_reference="re_before"))
    outcome = await till.submit()
    assert (outcome.kind, outcome.provider_reference) == (OutcomeKind.SUCCEEDED, "re_before")
    assert provider.calls == []


async def test_what_is_looked_for_and_not_there_is_sent_at_once(
    till: Till, provider: FakePayments, clock: FakeClock
) -> None:
    clock.turn(hours=21)
    assert (await till.submit()).kind is OutcomeKind.SUCCEEDED
    assert len(provider.calls) == 1


async def test_a_look_without_an_answer_sends_nothing(till: Till, provider: FakePayments, clock: FakeClock) -> None:
    clock.turn(hours=21)
    provider.queries.append(TIMED_OUT)
    assert (await till.submit()).kind is OutcomeKind.UNKNOWN
    assert provider.calls == []
