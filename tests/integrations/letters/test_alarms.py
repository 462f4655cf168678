"""What supervisors read when automatic approval stopped says why, and how to start it again (P5.1)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from activities.alerting import AlarmLetters
from activities.precautions import Breaker
from aftersales.contract.values import Language
from domain.budgets import Cause
from integrations.letters.alarms import BreakerLetters
from tests.integrations.letters.cases import SETTINGS

OPENED = Breaker(open=True, changed_at=datetime(2026, 11, 23, 9, 30, tzinfo=UTC), seen=40, against=12)
BY_A_PERSON = {"why": "Strange orders\nsince noon.", "changed_by": "boss-1"}


def told(language: Language, **changes: object) -> str:
    letters: AlarmLetters = BreakerLetters(SETTINGS.model_copy(update={"staff_language": language}))
    [letter] = letters.opened(OPENED.model_copy(update=changes))
    assert (letter.recipient, letter.language) == (SETTINGS.supervisors_mail, language)
    assert "\n" not in letter.subject
    assert not re.search(r"\{[{%]|\n\n\n|None|Undefined", letter.body)
    return f"{letter.subject}\n{letter.body}"


@pytest.mark.parametrize(
    ("changes", "chinese", "english"),
    [
        ({"why": Cause.REFUND_RATE}, "自动批准了 40 笔退款，平时约为 12 笔", "40 refunds were approved automatically"),
        ({"why": Cause.PROVIDER_FAILURES}, "12 笔付款中，有 40 笔失败", "hour's 12 payments, 40 failed"),
        (BY_A_PERSON, "由 boss-1 停止：Strange orders since noon.", "boss-1 stopped it: Strange orders since noon."),
    ],
)
def test_it_says_why_in_both_languages(changes: dict[str, object], chinese: str, english: str) -> None:
    assert chinese in told(Language.ZH_CN, **changes)
    assert english in told(Language.EN, **changes)


@pytest.mark.parametrize("language", Language)
def test_it_says_since_when_and_by_which_command_it_goes_on(language: Language) -> None:
    text = told(language, why=Cause.REFUND_RATE)
    assert "aftersales budget close --reason" in text
    assert "17:30" in text, "the moment in the shop's own time zone"


def test_without_an_address_nobody_is_written_to() -> None:
    assert BreakerLetters(SETTINGS.model_copy(update={"supervisors_mail": ""})).opened(OPENED) == ()
