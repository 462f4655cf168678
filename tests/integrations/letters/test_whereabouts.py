"""Where is my money (P3.3): each leg with its state, its number at the provider, and when it should be there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from activities.rows import LegRow
from activities.types import TO_BE_CONFIRMED, Notify, Stage
from aftersales.contract.values import CaseStatus, Language, LegState, Movement, WaitsFor
from tests.integrations.letters.cases import ACCOUNT, NOW, NUMBER, a_case, a_leg, by_hand, case_at, letters, stranded

ARRIVES = datetime(2026, 12, 7, 20, 0, tzinfo=UTC)  # by the shop's calendar the day after
ASKING = {"status": CaseStatus.PAYMENT_FAILED, "waits_for": WaitsFor.CUSTOMER}
WITH_FINANCE = {"status": CaseStatus.PAYMENT_FAILED, "waits_for": WaitsFor.FINANCE}


def told(
    stage: Stage, *legs: LegRow, language: Language = Language.EN, changes: Mapping[str, object] | None = None
) -> str:
    """The customer's letter, subject and all."""
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW)
    letter = letters(staff_language=language).compose(order, case_at(stage, language, changes), ACCOUNT, legs)[0]
    return f"{letter.subject}\n{letter.body}"


@pytest.mark.parametrize("stage", [Stage.REFUNDED, Stage.PAYMENT_ON_ITS_WAY])
@pytest.mark.parametrize(
    ("language", "says"),
    [
        (Language.EN, ["Reference: re_0001", "finds it: 7412", "Expected on your account by 8 December 2026"]),
        (Language.ZH_CN, ["渠道单号：re_0001", "查询）：7412", "预计最晚 2026年12月8日 到账"]),
    ],
)
def test_a_payment_is_told_with_reference_trace_and_the_day_of_arrival(
    stage: Stage, language: Language, says: list[str]
) -> None:
    state = LegState.SUCCEEDED if stage is Stage.REFUNDED else LegState.PENDING
    text = told(stage, a_leg(state, expected_by=ARRIVES), language=language)
    for words in says:
        assert words in text


def test_what_nobody_knows_is_not_told() -> None:
    text = told(Stage.REFUNDED, a_leg(LegState.SUCCEEDED, trace=""))
    assert "Trace number" not in text
    assert "Expected" not in text


@pytest.mark.parametrize(
    ("language", "says"),
    [(Language.EN, "by bank transfer to DE•• •••• 3000"), (Language.ZH_CN, "银行转账，收款方 DE•• •••• 3000")],
)
def test_a_payout_is_told_with_its_masked_destination(language: Language, says: str) -> None:
    leg = a_leg(LegState.SUCCEEDED, provider="bank", movement=Movement.PAYOUT, destination="DE•• •••• 3000")
    assert says in told(Stage.REFUNDED, leg, language=language)


def test_store_credit_is_named_in_words() -> None:
    leg = a_leg(LegState.SUCCEEDED, provider="store_credit", movement=Movement.PAYOUT, destination="store_credit")
    assert "by store credit to your account with us" in told(Stage.REFUNDED, leg)


@pytest.mark.parametrize(
    ("language", "says"), [(Language.EN, "It can be used now"), (Language.ZH_CN, "收款方 您在本店的账户：已成功")]
)
def test_value_of_our_own_is_told_as_usable_at_once_without_a_providers_reference(
    language: Language, says: str
) -> None:
    own = {"provider": "store_credit", "destination": "store_credit", "provider_reference": f"{NUMBER}-1-1"}
    text = told(Stage.REFUNDED, a_leg(LegState.SUCCEEDED, 123450, expected_by=ARRIVES, **own), language=language)
    assert says in text
    assert f"{NUMBER}-1-1" in text
    for untrue in ("Reference", "渠道单号", "December", "12月", "payment provider", "支付机构"):
        assert untrue not in text


def test_a_payment_that_failed_in_part_denies_neither_part() -> None:
    legs = (a_leg(LegState.SUCCEEDED, 100000), a_leg(LegState.FAILED, 23450))
    text = told(Stage.PAYMENT_FAILED, *legs, changes=WITH_FINANCE)
    assert text.startswith("A part of your refund could not be paid")
    assert "could not carry out $234.50 of your refund. $1,000.00 was paid" in text
    assert "$1,000.00 by card (Stripe): succeeded\n    Reference: re_0001" in text
    assert "$234.50 by card (Stripe): failed (the payment provider did not carry it out)\n" in text
    assert "finance team" in text


def test_a_part_on_its_way_beside_one_that_failed_is_not_called_the_whole() -> None:
    text = told(Stage.PAYMENT_ON_ITS_WAY, a_leg(LegState.PENDING, 100000), stranded(23450))
    assert "A part of your refund is on its way" in text
    assert "$234.50 did not arrive" in text


@pytest.mark.parametrize("stage", [Stage.REVERSED, Stage.PAYMENT_FAILED])
@pytest.mark.parametrize("language", Language)
def test_who_is_asked_for_a_destination_gets_the_link_and_others_hear_who_deals_with_it(
    stage: Stage, language: Language
) -> None:
    state = LegState.REVERSED if stage is Stage.REVERSED else LegState.FAILED
    leg, finance = a_leg(state, elsewhere=True), "财务" if language is Language.ZH_CN else "finance team"
    asked = told(stage, leg, language=language, changes=ASKING)
    assert "/payout/k1." in asked
    assert finance not in asked
    waiting = told(stage, leg, language=language, changes=WITH_FINANCE)
    assert "/payout/" not in waiting
    assert finance in waiting


