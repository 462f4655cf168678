"""What finance reads when a refund needs a person is true of what happened (P4.1; design: payments)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from activities.ports import Letter
from activities.rows import LegRow
from activities.types import Notify, Stage
from aftersales.contract.values import CaseStatus, Language, LegState, WaitsFor
from tests.integrations.letters.cases import ACCOUNT, NOW, NUMBER, a_case, a_leg, letters

FINANCE = "finance@shop.example"
ASTRAY = {"status": CaseStatus.REFUNDED, "waits_for": WaitsFor.FINANCE}


def attempt(number: int, state: LegState) -> LegRow:
    row = a_leg(state)
    leg = row.leg.model_copy(
        update={"attempt": number, "provider_number": f"{NUMBER}-1-{number}", "provider_reference": f"re_{number}"}
    )
    return row.model_copy(update={"leg": leg})


def to_finance(
    legs: Iterable[LegRow], changes: Mapping[str, object] | None = None, language: Language = Language.EN
) -> Letter:
    order = Notify(number=NUMBER, stage=Stage.PAYMENT_BLOCKED, round=1, now=NOW)
    written = letters(staff_language=language).compose(order, a_case(language, changes), ACCOUNT, tuple(legs))
    return next(letter for letter in written if letter.recipient == FINANCE)


TWICE = [attempt(1, LegState.SUCCEEDED), attempt(2, LegState.SUCCEEDED)]


def test_a_refund_paid_under_two_numbers_is_called_that_with_both_references() -> None:
    letter = to_finance(TWICE, ASTRAY)
    assert letter.subject.startswith("[Paid twice]")
    assert "overpaid" in letter.body
    assert "re_1" in letter.body
    assert "re_2" in letter.body
    assert "nothing is paid twice" not in letter.body


def test_a_second_payment_that_is_only_under_way_is_not_called_paid() -> None:
    letter = to_finance([attempt(1, LegState.PENDING), attempt(2, LegState.SUCCEEDED)], ASTRAY)
    assert letter.subject.startswith("[Perhaps twice]")
    assert "both were paid" not in letter.body


def test_a_refund_that_was_given_up_and_paid_is_told_as_that() -> None:
    letter = to_finance([attempt(1, LegState.SUCCEEDED)], ASTRAY)
    assert letter.subject.startswith("[Paid after all]")


def test_a_refund_that_our_side_keeps_back_is_not_called_unclear() -> None:
    assert to_finance([attempt(1, LegState.BLOCKED)]).subject.startswith("[Blocked]")


def test_a_contradiction_of_the_provider_promises_nothing() -> None:
    letter = to_finance([attempt(1, LegState.CONFIRMING)])
    assert letter.subject.startswith("[Unclear]")
    assert "nothing is paid twice" not in letter.body
    assert "on our side" not in letter.body


@pytest.mark.parametrize("legs", [TWICE, [attempt(1, LegState.BLOCKED)], [attempt(1, LegState.CONFIRMING)]])
def test_each_trouble_is_told_in_both_languages_with_one_line_of_subject(legs: list[LegRow]) -> None:
    for language in Language:
        letter = to_finance(legs, language=language)
        assert NUMBER in letter.subject
        assert "\n" not in letter.subject
        assert letter.body.strip()


def test_a_payment_on_its_way_shows_the_customer_no_code_of_the_provider() -> None:
    row = attempt(1, LegState.PENDING)
    row = row.model_copy(update={"leg": row.leg.model_copy(update={"failure_code": "requires_action"})})
    order = Notify(number=NUMBER, stage=Stage.PAYMENT_ON_ITS_WAY, round=1, now=NOW)
    [letter] = letters().compose(order, a_case(Language.EN), ACCOUNT, (row,))
    assert "requires_action" not in letter.body
