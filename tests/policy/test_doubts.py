"""What may be meant and is seldom meant is asked about, and refuses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.rulings import APPROVALS
from policy import load_policy
from policy.doubts import doubts_of
from tests.policy.cases import Document, Spoil, facts, row_of, spoilt, table_of


def approves_from_an_amount_on(document: Document) -> None:
    row_of(document, "wrong_size_back").update(amount_minor="[500..100000]", currency='"CNY"')


def keeps_small_amounts(document: Document) -> None:
    row_of(document, "return_or_exchange").update(
        kind="", reason='"wrong_item", "quality_problem"', amount_minor="< 900", currency='"CNY"'
    )


def leaves_a_hole(document: Document) -> None:
    """The smaller amounts are approved by the row above it, but the very smallest."""
    row_of(document, "fault_small_yuan")["amount_minor"] = "[10..2000]"


def begins_where_the_row_above_ends(document: Document) -> None:
    row_of(document, "fault_shown").update(amount_minor="[2001..20000]", currency='"CNY", "HKD"')


def test_the_packaged_version_leaves_no_doubt() -> None:
    assert doubts_of(load_policy("v1")) == []


def an_amount_of_any_currency(document: Document) -> None:
    row_of(document, "wrong_size_back").update(amount_minor="<= 100000", currency="")


def rows_of(document: Document, below: str, *asked: dict[str, str]) -> None:
    """Rows that say what another one says, above it, each of which asks for something else besides."""
    rules, row = table_of(document)["rules"], row_of(document, below)
    place = rules.index(row)
    rules[place:place] = [{**row, **each, "_id": f"n{n}", "row": f'"n{n}"'} for n, each in enumerate(asked)]


def both_answers_above(document: Document) -> None:
    rows_of(document, "wrong_size_back", {"unused": "true"}, {"unused": "false"})


def every_amount_above(document: Document) -> None:
    yuan = {"currency": '"CNY"'}
    rows_of(document, "wrong_size_back", {**yuan, "amount_minor": "<= 500"}, {**yuan, "amount_minor": "> 500"})
    row_of(document, "wrong_size_back").update(yuan)


def one_answer_and_another_fact_above(document: Document) -> None:
    rows_of(document, "wrong_size_back", {"unused": "true"}, {"packaging_intact": "false"})


@pytest.mark.parametrize("spoil", [both_answers_above, every_amount_above])
def test_a_row_that_several_together_hide_is_asked_about(tmp_path: Path, spoil: Spoil) -> None:
    [doubt] = doubts_of(load_policy(spoilt(tmp_path, "decision.json", spoil)))
    assert "row 'wrong_size_back' never applies: together the rows 'n0', 'n1'" in doubt


def test_a_row_to_which_some_case_is_left_is_not(tmp_path: Path) -> None:
    assert doubts_of(load_policy(spoilt(tmp_path, "decision.json", one_answer_and_another_fact_above))) == []


def test_an_amount_without_its_currency_is_asked_about(tmp_path: Path) -> None:
    [doubt] = doubts_of(load_policy(spoilt(tmp_path, "decision.json", an_amount_of_any_currency)))
    assert "row 'wrong_size_back' asks for an amount in minor units of whatever currency" in doubt


@pytest.mark.parametrize(
    ("spoil", "row"),
    [
        (approves_from_an_amount_on, "'wrong_size_back' approves from an amount on"),
        (keeps_small_amounts, "'return_or_exchange' keeps amounts from row 'fault_back'"),
        (leaves_a_hole, "'fault_small_yuan' approves from an amount on"),
    ],
)
def test_a_row_by_which_more_money_is_easier_to_get_is_asked_about(tmp_path: Path, spoil: Spoil, row: str) -> None:
    [doubt] = doubts_of(load_policy(spoilt(tmp_path, "decision.json", spoil)))
    assert row in doubt


def test_an_amount_that_a_row_above_approves_already_is_no_doubt(tmp_path: Path) -> None:
    assert doubts_of(load_policy(spoilt(tmp_path, "decision.json", begins_where_the_row_above_ends))) == []


def test_a_doubt_is_true_of_some_case(tmp_path: Path) -> None:
    policy = load_policy(spoilt(tmp_path, "decision.json", approves_from_an_amount_on))
    small, large = (
        policy.rule(facts(reason="wrong_size", goods_back=True, amount_minor=minor)).action for minor in (499, 500)
    )
    assert small not in APPROVALS
    assert large in APPROVALS
