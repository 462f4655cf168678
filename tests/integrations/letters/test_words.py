"""Every code that a letter can name has a phrase in both languages: nobody reads a code of ours (P2.8, P3.4)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from activities.assessment import POLICY_MISSING
from activities.customer_messages import APPEALED
from activities.destinations import DESTINATION_CHANGED
from activities.rulings import Action
from activities.sentences import sentence
from aftersales.contract.values import AmountKind, Language, LegState, Reason
from domain.breakdown import NoteCode
from domain.rails import BY_HAND, GIFT_CARD, STORE_CREDIT
from integrations.letters.words import (
    AMOUNTS,
    LEG_STATES,
    NOTES,
    PROVIDERS,
    REASONS,
    REVIEW_CAUSES,
    Phrases,
    phrase,
)
from integrations.providers import NAMES
from policy.loader import load_policy, packaged_names
from policy.unusable import POLICY_UNUSABLE

BY_OURSELVES = {POLICY_MISSING, POLICY_UNUSABLE, APPEALED, DESTINATION_CHANGED}
"""Reasons for which the steps, and no policy, send a case to a person."""


def reason_codes(*actions: Action) -> set[str]:
    """Of the rows of all packaged policies that say so."""
    rows = [row for name in packaged_names() for row in load_policy(name).tables.decision.rows.values()]
    found = {row.answer.reason_code for row in rows if row.answer.action in actions}
    assert found, f"no policy says {actions}"
    return found


def without_words(codes: Iterable[str], phrases: Phrases) -> set[str]:
    return {code for code in codes if not all(phrases.get(code, ("", "")))}


def test_every_reason_of_a_policy_has_words_for_the_person_who_reviews() -> None:
    """Whatever it says: an approval is held back, and what is turned down for the staff is advice."""
    assert without_words(reason_codes(*Action) | BY_OURSELVES, REVIEW_CAUSES) == set()


@pytest.mark.parametrize("language", Language)
def test_every_reason_to_refuse_by_policy_has_a_sentence_of_its_own(language: Language) -> None:
    for code in reason_codes(Action.REJECT):
        assert sentence(code, language)


@pytest.mark.parametrize(
    ("codes", "phrases"),
    [
        (Reason, REASONS),
        (AmountKind, AMOUNTS),
        (NoteCode, NOTES),
        (LegState, LEG_STATES),
        ((*NAMES, STORE_CREDIT, GIFT_CARD, BY_HAND), PROVIDERS),
    ],
)
def test_every_word_of_a_closed_list_has_its_phrases(codes: Iterable[str], phrases: Phrases) -> None:
    assert without_words(codes, phrases) == set()


def test_a_code_without_a_phrase_is_told_as_it_is() -> None:
    """A reviewer may name a reason of their own."""
    assert phrase(REVIEW_CAUSES, "another_shop", Language.EN) == "another_shop"
