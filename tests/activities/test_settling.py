"""What became of a leg is written down once, and the case follows from its legs (P3.3; design: payments)."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError

from activities.types import OutcomeKind
from aftersales.contract.messages import Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, Role, WaitsFor
from tests.activities.desk import Desk
from tests.activities.shop import application, cny

PAID = {"sales_returns": 500, "stored_value:gift_card": -500}
OWED = {"sales_returns": 500, "customer_refunds_payable": -500}


@pytest.fixture(name="paying")
async def case_with_one_leg(desk: Desk) -> Desk:
    await desk.apply(application(amount=cny(500)))
    return desk


async def test_success_settles_what_was_owed(paying: Desk) -> None:
    standing = await paying.pay(OutcomeKind.SUCCEEDED, reference="re_9")
    assert (standing.status, standing.waits_for) == (CaseStatus.REFUNDED, WaitsFor.NOBODY)
    assert standing.legs[0].provider_reference == "re_9"
    assert await paying.balances() == PAID
    assert await paying.money_taken() == 500


async def test_success_told_twice_is_posted_once(paying: Desk) -> None:
    await paying.pay(OutcomeKind.SUCCEEDED)
    again = await paying.pay(OutcomeKind.SUCCEEDED)
    assert again.status is CaseStatus.REFUNDED
    assert await paying.balances() == PAID
    assert (await paying.actions())[-1] == "payment_news_ignored"


@pytest.mark.parametrize(
    ("kind", "state", "waits_for"),
    [
        (OutcomeKind.PENDING, LegState.PENDING, WaitsFor.PROVIDER),
        (OutcomeKind.UNKNOWN, LegState.CONFIRMING, WaitsFor.PROVIDER),
        (OutcomeKind.CONFLICT, LegState.CONFIRMING, WaitsFor.PROVIDER),
        (OutcomeKind.RETRY_SAME, LegState.RESERVED, WaitsFor.PROVIDER),
        (OutcomeKind.NEEDS_MERCHANT, LegState.BLOCKED, WaitsFor.FINANCE),
    ],
)
async def test_what_is_not_final_keeps_the_money_reserved(
    paying: Desk, kind: OutcomeKind, state: LegState, waits_for: WaitsFor
) -> None:
    standing = await paying.pay(kind, code="why")
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYING, waits_for)
    assert (standing.legs[0].state, standing.legs[0].failure_code) == (state, "why")
    assert await paying.money_taken() == 500
    assert await paying.balances() == OWED


@pytest.mark.parametrize(
    ("kind", "waits_for"),
    [(OutcomeKind.REJECTED, WaitsFor.FINANCE), (OutcomeKind.NEEDS_PAYEE, WaitsFor.CUSTOMER)],
)
async def test_a_proven_failure_releases_the_money_but_keeps_the_units(
    paying: Desk, kind: OutcomeKind, waits_for: WaitsFor
) -> None:
    standing = await paying.pay(kind, code="charge_disputed")
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, waits_for)
    assert standing.legs[0].failure_code == "charge_disputed"
    assert await paying.money_taken() == 0
    assert await paying.units_taken("cups") == 1
    assert await paying.balances() == {}


async def test_with_one_leg_open_the_case_goes_on_paying_and_ends_by_its_worst(desk: Desk) -> None:
    await desk.apply()
    assert (await desk.pay(OutcomeKind.REJECTED, leg=1)).status is CaseStatus.PAYING
    assert (await desk.pay(OutcomeKind.SUCCEEDED, leg=2)).status is CaseStatus.PAYMENT_FAILED


async def test_a_new_attempt_that_succeeds_makes_the_refund_whole(desk: Desk) -> None:
    await desk.apply()
    await desk.pay(OutcomeKind.REJECTED, leg=1)
    await desk.pay(OutcomeKind.SUCCEEDED, leg=2)
    await desk.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    standing = await desk.pay(OutcomeKind.SUCCEEDED, leg=1, attempt=2)
    assert standing.status is CaseStatus.REFUNDED
    assert [(leg.leg, leg.attempt) for leg in standing.legs] == [(1, 2), (2, 1)]
    assert (await desk.balances())["sales_returns"] == 3333


async def test_a_late_reversal_takes_the_success_back_and_asks_finance(paying: Desk) -> None:
    await paying.pay(OutcomeKind.SUCCEEDED)
    standing = await paying.pay(OutcomeKind.REVERSED, code="lost_or_stolen_card")
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE)
    assert standing.legs[0].state is LegState.REVERSED
    assert await paying.balances() == {}
    assert await paying.money_taken() == 0


async def test_a_reversed_payment_is_tried_again_under_a_new_number(paying: Desk) -> None:
    await paying.pay(OutcomeKind.SUCCEEDED)
    await paying.pay(OutcomeKind.REVERSED)
    await paying.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    standing = await paying.pay(OutcomeKind.SUCCEEDED, attempt=2)
    assert standing.status is CaseStatus.REFUNDED
    assert await paying.balances() == PAID


async def test_a_payment_reversed_before_its_success_was_seen_nets_to_nothing(paying: Desk) -> None:
    await paying.pay(OutcomeKind.PENDING)
    assert (await paying.pay(OutcomeKind.REVERSED)).status is CaseStatus.PAYMENT_FAILED
    assert await paying.balances() == {}


@pytest.mark.parametrize(
    "late", [OutcomeKind.PENDING, OutcomeKind.UNKNOWN, OutcomeKind.REJECTED, OutcomeKind.RETRY_SAME]
)
async def test_news_that_comes_after_the_success_changes_nothing(paying: Desk, late: OutcomeKind) -> None:
    await paying.pay(OutcomeKind.SUCCEEDED)
    standing = await paying.pay(late)
    assert standing.status is CaseStatus.REFUNDED
    assert await paying.balances() == PAID


async def test_a_reversal_is_final_even_if_the_success_is_told_again(paying: Desk) -> None:
    await paying.pay(OutcomeKind.SUCCEEDED)
    await paying.pay(OutcomeKind.REVERSED)
    assert (await paying.pay(OutcomeKind.SUCCEEDED)).status is CaseStatus.PAYMENT_FAILED
    assert await paying.balances() == {}


async def test_the_ledger_follows_the_provider_even_into_a_withdrawn_case(paying: Desk) -> None:
    await paying.say(Withdrawal())
    standing = await paying.pay(OutcomeKind.SUCCEEDED)
    assert standing.status is CaseStatus.WITHDRAWN
    assert await paying.balances() == PAID


async def test_a_leg_that_was_never_reserved_is_an_error_for_good(paying: Desk) -> None:
    with pytest.raises(ApplicationError) as caught:
        await paying.pay(OutcomeKind.SUCCEEDED, leg=2)
    assert (caught.value.type, caught.value.non_retryable) == ("step_conflict", True)


async def test_every_outcome_is_in_the_log_with_its_number(paying: Desk) -> None:
    await paying.pay(OutcomeKind.UNKNOWN, code="timeout")
    entry = (await paying.audit())[-1]
    assert (entry["action"], entry["before"], entry["after"]) == ("payment", "reserved", "confirming")
    assert (entry["actor"], entry["reason"]) == ("system", "timeout")
    assert f"{paying.number}-1-1" in entry["facts"]


# --- a provider that changes its mind ---------------------------------------------------------------------


@pytest.fixture(name="failed")
async def case_whose_payment_failed(paying: Desk) -> Desk:
    await paying.pay(OutcomeKind.REJECTED, code="expired_or_canceled_card")
    return paying


async def test_a_failed_payment_that_moved_after_all_refunds_the_case(failed: Desk) -> None:
    standing = await failed.pay(OutcomeKind.SUCCEEDED, reference="re_9")
    assert (standing.status, standing.waits_for) == (CaseStatus.REFUNDED, WaitsFor.NOBODY)
    assert (standing.legs[0].state, standing.legs[0].failure_code) == (LegState.SUCCEEDED, "")
    assert await failed.balances() == PAID
    assert await failed.money_taken() == 500


async def test_the_number_of_a_retry_is_taken_back_when_the_failed_one_paid(failed: Desk) -> None:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    standing = await failed.pay(OutcomeKind.SUCCEEDED, attempt=1)
    assert standing.status is CaseStatus.REFUNDED
    assert [(leg.attempt, leg.state) for leg in standing.legs] == [(1, LegState.SUCCEEDED)]
    assert [(leg.attempt, leg.state) for leg in standing.earlier] == [(2, LegState.FAILED)]
    assert (await failed.legs())[1].released
    assert await failed.balances() == PAID
    assert await failed.money_taken() == 500


async def test_a_failed_payment_under_way_again_is_reserved_and_owed_once_it_is_paid(failed: Desk) -> None:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    standing = await failed.pay(OutcomeKind.PENDING, attempt=1)
    assert (standing.status, standing.legs[0].attempt) == (CaseStatus.PAYING, 1)
    assert await failed.money_taken() == 500
    assert (await failed.pay(OutcomeKind.SUCCEEDED, attempt=1)).status is CaseStatus.REFUNDED
    assert await failed.balances() == PAID


async def test_a_payment_that_fails_twice_is_released_once_and_tried_under_a_number_never_used(failed: Desk) -> None:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await failed.pay(OutcomeKind.PENDING, attempt=1)
    assert (await failed.pay(OutcomeKind.REJECTED, attempt=1)).status is CaseStatus.PAYMENT_FAILED
    assert await failed.balances() == {}
    assert await failed.money_taken() == 0
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    standing = await failed.pay(OutcomeKind.SUCCEEDED, attempt=3)
    assert standing.legs[0].provider_number == f"{failed.number}-1-3"
    assert await failed.balances() == PAID


async def test_a_number_that_may_have_been_sent_is_not_taken_back(failed: Desk) -> None:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await failed.pay(OutcomeKind.UNKNOWN, attempt=2)
    await failed.pay(OutcomeKind.SUCCEEDED, attempt=1)
    assert await failed.leg_states() == [LegState.SUCCEEDED, LegState.CONFIRMING]


async def test_a_refund_that_was_given_up_and_paid_after_all_is_called_what_it_is(failed: Desk) -> None:
    await failed.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    assert (await failed.case()).status is CaseStatus.REJECTED
    standing = await failed.pay(OutcomeKind.SUCCEEDED)
    assert standing.status is CaseStatus.REFUNDED
    assert await failed.balances() == PAID


async def test_a_part_that_was_given_up_and_paid_after_all_is_called_a_part(desk: Desk) -> None:
    await desk.apply()
    await desk.pay(OutcomeKind.REJECTED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2)
    await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    assert (await desk.pay(OutcomeKind.SUCCEEDED, leg=2)).status is CaseStatus.PARTLY_REFUNDED
    assert (await desk.pay(OutcomeKind.SUCCEEDED, leg=1)).status is CaseStatus.REFUNDED
