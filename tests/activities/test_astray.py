"""Money that moved although nobody expected it any more: the ledger says so, and finance is told (I1, I3)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from activities.types import OutcomeKind, StepResult
from aftersales.contract.messages import PayoutChoice, Withdrawal
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, PayoutMethod, Role, WaitsFor
from tests.activities.desk import Desk
from tests.activities.shop import application, cny, items

PAID = {"sales_returns": 500, "stored_value:gift_card": -500}
PAID_TWICE = {"sales_returns": 500, "refunds_overpaid": 500, "stored_value:gift_card": -1000}
ONE_CUP = application(amount=cny(500))


@pytest.fixture(name="failed")
async def case_whose_payment_failed(desk: Desk) -> Desk:
    await desk.apply(ONE_CUP)
    await desk.pay(OutcomeKind.REJECTED, code="expired_or_canceled_card")
    return desk


@pytest.fixture(name="retried")
async def case_paid_by_a_second_number(failed: Desk) -> Desk:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await failed.pay(OutcomeKind.SUCCEEDED, attempt=2)
    return failed


async def alarms(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    return [(entry["reason"], json.loads(entry["facts"])) for entry in await desk.audit() if entry["action"] == "alarm"]


def waits(result: StepResult) -> tuple[CaseStatus, WaitsFor, str]:
    return result.standing.status, result.standing.waits_for, result.standing.assignee


# --- paid under two numbers -------------------------------------------------------------------------------


async def test_a_leg_paid_under_two_numbers_alarms_finance(retried: Desk) -> None:
    result = await retried.record_payment(OutcomeKind.SUCCEEDED, attempt=1)
    assert result.alarm
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.FINANCE, "finance")
    assert [leg.attempt for leg in result.standing.legs] == [2], "what the customer was told of stays what counts"
    [(reason, facts)] = await alarms(retried)
    assert reason == "paid_twice"
    assert facts["provider_numbers"] == [f"{retried.number}-1-1", f"{retried.number}-1-2"]


async def test_what_was_paid_twice_is_owed_to_us_and_no_cost_of_returns(retried: Desk) -> None:
    assert await retried.balances() == PAID
    await retried.pay(OutcomeKind.SUCCEEDED, attempt=1)
    assert await retried.balances() == PAID_TWICE
    assert await retried.money_taken() == 1000


@pytest.mark.parametrize("attempt", [1, 2])
async def test_when_one_of_two_payments_comes_back_all_is_as_it_should_be(retried: Desk, attempt: int) -> None:
    await retried.pay(OutcomeKind.SUCCEEDED, attempt=1)
    result = await retried.record_payment(OutcomeKind.REVERSED, attempt=attempt)
    assert not result.alarm
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.NOBODY, "")
    assert [leg.state for leg in result.standing.legs] == [LegState.SUCCEEDED]
    assert await retried.balances() == PAID
    assert await retried.money_taken() == 500


async def test_when_both_payments_come_back_nothing_is_owed_and_finance_decides(retried: Desk) -> None:
    await retried.pay(OutcomeKind.SUCCEEDED, attempt=1)
    await retried.pay(OutcomeKind.REVERSED, attempt=1)
    standing = await retried.pay(OutcomeKind.REVERSED, attempt=2)
    assert (standing.status, standing.waits_for) == (CaseStatus.PAYMENT_FAILED, WaitsFor.FINANCE)
    assert await retried.balances() == {}


async def test_a_second_payment_under_way_is_told_before_it_has_moved(retried: Desk) -> None:
    result = await retried.record_payment(OutcomeKind.PENDING, attempt=1)
    assert result.alarm
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.FINANCE, "finance")
    assert [reason for reason, _ in await alarms(retried)] == ["moving_twice"]
    assert (await retried.record_payment(OutcomeKind.SUCCEEDED, attempt=1)).alarm
    assert await retried.balances() == PAID_TWICE


async def test_a_second_payment_that_fails_after_all_ends_the_alarm(retried: Desk) -> None:
    await retried.pay(OutcomeKind.PENDING, attempt=1)
    result = await retried.record_payment(OutcomeKind.REJECTED, attempt=1)
    assert not result.alarm
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.NOBODY, "")
    assert await retried.balances() == PAID


async def test_the_earlier_number_that_pays_while_the_new_one_is_in_doubt_alarms_at_once(failed: Desk) -> None:
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await failed.pay(OutcomeKind.UNKNOWN, attempt=2)
    assert (await failed.record_payment(OutcomeKind.SUCCEEDED, attempt=1)).alarm
    result = await failed.record_payment(OutcomeKind.SUCCEEDED, attempt=2)
    assert result.alarm
    assert [reason for reason, _ in await alarms(failed)] == ["moving_twice", "paid_twice"]
    assert await failed.balances() == PAID_TWICE


async def test_one_leg_paid_twice_leaves_a_part_that_was_given_up_alone(desk: Desk) -> None:
    await desk.apply()
    await desk.pay(OutcomeKind.REJECTED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2)
    await desk.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1, attempt=2)
    await desk.pay(OutcomeKind.REJECTED, leg=2, attempt=2)
    await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    result = await desk.record_payment(OutcomeKind.SUCCEEDED, leg=1, attempt=1)
    assert result.alarm
    assert waits(result) == (CaseStatus.PARTLY_REFUNDED, WaitsFor.FINANCE, "finance")


async def test_an_ordinary_payment_alarms_nobody(desk: Desk) -> None:
    await desk.apply(ONE_CUP)
    for kind in (OutcomeKind.UNKNOWN, OutcomeKind.PENDING, OutcomeKind.SUCCEEDED, OutcomeKind.REVERSED):
        assert not (await desk.record_payment(kind)).alarm
    assert await alarms(desk) == []


# --- refused, paid after all, reversed --------------------------------------------------------------------


async def test_a_payment_refused_then_made_then_reversed_leaves_nothing_owed(failed: Desk) -> None:
    await failed.pay(OutcomeKind.SUCCEEDED)
    assert await failed.balances() == PAID
    await failed.pay(OutcomeKind.REVERSED)
    assert await failed.balances() == {}
    await failed.decide(DecisionKind.APPROVE, role=Role.FINANCE)
    await failed.pay(OutcomeKind.SUCCEEDED, attempt=2)
    assert await failed.balances() == PAID


# --- paid after it was given up ---------------------------------------------------------------------------


@pytest.fixture(name="given_up")
async def case_whose_payment_was_given_up(failed: Desk) -> Desk:
    await failed.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    assert await failed.units_taken("cups") == 0
    return failed


async def test_units_of_a_payment_that_was_given_up_are_held_again_when_it_moved_after_all(given_up: Desk) -> None:
    result = await given_up.record_payment(OutcomeKind.SUCCEEDED)
    assert await given_up.units_taken("cups") == 1
    assert result.alarm, "finance may have settled it otherwise"
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.FINANCE, "finance")
    assert [(reason, facts["units"]) for reason, facts in await alarms(given_up)] == [("moved_after_all", "held_again")]


async def test_units_that_another_case_took_meanwhile_stay_with_it_and_finance_is_told(given_up: Desk) -> None:
    first = given_up.number
    await given_up.apply(application(items=items(cups=3), amount=cny(400)), request_key="second")
    assert await given_up.units_taken("cups") == 3
    given_up.number = first
    result = await given_up.record_payment(OutcomeKind.SUCCEEDED)
    assert await given_up.units_taken("cups") == 3, "no unit is given twice"
    assert result.alarm
    assert [facts["units"] for _, facts in await alarms(given_up)] == ["taken_by_others"]


async def test_money_that_moves_in_a_withdrawn_case_is_finances_to_look_at(failed: Desk) -> None:
    await failed.say(Withdrawal())
    result = await failed.record_payment(OutcomeKind.SUCCEEDED)
    assert result.alarm
    assert waits(result) == (CaseStatus.WITHDRAWN, WaitsFor.FINANCE, "finance")
    assert await failed.units_taken("cups") == 1


async def test_finance_keeps_the_case_while_the_rest_of_it_moves(desk: Desk) -> None:
    await desk.apply()
    await desk.pay(OutcomeKind.REJECTED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2)
    await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    first = await desk.record_payment(OutcomeKind.SUCCEEDED, leg=2)
    assert waits(first) == (CaseStatus.PARTLY_REFUNDED, WaitsFor.FINANCE, "finance")
    second = await desk.record_payment(OutcomeKind.SUCCEEDED, leg=1)
    assert waits(second) == (CaseStatus.REFUNDED, WaitsFor.FINANCE, "finance")


# --- a part that was given up -----------------------------------------------------------------------------


@pytest.fixture(name="partly")
async def case_of_which_a_part_was_given_up(desk: Desk) -> Desk:
    """The first leg is paid; the second could have gone elsewhere, but finance settled it at the till."""
    await desk.apply()
    await desk.pay(OutcomeKind.SUCCEEDED, leg=1)
    await desk.pay(OutcomeKind.REJECTED, leg=2, elsewhere=True)
    await desk.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    assert (await desk.case()).status is CaseStatus.PARTLY_REFUNDED
    return desk


async def test_a_part_that_was_given_up_and_moved_after_all_alarms_finance(partly: Desk) -> None:
    result = await partly.record_payment(OutcomeKind.SUCCEEDED, leg=2)
    assert result.alarm
    assert waits(result) == (CaseStatus.REFUNDED, WaitsFor.FINANCE, "finance")
    assert [reason for reason, _ in await alarms(partly)] == ["moved_after_all"]


async def test_a_part_that_was_given_up_goes_nowhere_when_the_other_part_comes_back(partly: Desk) -> None:
    await partly.pay(OutcomeKind.REVERSED, leg=1, elsewhere=True)
    assert (await partly.case()).waits_for is WaitsFor.CUSTOMER
    assert (await partly.say(PayoutChoice(method=PayoutMethod.STORE_CREDIT))).accepted
    open_legs = [row.leg.leg for row in await partly.legs() if row.leg.state is LegState.RESERVED]
    assert open_legs == [1]


async def test_a_refund_that_was_given_up_asks_for_no_destination_any_more(failed: Desk) -> None:
    await failed.pay(OutcomeKind.PENDING)
    await failed.pay(OutcomeKind.REJECTED, elsewhere=True)
    await failed.decide(DecisionKind.REJECT, role=Role.FINANCE, explanation="Settled at the till.")
    assert not any(row.leg.elsewhere for row in await failed.legs())
