"""The engine skips a cell it cannot read; so a table with such a cell never gets as far as deciding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy import PolicyError, load_policy
from policy.loader import PACKAGED
from tests.policy.cases import Document, Spoil, row_of, spoilt, table_of

TABLE = table_of(json.loads((PACKAGED / "v1" / "refund.json").read_text(encoding="utf-8")))
COLUMNS = [column["id"] for column in (*TABLE["inputs"], *TABLE["outputs"])]
FILLED = [(rule["_id"], column) for rule in TABLE["rules"] for column in COLUMNS if rule[column]]


def slips(cell: str) -> list[str]:
    """What a tired hand makes of a cell."""
    letters = [cell[:place] + cell[place + 1 :] for place, sign in enumerate(cell) if sign.isalpha()]
    unquoted = [cell.replace('"', "", 1)] if '"' in cell else []
    return [*letters[:2], *unquoted, cell + " x", "=< " + cell, "1.5", "nothing"]


@pytest.mark.parametrize(("row", "column"), FILLED)
def test_a_slip_in_any_cell_is_refused_with_its_place(tmp_path: Path, row: str, column: str) -> None:
    cell = next(rule[column] for rule in TABLE["rules"] if rule["_id"] == row)
    for slip in slips(cell):

        def spoil(document: Document, slip: str = slip) -> None:
            row_of(document, row)[column] = slip

        with pytest.raises(PolicyError, match="In table 'refund'") as refusal:
            load_policy(spoilt(tmp_path, "refund.json", spoil))
        assert (refusal.value.row, refusal.value.column) == (row, column), slip


def test_slips_are_tried_in_every_column() -> None:
    assert {column for _, column in FILLED} == set(COLUMNS)


def no_catch_all(document: Document) -> None:
    table_of(document)["rules"].pop()


def catch_all_approves(document: Document) -> None:
    row_of(document, "otherwise")["action"] = '"approve"'


def catch_all_in_between(document: Document) -> None:
    row_of(document, "account_not_active")["account_active"] = ""


def two_rows_of_one_name(document: Document) -> None:
    rules = table_of(document)["rules"]
    rules.insert(0, dict(rules[0]))


def row_without_id(document: Document) -> None:
    del table_of(document)["rules"][2]["_id"]


def trace_names_another_row(document: Document) -> None:
    row_of(document, "final_sale")["row"] = '"not_received"'


def cell_missing(document: Document) -> None:
    del row_of(document, "fault_shown")["amount_minor"]


def cell_under_a_misspelt_key(document: Document) -> None:
    row_of(document, "fault_shown")["amount_minr"] = "<= 5"


def unknown_fact(document: Document) -> None:
    table_of(document)["inputs"][2]["field"] = "raeson"


def output_missing(document: Document) -> None:
    table_of(document)["outputs"].pop()


def one_column_twice(document: Document) -> None:
    table_of(document)["inputs"].append(table_of(document)["inputs"][0])


def no_input_schema(document: Document) -> None:
    document["nodes"][0]["content"]["schema"] = ""


def schema_without_a_fact(document: Document) -> None:
    content = document["nodes"][0]["content"]
    schema = json.loads(content["schema"])
    del schema["properties"]["unused"]
    content["schema"] = json.dumps(schema)


def schema_with_fractions(document: Document) -> None:
    content = document["nodes"][0]["content"]
    content["schema"] = content["schema"].replace('"integer"', '"number"', 1)


def schema_with_another_type(document: Document) -> None:
    content = document["nodes"][0]["content"]
    content["schema"] = content["schema"].replace('"boolean"', '"integer"', 1)


def empty_range(document: Document) -> None:
    row_of(document, "fault_shown")["days_since_delivery"] = "[30..0]"


def all_hits(document: Document) -> None:
    table_of(document)["hitPolicy"] = "collect"


def edges_crossed(document: Document) -> None:
    document["edges"].reverse()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_catch_all, "last row must hold for everything"),
        (catch_all_approves, "must go to review"),
        (catch_all_in_between, "rows below it never apply"),
        (two_rows_of_one_name, "two rows have this id"),
        (row_without_id, "row number 3 has no _id"),
        (trace_names_another_row, "must name its own row"),
        (cell_missing, "'amount_minor': the cell is missing"),
        (cell_under_a_misspelt_key, "no such column"),
        (unknown_fact, "no fact 'raeson'"),
        (output_missing, "missing tender_order"),
        (one_column_twice, "an id of its own"),
        (no_input_schema, "schema"),
        (schema_without_a_fact, "missing unused"),
        (schema_with_fractions, "'string', 'integer' or 'boolean'"),
        (schema_with_another_type, "it is boolean"),
        (empty_range, "is empty"),
        (all_hits, "first"),
        (edges_crossed, "edges must lead"),
    ],
)
def test_a_table_that_decides_otherwise_than_it_reads_is_refused(tmp_path: Path, spoil: Spoil, sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        load_policy(spoilt(tmp_path, "refund.json", spoil))


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "", lambda _: None)
    (folder / "timings.json").write_text('{"survey_after_s": 1, "survey_after_s": 2}', encoding="utf-8")
    with pytest.raises(PolicyError, match="survey_after_s stands twice"):
        load_policy(folder)


def test_a_version_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(PolicyError, match=r"no policy version 'v0'.*v1"):
        load_policy("v0")


def test_a_file_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "", lambda _: None)
    (folder / "refunds.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PolicyError, match=r"refund\.json and timings\.json"):
        load_policy(folder)
