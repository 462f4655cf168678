"""Splitting by largest remainder (design: money, rule 2)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import AllocationImpossible
from domain.remainders import Shares, Weights, allocate, allocate_runs

TOTALS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**15), min_size=1, max_size=30)
RUNS = st.lists(st.builds(Weights, st.integers(1, 6), st.integers(0, 50)), min_size=1, max_size=6)


@given(total=TOTALS, weights=WEIGHTS)
def test_the_shares_add_up_to_the_whole(total: int, weights: list[int]) -> None:
    assert sum(allocate(total, weights)) == total


@given(total=TOTALS, weights=WEIGHTS)
def test_no_share_is_a_whole_minor_unit_off_its_exact_part(total: int, weights: list[int]) -> None:
    whole = sum(weights) or len(weights)
    parts = weights if sum(weights) else [1] * len(weights)
    for share, part in zip(allocate(total, weights), parts, strict=True):
        assert abs(share * whole - total * part) < whole


@given(total=TOTALS, weights=WEIGHTS)
def test_a_negative_total_mirrors_the_positive_one(total: int, weights: list[int]) -> None:
    assert allocate(-total, weights) == [-share for share in allocate(total, weights)]


@given(total=st.integers(0, 10**6), weights=WEIGHTS)
def test_a_heavier_unit_never_gets_less(total: int, weights: list[int]) -> None:
    shares = allocate(total, weights)
    by_weight = sorted(zip(weights, shares, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert lighter == heavier or less <= more


@given(total=TOTALS, weights=st.lists(st.integers(0, 9), min_size=2, max_size=12))
def test_what_weighs_nothing_gets_nothing_beside_what_weighs_something(total: int, weights: list[int]) -> None:
    if sum(weights):
        shares = allocate(total, weights)
        assert all(share == 0 for share, weight in zip(shares, weights, strict=True) if weight == 0)


@given(total=TOTALS, runs=RUNS)
def test_a_run_is_split_as_its_units_one_by_one_would_be(total: int, runs: list[Weights]) -> None:
    one_by_one = allocate(total, [run.weight for run in runs for _ in range(run.units)])
    in_runs = [shares.amount_minor for run in allocate_runs(total, runs) for shares in run for _ in range(shares.units)]
    assert in_runs == one_by_one


@given(total=TOTALS, runs=RUNS)
def test_a_run_stays_at_most_two_runs(total: int, runs: list[Weights]) -> None:
    split = allocate_runs(total, runs)
    assert [sum(shares.units for shares in run) for run in split] == [run.units for run in runs]
    assert all(len(run) <= 2 for run in split)


def test_ties_go_to_the_earlier_one() -> None:
    assert allocate(1, [5, 5, 5]) == [1, 0, 0]
    assert allocate(2, [5, 5, 5]) == [1, 1, 0]


def test_all_weights_zero_splits_evenly() -> None:
    assert allocate(11, [0, 0, 0]) == [4, 4, 3]


def test_a_million_units_are_split_as_two_runs() -> None:
    assert allocate_runs(1_500_001, [Weights(1_000_000, 7)]) == [(Shares(500_001, 2), Shares(499_999, 1))]


def test_nothing_is_split_over_nothing() -> None:
    assert allocate(0, []) == []


@pytest.mark.parametrize(
    ("total", "runs"), [(1, []), (1, [Weights(1, -1)]), (1, [Weights(0, 1)]), (0, [Weights(-1, 1)])]
)
def test_what_cannot_be_split_is_refused(total: int, runs: list[Weights]) -> None:
    with pytest.raises(AllocationImpossible):
        allocate_runs(total, runs)
