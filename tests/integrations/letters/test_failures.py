"""Why money did not arrive is told in words, and of nobody more than the customer may know (P3.2)."""

from __future__ import annotations

import pytest

from aftersales.contract.values import Language
from integrations.letters.failures import FAILURES, failure


@pytest.mark.parametrize("language", Language)
def test_a_customer_reads_why_money_did_not_arrive_and_never_a_code(language: Language) -> None:
    for code in (*FAILURES, "ACQ.BUYER_NOT_EXIST", "a_code_of_tomorrow", ""):
        told = failure(code, language)
        assert told
        assert not code or code.rpartition(".")[2] not in told


def test_a_code_of_a_family_has_the_words_of_its_last_part() -> None:
    assert failure("ACQ.BUYER_NOT_EXIST", Language.EN) == failure("BUYER_NOT_EXIST", Language.EN)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("past_refund_deadline", "time for refunds is over"),
        ("ACQ.TRADE_HAS_FINISHED", "time for refunds is over"),
        ("expired_or_canceled_card", "expired"),
        ("AC04", "closed"),
        ("USER_ACCOUNT_ABNORMAL", "cannot take money"),
        ("charge_disputed", "disputed at your bank"),
        ("chargeback_open", "disputed at your bank"),
        ("charge_already_refunded", "given back in full before"),
    ],
)
def test_each_providers_word_becomes_ours(code: str, says: str) -> None:
    assert says in failure(code, Language.EN)


@pytest.mark.parametrize("code", ["MD07", "FRAD", "RR04", "a_code_of_tomorrow", ""])
def test_what_concerns_others_or_is_not_known_is_told_as_what_is_true_of_all(code: str) -> None:
    """That an account's holder has died, or that fraud is suspected, is not for a letter."""
    assert failure(code, Language.EN) == "the payment provider did not carry it out"
