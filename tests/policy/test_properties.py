"""What holds for every case, whatever the table says in its rows."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from activities.ports import Action, Facts
from aftersales.contract.values import CaseKind, Reason
from policy import load_policy

POLICY: Final = load_policy("v1")
# Drawn near the bounds of the table as well: that is where a row would contradict the next.
AMOUNTS = st.one_of(st.integers(0, 10**12), st.sampled_from([0, 1, 19_999, 20_000, 20_001, 100_000, 100_001]))
CASES = st.builds(
    Facts,
    reason=st.sampled_from(Reason),
    kind=st.sampled_from(CaseKind),
    amount_minor=AMOUNTS,
    currency=st.sampled_from(["CNY", "GBP", "JPY", "KWD", "USD"]),
    days_since_delivery=st.one_of(st.integers(-1, 4000), st.sampled_from([0, 7, 8, 30, 31, 90, 91])),
    days_since_purchase=st.integers(0, 4000),
    delivered=st.booleans(),
    evidence_count=st.integers(0, 20),
    final_sale=st.booleans(),
    goods_back=st.booleans(),
    unused=st.booleans(),
    category=st.text(max_size=20),
    account_active=st.booleans(),
)


@given(CASES)
def test_every_case_is_decided_by_a_row_that_is_named(case: Facts) -> None:
    ruling = POLICY.rule(case)
    assert ruling.row
    assert ruling.reason_code


@given(CASES, AMOUNTS)
def test_a_higher_amount_is_never_approved_where_a_lower_one_is_not(case: Facts, other_minor: int) -> None:
    low, high = sorted((case.amount_minor, other_minor))
    if POLICY.rule(case.model_copy(update={"amount_minor": high})).action is Action.APPROVE:
        assert POLICY.rule(case.model_copy(update={"amount_minor": low})).action is Action.APPROVE


@given(CASES)
def test_more_evidence_never_turns_an_approval_away(case: Facts) -> None:
    if POLICY.rule(case).action is Action.APPROVE:
        more = case.model_copy(update={"evidence_count": case.evidence_count + 1})
        assert POLICY.rule(more).action is Action.APPROVE


@given(CASES)
def test_an_account_that_is_not_active_is_always_looked_at_by_a_person(case: Facts) -> None:
    assert POLICY.rule(case.model_copy(update={"account_active": False})).action is Action.REVIEW
