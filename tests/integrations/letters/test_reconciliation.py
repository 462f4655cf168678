"""What finance and ops read about a run says what was found, and what to do (P3.3)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest

from activities.differences import Finding, Report, ReportLetters, Run, RunState, Totals
from activities.ports import Letter
from aftersales.contract.values import Language
from domain.reconciling import Difference
from integrations.letters.reconciliation import MOST_LISTED, ReconciliationLetters
from tests.integrations.letters.cases import NUMBER, SETTINGS, usd

DAY = date(2026, 3, 2)
AT = datetime(2026, 3, 3, 4, tzinfo=UTC)


def a_run(state: RunState = RunState.DONE, **changes: object) -> Run:
    run = Run(
        provider="stripe",
        day=DAY,
        state=state,
        tries=1,
        tried_at=AT,
        lines=12,
        matched=11,
        totals=(Totals(currency="USD", theirs_minor=123450, ours_minor=112450),),
    )
    return run.model_copy(update=changes)


def finding(n: int = 1, **changes: object) -> Finding:
    found = Finding(
        finding_id=f"finding-{n}",
        provider="stripe",
        day=DAY,
        kind=Difference.MISSING_HERE,
        subject=f"{NUMBER}-{n}-1",
        number=NUMBER,
        reference=f"re_{n}",
        ours=usd(11000),
        theirs=usd(11000),
        our_state="confirming",
        found_at=AT,
    )
    return found.model_copy(update=changes)


def written(report: Report, language: Language = Language.EN, **settings: object) -> tuple[Letter, ...]:
    changes = {"staff_language": language, **settings}
    letters: ReportLetters = ReconciliationLetters(SETTINGS.model_copy(update=changes))
    return letters.report(report)


def text_of(report: Report, language: Language = Language.EN) -> str:
    [letter, _] = written(report, language)
    return f"{letter.subject}\n{letter.body}"


def test_finance_and_ops_are_written_the_same() -> None:
    report = Report(run=a_run(), findings=(finding(),))
    to_finance, to_ops = written(report)
    assert (to_finance.recipient, to_ops.recipient) == ("finance@shop.example", "ops@shop.example")
    assert to_finance.body == to_ops.body


@pytest.mark.parametrize(("ops_mail", "letters"), [("", 1), ("finance@shop.example", 1)])
def test_nobody_is_written_twice_and_no_letter_goes_nowhere(ops_mail: str, letters: int) -> None:
    assert len(written(Report(run=a_run(), findings=(finding(),)), ops_mail=ops_mail)) == letters


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (Language.EN, ["card (Stripe), 2026-03-02: 1 difference", "$1,234.50", "$1,124.50", "being confirmed"]),
        (Language.ZH_CN, ["银行卡（Stripe） 2026-03-02：1 笔差异", "US$1,234.50", "US$1,124.50", "核实中"]),
    ],
)
def test_a_difference_is_told_with_both_amounts_and_its_numbers(language: Language, told: list[str]) -> None:
    text = text_of(Report(run=a_run(), findings=(finding(),), others=2), language)
    for each in [*told, "finding-1", f"{NUMBER}-1-1", "re_1", "aftersales reconcile show 2026-03-02"]:
        assert each in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", Difference)
def test_every_kind_has_words_of_its_own(kind: Difference, language: Language) -> None:
    text = text_of(Report(run=a_run(), findings=(finding(kind=kind),)), language)
    assert kind.value not in text
    assert not re.search(r"\{[{%]|\n\n\n|None|Undefined", text)


def test_what_one_side_lacks_is_called_nothing() -> None:
    text = text_of(Report(run=a_run(), findings=(finding(ours=None, number="", our_state="", reference=""),)))
    assert "There: $110.00. Here: nothing." in text
    assert "(case" not in text


def test_finance_is_called_only_for_what_the_case_cannot_put_right() -> None:
    asked, theirs = finding(), finding(2, with_finance=True)
    assert "For finance" not in text_of(Report(run=a_run(), findings=(asked,)))
    assert "For finance to look at." in text_of(Report(run=a_run(), findings=(theirs,)))


def test_a_letter_stays_readable_however_much_was_found() -> None:
    text = text_of(Report(run=a_run(), findings=tuple(finding(n) for n in range(MOST_LISTED + 7))))
    assert text.count("being confirmed") == MOST_LISTED
    assert "And 7 more." in text


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("state", [RunState.FAILED, RunState.NOT_READY])
def test_a_statement_that_cannot_be_had_is_told_in_the_adapters_words(state: RunState, language: Language) -> None:
    text = text_of(Report(run=a_run(state, sentence="Line 7 has no amount.")), language)
    assert "Line 7 has no amount." in text
    assert "2026-03-02" in text.splitlines()[0]
