"""The letter that asks for another destination: what failed, what was paid, and a link for this asking alone (P3.2)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from activities.ports import Letter
from activities.rows import LegRow
from activities.types import Notify, Stage
from aftersales.contract.values import Language, LegState, Money, PayoutMethod
from integrations.links import PayoutLink
from tests.integrations.letters.cases import ACCOUNT, DUE, LINKS, NOW, NUMBER, a_leg, case_at, letters, stranded

ASKS = [Stage.DESTINATION_NEEDED, Stage.DESTINATION_REMINDER]


def asked(
    *legs: LegRow, stage: Stage = Stage.DESTINATION_NEEDED, due_at: datetime | None = DUE, **settings: object
) -> tuple[Letter, ...]:
    order = Notify(number=NUMBER, stage=stage, round=1, now=NOW, due_at=due_at)
    return letters(**settings).compose(order, case_at(stage), ACCOUNT, legs)


def link_in(letter: Letter) -> PayoutLink:
    return LINKS.read_payout(letter.body.split("/payout/")[1].split()[0], NOW)


def in_currency(currency: str) -> LegRow:
    return stranded(amount=Money(minor=1000, currency=currency))


def test_the_letter_says_what_failed_and_why_and_what_was_paid_all_the_same() -> None:
    [letter] = asked(a_leg(LegState.SUCCEEDED, 100000), stranded(23450))
    assert "$234.50 of your refund could not be sent to you" in letter.body
    assert "$234.50 by card (Stripe): failed (the card has expired or was cancelled)" in letter.body
    assert "$1,000.00 was paid and is not affected" in letter.body
    assert "Reference: re_0001" in letter.body
    assert "until 24 November 2026, 17:30 (GMT+08:00)" in letter.body


@pytest.mark.parametrize(("language", "says"), [(Language.EN, "had confirmed came back"), (Language.ZH_CN, "被退回")])
def test_money_that_had_arrived_is_told_as_come_back(language: Language, says: str) -> None:
    """No other letter tells of it."""
    order = Notify(number=NUMBER, stage=Stage.DESTINATION_NEEDED, round=1, now=NOW, due_at=DUE)
    returned = a_leg(LegState.REVERSED, elsewhere=True)
    [letter] = letters().compose(order, case_at(Stage.DESTINATION_NEEDED, language), ACCOUNT, (returned,))
    assert says in letter.body


def test_a_destination_that_failed_is_named_masked() -> None:
    tried = stranded(provider="bank", destination="Bank account DE•• •••• 3000", failure_code="AC04")
    [letter] = asked(tried)
    assert "by bank transfer to Bank account DE•• •••• 3000: failed (the account is closed)" in letter.body


def test_where_nothing_was_paid_yet_nothing_is_called_paid() -> None:
    [letter] = asked(stranded())
    assert "was paid" not in letter.body


@pytest.mark.parametrize("stage", ASKS)
def test_the_link_is_bound_to_case_customer_and_language_and_ends_with_the_asking(stage: Stage) -> None:
    link = link_in(asked(stranded(), stage=stage)[0])
    assert (link.number, link.customer_id, link.language) == (NUMBER, "c-7", Language.EN)
    assert link.expires_at == int(DUE.timestamp())


@pytest.mark.parametrize("stage", ASKS)
def test_without_a_named_end_the_link_ends_with_the_case_or_as_the_policy_says(stage: Stage) -> None:
    [letter] = asked(stranded(), stage=stage, due_at=None)
    assert link_in(letter).expires_at == int((NOW + timedelta(days=30)).timestamp())
    assert "until 23 December 2026" in letter.body


def test_the_reminder_asks_for_the_same_and_a_later_failure_for_another() -> None:
    first, reminder = link_in(asked(stranded())[0]), link_in(asked(stranded(), stage=Stage.DESTINATION_REMINDER)[0])
    later = link_in(asked(stranded(provider_number=f"{NUMBER}-1-2"))[0])
    assert first.asking == reminder.asking != later.asking


def test_wallets_that_take_yuan_only_are_offered_for_yuan_only() -> None:
    assert link_in(asked(in_currency("CNY"))[0]).methods == tuple(PayoutMethod)
    assert link_in(asked(in_currency("EUR"))[0]).methods == (PayoutMethod.BANK_TRANSFER, PayoutMethod.STORE_CREDIT)


def test_a_shop_offers_the_methods_that_it_names_in_their_order() -> None:
    named = (PayoutMethod.STORE_CREDIT, PayoutMethod.BANK_TRANSFER)
    assert link_in(asked(stranded(), payout_methods=named)[0]).methods == named


def test_where_no_method_is_left_the_customer_is_asked_to_write() -> None:
    [letter] = asked(in_currency("EUR"), payout_methods=(PayoutMethod.ALIPAY,))
    assert "/payout/" not in letter.body
    assert "Please contact us" in letter.body


@pytest.mark.parametrize("stage", ASKS)
@pytest.mark.parametrize(
    "leg",
    [
        a_leg(LegState.FAILED),
        a_leg(LegState.RESERVED, attempt=2),
        a_leg(LegState.SUCCEEDED, attempt=2),
    ],
)
def test_who_has_answered_or_whose_case_finance_has_is_not_asked(stage: Stage, leg: LegRow) -> None:
    assert asked(leg, stage=stage) == ()
