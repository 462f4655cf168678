"""The picture of a back-test."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from activities.rulings import Action
from policy.backtest import BackTest
from policy.charts import WORDS, AnalysisMissingError, write_chart
from tests.fakes.policy import FakePolicy
from tests.support.assessed import past_case


def back_test() -> BackTest:
    test = BackTest(FakePolicy(Action.APPROVE))
    test.add([past_case(action=Action.REVIEW)] * 7 + [past_case()] * 5)
    return test


def test_the_chart_says_in_both_languages_how_many_cases_change(tmp_path: Path) -> None:
    write_chart(back_test(), "Back-test 草案回测", tmp_path / "chart.svg")
    picture = ElementTree.parse(tmp_path / "chart.svg")  # noqa: S314 - our own file
    said = {"".join(text.itertext()) for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Back-test 草案回测", "Decisions 决定", "review 人工审核 → approve 同意退款", "7", "12"} <= said


def test_every_way_of_deciding_has_its_words() -> None:
    assert set(WORDS) == set(Action)


def test_where_nothing_changes_there_is_a_chart_all_the_same(tmp_path: Path) -> None:
    write_chart(BackTest(FakePolicy()), "Back-test", tmp_path / "chart.svg")
    assert "none 无" in (tmp_path / "chart.svg").read_text(encoding="utf-8")


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(AnalysisMissingError, match=r"aftersales-service\[analysis\]"):
        write_chart(back_test(), "Back-test", tmp_path / "chart.svg")