@pytest.mark.parametrize("stage", [Stage.REVERSED, Stage.PAYMENT_FAILED])
def test_finance_is_not_called_for_what_the_customer_is_asked(stage: Stage) -> None:
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW)
    leg = a_leg(LegState.REVERSED, elsewhere=True)
    asking, waiting = (
        letters(staff_language=Language.EN).compose(order, a_case(Language.EN, changes), ACCOUNT, (leg,))[1].body
        for changes in (ASKING, WITH_FINANCE)
    )
    assert "nothing to do until then" in asking
    assert "Please agree" not in asking
    assert "another destination" in waiting
    assert "nothing to do" not in waiting


def test_money_that_came_back_is_told_by_its_amount_without_a_day_of_arrival() -> None:
    legs = (a_leg(LegState.SUCCEEDED, 100000), a_leg(LegState.REVERSED, 23450, expected_by=ARRIVES))
    text = told(Stage.REVERSED, *legs, changes=WITH_FINANCE)
    assert "tells us that $234.50, which it had confirmed, came back" in text
    assert "December" not in text


@pytest.mark.parametrize("state", [LegState.FAILED, LegState.REVERSED])
def test_the_providers_code_is_for_finance_and_the_customer_reads_words(state: LegState) -> None:
    leg = a_leg(state, failure_code="expired_or_canceled_card")
    stage = Stage.REVERSED if state is LegState.REVERSED else Stage.PAYMENT_FAILED
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW)
    customer, finance = letters(staff_language=Language.EN).compose(order, case_at(stage), ACCOUNT, (leg,))
    assert "the card has expired" in customer.body
    assert "expired_or_canceled_card" not in customer.body
    assert "code expired_or_canceled_card" in finance.body


@pytest.mark.parametrize(
    ("language", "says"),
    [(Language.EN, "Our finance team is paying $234.50"), (Language.ZH_CN, "财务人员正在向您支付退款 US$234.50")],
)
def test_a_payment_by_hand_is_not_told_as_a_providers_nor_the_part_that_was_paid_again(
    language: Language, says: str
) -> None:
    legs = (a_leg(LegState.SUCCEEDED, 100000), by_hand(23450))
    assert says in told(Stage.PAYMENT_ON_ITS_WAY, *legs, language=language)


def test_only_what_is_under_way_is_called_accepted() -> None:
    text = told(Stage.PAYMENT_ON_ITS_WAY, a_leg(LegState.SUCCEEDED, 100000), a_leg(LegState.PENDING, 23450))
    assert "has accepted your refund of $234.50" in text


def test_finance_reads_what_to_pay_where_and_how_to_record_it() -> None:
    order = Notify(number=NUMBER, stage=Stage.PAY_BY_HAND, round=1, now=NOW)
    legs = (a_leg(LegState.SUCCEEDED, 100000), by_hand(23450, provider_number=f"{NUMBER}-2-2"))
    [letter] = letters(staff_language=Language.EN).compose(order, a_case(Language.EN), ACCOUNT, legs)
    assert letter.recipient == "finance@shop.example"
    assert f"$234.50 to DE•• •••• 3000, number {NUMBER}-2-2" in letter.body
    assert "$1,000.00" not in letter.body
    assert "second person" in letter.body


@pytest.mark.parametrize(
    ("language", "says"),
    [(Language.EN, "back as it was paid, payment COD-7"), (Language.ZH_CN, "按原支付方式退回，原支付单号 COD-7")],
)
def test_finance_reads_which_payment_to_give_back_by_hand_and_who_confirms_it(language: Language, says: str) -> None:
    order = Notify(number=NUMBER, stage=Stage.PAY_BY_HAND, round=1, now=NOW)
    row = by_hand(provider_number=f"{NUMBER}-1-1", movement=Movement.REFUND, destination="")
    row = row.model_copy(update={"reference": "COD-7"})
    [letter] = letters(staff_language=language).compose(order, a_case(language), ACCOUNT, (row,))
    assert says in letter.body
    assert f"aftersales finance confirm {NUMBER}-1-1" in letter.body
    assert "payout reveal" not in letter.body


PAID_BY_HAND = a_leg(LegState.SUCCEEDED, provider="by_hand")
TO_CONFIRM = by_hand(23450, failure_code=TO_BE_CONFIRMED)


@pytest.mark.parametrize(
    ("stage", "leg"),
    [
        (Stage.PAY_BY_HAND, PAID_BY_HAND),
        (Stage.PAY_BY_HAND, TO_CONFIRM),
        (Stage.CONFIRM_BY_HAND, PAID_BY_HAND),
        (Stage.CONFIRM_BY_HAND, by_hand()),
    ],
)
def test_what_finance_did_by_hand_meanwhile_is_not_asked_for_again(stage: Stage, leg: LegRow) -> None:
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW)
    assert letters().compose(order, a_case(Language.EN), ACCOUNT, (leg,)) == ()


@pytest.mark.parametrize("language", Language)
def test_the_second_person_of_finance_reads_what_to_look_for_and_how_to_say_yes_or_no(language: Language) -> None:
    order = Notify(number=NUMBER, stage=Stage.CONFIRM_BY_HAND, round=1, now=NOW)
    legs = (a_leg(LegState.SUCCEEDED, 100000), TO_CONFIRM)
    [letter] = letters(staff_language=language).compose(order, a_case(language), ACCOUNT, legs)
    assert letter.recipient == "finance@shop.example"
    number = TO_CONFIRM.leg.provider_number
    for command in ("list", f"confirm {number}", f"refuse {number} --explanation"):
        assert f"aftersales finance {command}" in letter.body
    assert ("234.50" in letter.body, "1,000.00" in letter.body) == (True, False)
