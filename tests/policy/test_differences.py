"""Comparing two versions shows every row and cell that is not what it was, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy.differences import Difference, How, differences
from policy.errors import PolicyError
from policy.loader import read_folder
from tests.policy.cases import V1, Document, Spoil, row_of, spoilt, table_of


def another_bound(document: Document) -> None:
    row_of(document, "fault_shown")["amount_minor"] = "<= 30000"


def another_order(document: Document) -> None:
    rules = table_of(document)["rules"]
    rules[0], rules[1] = rules[1], rules[0]


def another_row(document: Document) -> None:
    rules = table_of(document)["rules"]
    rules.insert(0, {**rules[0], "_id": "new"})


def a_row_less(document: Document) -> None:
    del table_of(document)["rules"][0]


def another_column(document: Document) -> None:
    """A column that asks for nothing says nothing."""
    table = table_of(document)
    table["inputs"].append({"id": "x", "name": "Score", "field": "risk_score"})
    for rule in table["rules"]:
        rule["x"] = ""


def another_id_of_a_column(document: Document) -> None:
    table = table_of(document)
    table["inputs"][0]["id"] = "renamed"
    for rule in table["rules"]:
        rule["renamed"] = rule.pop("account_active")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (another_bound, [("fault_shown", How.CHANGED, "amount_minor", "<= 20000", "<= 30000")]),
        (another_order, [("chargeback_open", How.MOVED), ("account_not_active", How.MOVED)]),
        (another_row, [("new", How.ADDED)]),
        (a_row_less, [("account_not_active", How.TAKEN_OUT)]),
        (another_column, []),
        (another_id_of_a_column, []),
    ],
)
def test_what_is_otherwise_is_named(tmp_path: Path, spoil: Spoil, found: list[tuple[str, ...]]) -> None:
    changed = read_folder(spoilt(tmp_path, "decision.json", spoil))
    wanted = [Difference("decision", row, How(how), *cells) for row, how, *cells in found]
    assert differences(read_folder(V1), changed) == wanted


def test_a_number_of_risk_or_breaking_is_named_by_its_place(tmp_path: Path) -> None:
    changed = read_folder(spoilt(tmp_path, "risk.json", lambda content: content["points"].update(guest=6)))
    assert differences(read_folder(V1), changed) == [Difference("risk", "", How.CHANGED, "points.guest", "5", "6")]


def test_a_file_that_is_no_table_is_named(tmp_path: Path) -> None:
    broken = read_folder(spoilt(tmp_path, "ladder.json", lambda document: document.pop("nodes")))
    with pytest.raises(PolicyError, match="In table 'ladder'"):
        differences(read_folder(V1), broken)
