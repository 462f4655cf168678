"""The engine skips a cell it cannot read; so a table with such a cell never gets as far as deciding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy import PolicyError, load_policy
from policy.loader import faults_of, read_folder
from policy.sheets import NAMES, SHEETS
from tests.policy.cases import V1, Document, Spoil, read_document, row_of, spoilt, table_of


@pytest.mark.parametrize("sheet", [sheet.name for sheet in SHEETS])
def test_a_slip_in_any_table_refuses_the_version_and_names_sheet_row_and_column(tmp_path: Path, sheet: str) -> None:
    rule = table_of(read_document(sheet))["rules"][0]
    column = next(key for key in rule if not key.startswith("_") and rule[key] and key != "row")

    def spoil(document: Document) -> None:
        row_of(document, rule["_id"])[column] = "tru"

    with pytest.raises(PolicyError, match=f"In table '{sheet}', row '{rule['_id']}', column '{column}'") as refusal:
        load_policy(spoilt(tmp_path, f"{sheet}.json", spoil))
    assert (refusal.value.table, refusal.value.row, refusal.value.column) == (sheet, rule["_id"], column)


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


def column_without_a_name(document: Document) -> None:
    table_of(document)["inputs"][2]["name"] = ""


def output_missing(document: Document) -> None:
    table_of(document)["outputs"].pop()


def one_column_twice(document: Document) -> None:
    table_of(document)["inputs"].append(table_of(document)["inputs"][0])


def two_columns_for_one_fact(document: Document) -> None:
    """The engine asks for both, our own reading would know of one."""
    table_of(document)["inputs"].append({"id": "amount_2", "name": "Amount", "field": "amount_minor"})
    for rule in table_of(document)["rules"]:
        rule["amount_2"] = ""


def no_input_schema(document: Document) -> None:
    document["nodes"][0]["content"]["schema"] = ""


def _in_schema(document: Document, spoil: Spoil) -> None:
    content = document["nodes"][0]["content"]
    schema = json.loads(content["schema"])
    spoil(schema["properties"])
    content["schema"] = json.dumps(schema)


def schema_without_a_fact(document: Document) -> None:
    _in_schema(document, lambda properties: properties.pop("unused"))


def schema_with_fractions(document: Document) -> None:
    _in_schema(document, lambda properties: properties["amount_minor"].update(type="number"))


def schema_with_another_type(document: Document) -> None:
    _in_schema(document, lambda properties: properties["unused"].update(type="integer"))


def schema_with_a_bound(document: Document) -> None:
    """Facts beyond it would be an error when a case is to be decided."""
    _in_schema(document, lambda properties: properties["amount_minor"].update(maximum=5))


def schema_without_a_word(document: Document) -> None:
    _in_schema(document, lambda properties: properties["risk_level"]["enum"].remove("high"))


def schema_with_a_currency_of_nobodys(document: Document) -> None:
    _in_schema(document, lambda properties: properties["currency"].update(examples=["CNY", "RMB"]))


def examples_for_a_closed_list(document: Document) -> None:
    _in_schema(document, lambda properties: properties["reason"].update(examples=["gift"]))


def empty_range(document: Document) -> None:
    row_of(document, "fault_shown")["days_counted"] = "[30..0]"


def bounds_that_exclude_each_other(document: Document) -> None:
    row_of(document, "fault_shown")["days_counted"] = "> 30 and < 3"


def below_every_amount(document: Document) -> None:
    row_of(document, "fault_shown")["amount_minor"] = "< 0"


def a_word_twice(document: Document) -> None:
    row_of(document, "fault_shown")["currency"] = '"CNY", "CNY"'


def all_hits(document: Document) -> None:
    table_of(document)["hitPolicy"] = "collect"


def edges_crossed(document: Document) -> None:
    document["edges"].reverse()


def hidden_row(document: Document) -> None:
    row_of(document, "changed_mind_not_back")["goods_back"] = ""


def risk_rejects(document: Document) -> None:
    row_of(document, "risk_high")["action"] = '"reject"'


def list_rejects(document: Document) -> None:
    row_of(document, "listed")["action"] = '"reject"'


def reason_code_in_capitals(document: Document) -> None:
    row_of(document, "listed")["reason_code"] = '"LISTED"'


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (no_catch_all, "last row must hold for everything"),
        (catch_all_approves, "column 'action': what no row knows must get \"review\""),
        (catch_all_in_between, "rows below it never apply"),
        (two_rows_of_one_name, "two rows have this id"),
        (row_without_id, "row number 3 has no _id"),
        (trace_names_another_row, "must name its own row"),
        (cell_missing, "'amount_minor': the cell is missing"),
        (cell_under_a_misspelt_key, "no such column"),
        (unknown_fact, "no fact 'raeson'"),
        (column_without_a_name, "has no name"),
        (output_missing, "missing reason_code"),
        (one_column_twice, "an id of its own"),
        (two_columns_for_one_fact, "column 'amount_2': another column asks for the fact 'amount_minor' already"),
        (no_input_schema, "schema"),
        (schema_without_a_fact, "missing unused"),
        (schema_with_fractions, "'string', 'integer' or 'boolean'"),
        (schema_with_another_type, "it is boolean"),
        (schema_with_a_bound, "maximum"),
        (schema_without_a_word, "closed list of risk_level is wrong: missing high"),
        (schema_with_a_currency_of_nobodys, "'RMB' is no currency"),
        (examples_for_a_closed_list, "only an open list"),
        (empty_range, "is empty"),
        (bounds_that_exclude_each_other, "no number is within both"),
        (below_every_amount, "never below 0"),
        (a_word_twice, "names a value twice"),
        (all_hits, "first"),
        (edges_crossed, "edges must lead"),
        (hidden_row, "row 'changed_mind_used': this row never applies: row 'changed_mind_not_back'"),
        (risk_rejects, "row 'risk_high', column 'risk_level': a row that asks for risk must not reject"),
        (list_rejects, "row 'listed', column 'listed': a row that asks for risk must not reject"),
        (reason_code_in_capitals, "'LISTED' is not a known value"),
    ],
)
def test_a_table_that_decides_otherwise_than_it_reads_is_refused(tmp_path: Path, spoil: Spoil, sentence: str) -> None:
    with pytest.raises(PolicyError, match="In table 'decision'") as refusal:
        load_policy(spoilt(tmp_path, "decision.json", spoil))
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("sheet", "row", "changes", "sentence"),
    [
        ("eligibility", "ordinary", {"window_days": "-1"}, "column 'window_days'"),
        ("eligibility", "ordinary", {"window_days": "3651"}, "column 'window_days'"),
        ("evidence", "fault", {"pictures": "2"}, "cannot be more of them"),
        ("amounts", "changed_mind_used", {"restocking_fee_bp": "10001"}, "column 'restocking_fee_bp'"),
        ("routing", "chargeback", {"group": '"finances"'}, "'finances' is not a known value"),
        ("ladder", "ordinary", {"review_notice_s": "86400"}, "must rise"),
        ("ladder", "ordinary", {"payout_reminder_s": "2592000"}, "payout_reminder_s must be below"),
        ("ladder", "ordinary", {"payment_poll_s": "0"}, "column 'payment_poll_s'"),
        ("aftercare", "ordinary", {"survey_after_s": "1.5"}, "column 'survey_after_s'"),
        ("aftercare", "ordinary", {"survey_reminder_s": "1814400"}, "survey_reminder_s must be below"),
        ("ceilings", "yuan", {"agent_case": "2000001"}, "must not fall"),
        ("ceilings", "yuan", {"automatic_case": "300001"}, "must not fall"),
        ("ceilings", "yuan", {"period_days": "0"}, "column 'period_days'"),
        ("ceilings", "otherwise", {"automatic_day": "1"}, "column 'automatic_day': what no row knows must get 0"),
    ],
)
def test_an_answer_out_of_its_bounds_is_refused(
    tmp_path: Path, sheet: str, row: str, changes: dict[str, str], sentence: str
) -> None:
    folder = spoilt(tmp_path, f"{sheet}.json", lambda document: row_of(document, row).update(changes))
    with pytest.raises(PolicyError, match=f"In table '{sheet}', row '{row}'") as refusal:
        load_policy(folder)
    assert sentence in str(refusal.value)


@pytest.mark.parametrize(
    ("file", "spoil", "sentence"),
    [
        ("risk", lambda content: content["points"].pop("guest"), "missing signs: guest"),
        ("risk", lambda content: content["points"].update(gest=1), "unknown: gest"),
        ("risk", lambda content: content["points"].update(guest="5"), "guest"),
        ("risk", lambda content: content.update(high_from=30), "medium_from must be below high_from"),
        ("risk", lambda content: content.update(high_from=6000), "or no risk is ever high"),
        ("risk", lambda content: content.update(low_from=1), "low_from"),
        ("breaking", lambda content: content.update(failure_percent=101), "failure_percent"),
        ("breaking", lambda content: content.pop("days"), "days"),
        ("breaking", lambda content: content.update(least_cases=10**6), "least_cases"),
    ],
)
def test_risk_and_breaking_are_read_strictly(tmp_path: Path, file: str, spoil: Spoil, sentence: str) -> None:
    with pytest.raises(PolicyError, match=f"In table '{file}'") as refusal:
        load_policy(spoilt(tmp_path, f"{file}.json", spoil))
    assert sentence in str(refusal.value)


def test_routing_by_a_reason_code_that_no_decision_gives_is_refused(tmp_path: Path) -> None:
    def spoil(document: Document) -> None:
        table = table_of(document)
        table["inputs"].append({"id": "reason_code", "name": "Reason code", "field": "reason_code"})
        for rule in table["rules"]:
            rule["reason_code"] = ""
        table["rules"][0]["reason_code"] = '"given_by_nobody"'
        _in_schema(document, lambda properties: properties["reason_code"].update(examples=["given_by_nobody"]))

    with pytest.raises(PolicyError, match=r"row 'chargeback', column 'reason_code'.*'given_by_nobody'"):
        load_policy(spoilt(tmp_path, "routing.json", spoil))


def test_every_file_and_every_cell_is_looked_at_before_anybody_is_sent_back_to_work(tmp_path: Path) -> None:
    def two_slips(document: Document) -> None:
        row_of(document, "listed").update(listed='"blok"', action='"revew"')
        del row_of(document, "fault_shown")["amount_minor"]

    folder = spoilt(tmp_path, "decision.json", two_slips)
    (folder / "risk.json").write_text('{"points": 1}', encoding="utf-8")
    assert [(fault.table, fault.row, fault.column) for fault in faults_of(read_folder(folder))] == [
        ("decision", "listed", "listed"),
        ("decision", "listed", "action"),
        ("decision", "fault_shown", "amount_minor"),
        ("risk", "", "points"),
        ("risk", "", "medium_from"),
        ("risk", "", "high_from"),
    ]
    assert faults_of(read_folder(V1)) == []


def test_rows_are_compared_once_every_cell_of_them_is_sound(tmp_path: Path) -> None:
    def hidden_twice(document: Document) -> None:
        hidden_row(document)
        risk_rejects(document)

    faults = faults_of(read_folder(spoilt(tmp_path, "decision.json", hidden_twice)))
    assert (faults[0].row, faults[-1].row) == ("changed_mind_used", "risk_high")
    assert faults_of(read_folder(spoilt(tmp_path, "decision.json", no_catch_all)))[0].why.startswith("the last row")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "", lambda _: None)
    (folder / "breaking.json").write_text('{"days": 1, "days": 2}', encoding="utf-8")
    with pytest.raises(PolicyError, match="days stands twice"):
        load_policy(folder)


def test_a_version_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(PolicyError, match=r"no policy version 'v0'.*v1"):
        load_policy("v0")


def test_a_file_that_nothing_reads_is_refused(tmp_path: Path) -> None:
    folder = spoilt(tmp_path, "", lambda _: None)
    (folder / "decisions.json").write_text("{}", encoding="utf-8")
    (folder / "risk.json").unlink()
    with pytest.raises(PolicyError, match=r"missing risk, not known decisions"):
        load_policy(folder)
    assert len(NAMES) == 10
