"""What holds for every case, whatever the tables say in their rows (P5.1, P6.1)."""

from __future__ import annotations

import json
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from activities.rulings import APPROVALS, Action, Facts, Goods, Listed, Right, RiskLevel
from policy import PolicyError, load_policy
from policy.sheets import DECISION
from tests.policy.cases import AMOUNTS, Document, any_case, read_document, table_of, table_or_refusal
from tests.policy.reference import known_of, row_by_reading

POLICY: Final = load_policy("v1")
COPY: Final = load_policy("v1")
DECISION_V1: Final = read_document("decision")
_CONDITIONS: Final = {
    "reason": ['"changed_mind"', '"wrong_item", "wrong_size"'],
    "amount_minor": ["<= 500", "> 2000", "[100..20000]", "> 10 and < 900", "0, 500, > 100000"],
    "days_counted": ["< 0", "[0..7]", ">= 31"],
    "goods_back": ["true", "false"],
    "risk_level": ['"high"', '"low", "medium"'],
    "right": ['"none"', '"no_reason", "fault_only"'],
}


@st.composite
def decision_tables(draw: st.DrawFn) -> Document:
    """Any rows over a few columns, and a last one for everything; rows that another hides are left out."""
    document: Document = json.loads(json.dumps(DECISION_V1))
    table = table_of(document)
    otherwise = table["rules"][-1]
    made = draw(st.lists(st.fixed_dictionaries({f: st.sampled_from(["", *c]) for f, c in _CONDITIONS.items()})))
    actions = ["approve", "review", "ask_evidence"]
    table["rules"] = [
        {**otherwise, **cells, "_id": f"row_{place}", "row": f'"row_{place}"', "action": f'"{action}"'}
        for place, (cells, action) in enumerate((each, draw(st.sampled_from(actions))) for each in made)
        if any(cells.values())
    ] + [otherwise]
    names = json.loads(document["nodes"][2]["content"]["schema"])
    names["properties"]["row"]["examples"] = [rule["_id"] for rule in table["rules"]]
    document["nodes"][2]["content"]["schema"] = json.dumps(names)
    return document


@given(any_case())
def test_every_case_is_decided_by_rows_that_are_named(case: Facts) -> None:
    ruling = POLICY.rule(case)
    assert ruling.row
    assert ruling.reason_code
    assert all(POLICY.description(each) for each in ruling.fired)


@given(decision_tables(), st.lists(any_case(), min_size=1, max_size=5))
def test_a_table_with_a_last_row_for_everything_always_decides(document: Document, cases: list[Facts]) -> None:
    while isinstance(table := table_or_refusal(DECISION, document), PolicyError):
        assert "never applies" in table.why
        rules = table_of(document)["rules"]
        rules[:] = [rule for rule in rules if rule["_id"] != table.row]
    for case in cases:
        known = known_of(POLICY, case)
        assert table.row_for(known).fired.row == row_by_reading(document, known)


@given(any_case(), AMOUNTS)
def test_a_higher_amount_is_never_approved_where_a_lower_one_is_not(case: Facts, other_minor: int) -> None:
    low, high = sorted((case.amount_minor, other_minor))
    if POLICY.rule(case.model_copy(update={"amount_minor": high})).action in APPROVALS:
        assert POLICY.rule(case.model_copy(update={"amount_minor": low})).action in APPROVALS


@given(any_case(), st.booleans())
def test_more_evidence_never_turns_an_approval_away(case: Facts, picture: bool) -> None:
    if POLICY.rule(case).action in APPROVALS:
        more = {"evidence_count": case.evidence_count + 1, "picture_count": case.picture_count + picture}
        assert POLICY.rule(case.model_copy(update=more)).action in APPROVALS


@given(any_case(), st.integers(0, 400))
def test_a_later_application_is_never_approved_where_an_earlier_one_is_not(case: Facts, later: int) -> None:
    if case.delivered and POLICY.rule(_later(case, later)).action in APPROVALS:
        assert POLICY.rule(case).action in APPROVALS


@given(any_case(), st.sampled_from([RiskLevel.HIGH, RiskLevel.UNKNOWN]), st.sampled_from(Listed))
def test_high_risk_and_lists_only_ever_lead_to_a_person(case: Facts, level: RiskLevel, listed: Listed) -> None:
    risky = POLICY.rule(case.model_copy(update={"risk_level": level, "listed": listed}))
    assert risky.action is Action.REVIEW


@given(any_case())
def test_what_stops_all_money_is_always_looked_at_by_a_person(case: Facts) -> None:
    for sign in (
        {"account_active": False},
        {"chargeback_open": True},
        {"source_down": True},
        {"evidence_reused": True},
    ):
        assert POLICY.rule(case.model_copy(update=sign)).action is Action.REVIEW


@given(any_case(), st.sampled_from(["gifts", "hygiene", "custom"]), st.booleans())
def test_more_goods_never_widen_what_is_granted(case: Facts, category: str, final_sale: bool) -> None:
    more = (*case.goods, Goods(category=category, final_sale=final_sale))
    before, after = POLICY.rule(case).standpoint, POLICY.rule(case.model_copy(update={"goods": more})).standpoint
    assert before is not None
    assert after is not None
    strictest_first = list(Right)
    assert strictest_first.index(after.right) <= strictest_first.index(before.right)
    assert before.in_window >= after.in_window or not case.delivered
    assert before.in_fault_window >= after.in_fault_window or not case.delivered


@given(any_case())
def test_a_case_is_decided_alike_again_and_by_another_copy_of_the_version(case: Facts) -> None:
    assert POLICY.rule(case) == POLICY.rule(case) == COPY.rule(case)


def _later(case: Facts, days: int) -> Facts:
    return case.model_copy(
        update={
            "days_since_delivery": case.days_since_delivery + days,
            "days_since_purchase": case.days_since_purchase + days,
        }
    )
