"""The budgets of the design, counted on the committed histories. `pytest -s` prints the table."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.replay.archive import history_files, path_of, read_history
from tests.replay.bill import Bill, bill


class Budget(NamedTuple):
    actions: int
    events: int


BUDGETS: Final = {
    "automatic_refunded": Budget(10, 35),
    "unknown_found_by_query": Budget(12, 42),
    "pending_then_webhook": Budget(15, 50),
    "reviewed_within_a_day": Budget(14, 45),
    "reviewed_after_whole_ladder": Budget(20, 65),
}
AFTERCARE_ACTIONS: Final = 6
A_LOW_ANSWER_ACTIONS: Final = 3
"""The message itself, the step that records it, and the letter that alerts somebody."""
SIZE_BYTES: Final = 30_000


@pytest.fixture(scope="module")
def bills() -> dict[Path, Bill]:
    return {file: bill(read_history(file).events) for file in history_files()}


def bills_of(bills: dict[Path, Bill], path: str) -> list[Bill]:
    """Of every release."""
    return [cost for file, cost in bills.items() if path_of(file) == path]


def test_the_bill_of_every_path(bills: dict[Path, Bill]) -> None:
    """The same numbers for all paths, for whoever wants to see them."""
    print(f"\n{'path':32}{'actions':>9}{'events':>9}{'at most':>9}{'aftercare':>11}{'bytes':>9}")  # noqa: T201
    for file, cost in bills.items():
        row = f"{cost.actions:9}{cost.events:9}{cost.events_at_most:9}{cost.aftercare:11}{cost.size_bytes:9}"
        print(f"{path_of(file):32}{row}")  # noqa: T201
    assert {path_of(file) for file in bills} >= set(BUDGETS)


@pytest.mark.parametrize("path", BUDGETS)
def test_a_case_costs_no_more_than_its_budget_until_its_outcome(bills: dict[Path, Bill], path: str) -> None:
    budget = BUDGETS[path]
    for cost in bills_of(bills, path):
        assert cost.actions <= budget.actions
        assert cost.events <= budget.events


def test_a_case_that_nobody_speaks_to_any_more_costs_little_to_close(bills: dict[Path, Bill]) -> None:
    quiet = {file.stem: cost.aftercare for file, cost in bills.items() if cost.quiet}
    assert len(quiet) >= len(BUDGETS)
    assert {stem: actions for stem, actions in quiet.items() if actions > AFTERCARE_ACTIONS} == {}


def test_a_message_after_the_outcome_adds_only_its_own(bills: dict[Path, Bill]) -> None:
    for cost in bills_of(bills, "survey_answered_low"):
        assert cost.aftercare <= AFTERCARE_ACTIONS + A_LOW_ANSWER_ACTIONS


def test_no_history_grows_large(bills: dict[Path, Bill]) -> None:
    assert {file.stem: cost.size_bytes for file, cost in bills.items() if cost.size_bytes > SIZE_BYTES} == {}
