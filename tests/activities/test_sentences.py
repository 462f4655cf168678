"""Every refusal has a sentence in both languages, with the same values in it (P2.8, P3.4)."""

from __future__ import annotations

import string

import pytest

from activities.sentences import (
    _SENTENCES,
    decider_words,
    explanation_of,
    in_a_row,
    in_words,
    refusal,
    sentence,
    status_words,
)
from aftersales.contract.values import CaseStatus, ErrorCode, Language, Role
from domain.errors import AllocationImpossible, AmountRefused, CurrencyMixed, LineUnknown, QuantityRefused

NEVER_SAID_TO_A_CASE = {
    ErrorCode.CASE_UNKNOWN,
    ErrorCode.NUMBER_INVALID,
    ErrorCode.NOBODY_ANSWERS,
    ErrorCode.ENGINE_UNAVAILABLE,
    ErrorCode.STEP_CONFLICT,
}


def values_in(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("code", sorted(set(ErrorCode) - NEVER_SAID_TO_A_CASE))
def test_every_refusal_has_words(code: ErrorCode) -> None:
    chinese, english = _SENTENCES[code.value]
    assert values_in(chinese) == values_in(english)


@pytest.mark.parametrize("status", CaseStatus)
def test_every_status_has_a_name_in_both_languages(status: CaseStatus) -> None:
    assert status_words(status, Language.ZH_CN) != status_words(status, Language.EN)


def test_a_policys_new_reason_gets_the_general_explanation() -> None:
    assert explanation_of("invented_tomorrow", Language.EN) == sentence("rejected_by_policy", Language.EN)


def test_the_more_exact_sentence_keeps_the_code() -> None:
    error = refusal(ErrorCode.NOT_NOW, Language.EN, key="heard_before")
    assert error.code is ErrorCode.NOT_NOW
    assert "received before" in str(error)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (AmountRefused(500, 499, "JPY"), ErrorCode.AMOUNT_REFUSED, "¥499"),
        (QuantityRefused("cups", 3, 2), ErrorCode.UNIT_ALREADY_CLAIMED, "2 can still"),
        (LineUnknown("chair"), ErrorCode.ITEM_NOT_IN_ORDER, "no item chair"),
        (CurrencyMixed("CNY", "USD"), ErrorCode.WRONG_CURRENCY, "in CNY"),
    ],
)
def test_a_refused_amount_is_said_in_the_customers_words(
    error: AmountRefused | QuantityRefused | LineUnknown | CurrencyMixed, code: ErrorCode, said: str
) -> None:
    worded = in_words(error, Language.EN)
    assert worded.code is code
    assert said in str(worded)


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.FINANCE, None])
def test_chinese_words_are_put_into_a_chinese_sentence_without_blanks(role: Role | None) -> None:
    who = decider_words(role, Language.ZH_CN)
    told = sentence(ErrorCode.CEILING_EXCEEDED, Language.ZH_CN, limit="¥5.00", who=who)
    assert told == f"金额超出您的审批权限（上限 ¥5.00），请转交{who}处理。"


def test_several_names_are_told_as_each_language_lists_them() -> None:
    assert in_a_row(("agents", "finance"), Language.ZH_CN) == "agents、finance"
    assert in_a_row(("agents", "finance"), Language.EN) == "agents, finance"


def test_what_nobody_can_have_asked_for_is_not_dressed_up_as_a_refusal() -> None:
    with pytest.raises(AllocationImpossible):
        in_words(AllocationImpossible("a run has no units"), Language.EN)


@pytest.mark.parametrize("key", sorted(_SENTENCES))
def test_chinese_sentences_are_punctuated_as_chinese_is(key: str) -> None:
    chinese, _ = _SENTENCES[key]
    assert not set(",;:?!") & set(chinese)
