"""Splitting an amount by largest remainder (design: money, rule 2).

Every share is floored; the minor units left over go to the largest remainders, ties to the earlier one. All
weights zero: split evenly. A negative total mirrors the positive one. Equal weights side by side are
handled as one run, so an order of a million units costs no more than one of two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import AllocationImpossible


class Weights(NamedTuple):
    """`units` neighbours of the same weight."""

    units: int
    weight: int


class Shares(NamedTuple):
    """`units` neighbours that get the same amount each, in minor units."""

    units: int
    amount_minor: int


def allocate(total_minor: int, weights: Sequence[int]) -> list[int]:
    """Split `total_minor` over `weights`; the shares add up to it exactly. Raises `AllocationImpossible`."""
    split = allocate_runs(total_minor, [Weights(1, weight) for weight in weights])
    return [shares.amount_minor for run in split for shares in run]


def allocate_runs(total_minor: int, runs: Sequence[Weights]) -> list[tuple[Shares, ...]]:
    """The same over runs of equal weights: for each run one or two runs of shares, the larger ones first.

    Raises `AllocationImpossible` on a negative weight, an empty run, or an amount with nothing to split it
    over.
    """
    _refuse_impossible(total_minor, runs)
    if total_minor < 0:
        return [_mirrored(run) for run in allocate_runs(-total_minor, runs)]
    whole = sum(run.units * run.weight for run in runs)
    if whole == 0:
        runs = [Weights(run.units, 1) for run in runs]
        whole = sum(run.units for run in runs)
    floors = [total_minor * run.weight // whole for run in runs] if whole else []
    left_over = total_minor - sum(run.units * floor for run, floor in zip(runs, floors, strict=True))
    raised = [0] * len(runs)
    for index in _by_remainder(total_minor, whole, runs):
        raised[index] = min(left_over, runs[index].units)
        left_over -= raised[index]
    return [_shares(run.units, *pair) for run, *pair in zip(runs, floors, raised, strict=True)]


def _refuse_impossible(total_minor: int, runs: Sequence[Weights]) -> None:
    if any(run.weight < 0 for run in runs):
        raise AllocationImpossible("a weight is negative")
    if any(run.units < 1 for run in runs):
        raise AllocationImpossible("a run has no units")
    if total_minor != 0 and not runs:
        raise AllocationImpossible("there is nothing to split it over")


def _by_remainder(total_minor: int, whole: int, runs: Sequence[Weights]) -> list[int]:
    """Positions with the largest remainder first; the sort is stable, so ties stay with the earlier run."""
    return sorted(range(len(runs)), key=lambda index: -(total_minor * runs[index].weight % whole))


def _shares(units: int, floor_minor: int, raised: int) -> tuple[Shares, ...]:
    pair = (Shares(raised, floor_minor + 1), Shares(units - raised, floor_minor))
    return tuple(shares for shares in pair if shares.units)


def _mirrored(run: tuple[Shares, ...]) -> tuple[Shares, ...]:
    return tuple(Shares(shares.units, -shares.amount_minor) for shares in run)
