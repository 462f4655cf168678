"""A table asks the engine once for all facts that are alike to its cells, and answers as if it asked each time."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rulings import Facts
from policy import PolicyError, load_policy
from policy.sheets import DECISION
from tests.policy.cases import any_case, facts, read_document, row_of, table_or_refusal
from tests.policy.reference import known_of, row_by_reading

POLICY: Final = load_policy("v1")
DOCUMENT: Final = read_document("decision")


@given(any_case(), st.integers(-3, 3))
def test_what_is_answered_from_memory_is_what_the_cells_say(case: Facts, off: int) -> None:
    """Of numbers near each other as well, which share an answer wherever no cell tells them apart."""
    near = case.model_copy(update={"amount_minor": max(case.amount_minor + off, 0)})
    for each in (case, near, case):
        known = known_of(POLICY, each)
        assert POLICY.tables.decision.row_for(known).fired.row == row_by_reading(DOCUMENT, known)


@pytest.mark.parametrize("amount_minor", [0, 1, 2_000, 2_001, 20_000, 20_001, 10**12])
def test_a_bound_is_never_blurred_by_what_was_asked_before(amount_minor: int) -> None:
    wanted = "fault_small_yuan" if amount_minor <= 2_000 else "fault_shown"
    wanted = wanted if amount_minor <= 20_000 else "fault_shown_large"
    assert POLICY.rule(facts(amount_minor=amount_minor)).row == wanted


def test_a_number_that_is_none_is_an_error_and_no_decision() -> None:
    with pytest.raises(PolicyError, match="In table 'decision': it cannot decide"):
        POLICY.rule(facts().model_copy(update={"amount_minor": "9990"}))


def test_a_row_tells_what_it_asks_for_and_why_it_is_there() -> None:
    row = POLICY.tables.decision.rows["fault_shown"]
    assert set(row.asks) == {"reason", "days_counted", "amount_minor", "currency"}
    assert row.asks["amount_minor"].holds(20_000)
    assert not row.asks["amount_minor"].holds(20_001)
    assert row.description.startswith("A fault shown within thirty days")


def test_a_document_that_was_refused_makes_no_table() -> None:
    document = read_document("decision")
    row_of(document, "listed")["listed"] = '"blok"'
    assert isinstance(table_or_refusal(DECISION, document), PolicyError)
