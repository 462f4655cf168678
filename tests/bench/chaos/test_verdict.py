"""Every rule can be broken, and is then named: the chaos run's last word must be able to say no."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aftersales.contract.values import CaseStatus, LegState, MessageKind, WaitsFor
from bench.chaos.books import Books, Entry
from bench.chaos.verdict import Sides, breaches, sums
from domain.accounts import CUSTOMER_REFUNDS_PAYABLE, FEES, clearing
from tests.bench.chaos.ledgers import (
    EVENT,
    LEG_NUMBER,
    MINOR,
    SAID,
    WISH,
    case,
    leg,
    letter,
    moved,
    paid,
    sound,
)


def rules_broken_by(books: Books) -> set[str]:
    return {line.partition(" ")[0] for line in breaches(books)}


def test_a_sound_run_breaks_nothing() -> None:
    assert list(breaches(sound())) == []


def test_a_leg_executed_twice_is_found_though_one_of_them_came_back() -> None:
    assert "I1" in rules_broken_by(replace(sound(), moved={LEG_NUMBER: moved(executions=2)}))


def test_a_leg_paid_under_two_numbers_is_found() -> None:
    second = leg(attempt=2)
    found = rules_broken_by(
        replace(
            sound(),
            legs=(leg(), second),
            moved={LEG_NUMBER: moved(), second.leg.provider_number: moved()},
            ledger=(paid(), paid()),
        )
    )
    assert found == {"I1", "I6", "I7"}


def test_an_execution_that_no_leg_of_ours_asked_for_is_found() -> None:
    assert "I1" in rules_broken_by(replace(sound(), moved={LEG_NUMBER: moved(), "somebody-else": moved()}))
    assert "I1" in rules_broken_by(replace(sound(), without_leg=1))


def test_a_leg_that_says_paid_and_moved_nothing_is_found() -> None:
    assert "I1" in rules_broken_by(replace(sound(), moved={}))


def test_a_leg_that_says_failed_and_moved_is_found() -> None:
    assert "I1" in rules_broken_by(replace(sound(), legs=(leg(LegState.FAILED),)))


def test_a_leg_that_came_back_and_was_paid_by_another_number_breaks_nothing() -> None:
    again = leg(attempt=2)
    back = Entry(clearing("stripe"), CUSTOMER_REFUNDS_PAYABLE, "CNY", MINOR)
    found = rules_broken_by(
        replace(
            sound(),
            legs=(leg(LegState.REVERSED), again),
            moved={LEG_NUMBER: moved(0), again.leg.provider_number: moved()},
            ledger=(paid(), back, paid()),
        )
    )
    assert found == set()


def test_more_given_back_than_a_payment_took_is_found() -> None:
    too_much = 1 + WISH.order.tenders[0].captured_minor
    assert "I2" in rules_broken_by(replace(sound(), moved={LEG_NUMBER: moved(too_much)}))


def test_a_cent_between_ledger_and_provider_is_found() -> None:
    assert rules_broken_by(replace(sound(), ledger=(paid(MINOR - 1),))) == {"I3"}


def test_what_a_provider_keeps_for_itself_is_no_refund() -> None:
    fee = Entry(FEES, clearing("stripe"), "CNY", 3)
    assert sums(replace(sound(), ledger=(paid(), fee))) == {("stripe", "CNY"): Sides(MINOR, MINOR)}


@pytest.mark.parametrize("status", [CaseStatus.PAYING, CaseStatus.PAYMENT_FAILED, CaseStatus.UNDER_REVIEW])
def test_a_case_that_has_not_ended_is_found(status: CaseStatus) -> None:
    assert "I4" in rules_broken_by(replace(sound(), cases={WISH.number: case(status, WaitsFor.PROVIDER)}))


def test_money_that_moved_unexpectedly_is_found_by_who_is_alarmed() -> None:
    assert rules_broken_by(replace(sound(), cases={WISH.number: case(waits_for=WaitsFor.FINANCE)})) == {"I4"}


def test_an_accepted_application_without_a_case_is_found() -> None:
    assert rules_broken_by(replace(sound(), applied=frozenset({WISH.number, "another"}))) == {"I5"}


def test_an_accepted_message_that_is_not_recorded_as_accepted_is_found() -> None:
    assert rules_broken_by(replace(sound(), heard_well={})) == {"I5"}
    assert rules_broken_by(replace(sound(), taken={SAID: 2})) == {"I5"}


def test_a_case_that_gives_no_answer_at_all_is_found() -> None:
    assert rules_broken_by(replace(sound(), unanswered=("a case that failed",))) == {"I5"}


def test_a_decision_that_was_to_be_kept_may_be_refused_and_must_be_recorded() -> None:
    kept = (WISH.number, MessageKind.DECISION, "wu")
    assert rules_broken_by(replace(sound(), kept={kept: 1})) == {"I5"}
    assert rules_broken_by(replace(sound(), kept={kept: 1}, heard={SAID: 1, kept: 1})) == set()


def test_an_event_that_was_taken_and_is_not_stored_or_not_dealt_with_is_found() -> None:
    assert rules_broken_by(replace(sound(), told=frozenset({EVENT, "evt_2"}))) == {"I5"}
    assert rules_broken_by(replace(sound(), inbox={EVENT: False})) == {"I5"}


def test_paying_another_amount_than_approved_is_found() -> None:
    spoiled = rules_broken_by(replace(sound(), moved={LEG_NUMBER: moved(MINOR - 1)}, ledger=(paid(MINOR - 1),)))
    assert "I6" in spoiled


def test_a_rejected_case_that_paid_is_found() -> None:
    assert {"I6", "I7"} <= rules_broken_by(replace(sound(), cases={WISH.number: case(CaseStatus.REJECTED)}))


def test_a_part_refund_is_more_than_nothing_and_less_than_the_whole() -> None:
    assert "I6" in rules_broken_by(replace(sound(), cases={WISH.number: case(CaseStatus.PARTLY_REFUNDED)}))


def test_a_refund_that_nobody_was_told_of_is_found() -> None:
    assert rules_broken_by(replace(sound(), letters=())) == {"I7"}


def test_the_last_letter_about_money_counts() -> None:
    came_back = letter("reversed", message_id="<2>")
    assert rules_broken_by(replace(sound(), letters=(letter(), came_back))) == {"I7"}
    assert rules_broken_by(replace(sound(), letters=(letter(), came_back, letter(message_id="<3>")))) == set()


def test_a_letter_that_is_delivered_twice_was_told_when_it_came_first() -> None:
    assert rules_broken_by(replace(sound(), letters=(letter(), letter("reversed", message_id="<2>"), letter()))) == {
        "I7"
    }


def test_a_letter_that_names_another_amount_is_found() -> None:
    assert rules_broken_by(replace(sound(), letters=(letter(body="CN¥0.01"),))) == {"I7"}


def test_a_letter_of_a_refund_that_is_not_there_is_found() -> None:
    withdrawn = {WISH.number: case(CaseStatus.WITHDRAWN)}
    assert rules_broken_by(replace(sound(), cases=withdrawn, legs=(), moved={}, ledger=())) == {"I7"}


def test_letters_to_the_staff_tell_the_customer_nothing() -> None:
    to_finance = letter("reversed", message_id="<2>").model_copy(update={"recipient": "finance@shop.example"})
    assert rules_broken_by(replace(sound(), letters=(letter(), to_finance))) == set()
