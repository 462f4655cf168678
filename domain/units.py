"""Which units of an order line are still free, each with its own frozen shares (design: money, rule 2).

A break-down states units of equal shares together and units of other shares apart, so it tells which of a line's units
it took. A unit that a withdrawn case gave up is free with the very shares it was frozen with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from aftersales.contract.values import AmountKind, AmountLine
from domain.allocation import FrozenLine, Run
from domain.breakdown import Taken


class Alike(NamedTuple):
    """So many units with the same shares, in minor units for all of them together; tax is the tax on top."""

    units: int
    goods_minor: int
    discount_minor: int = 0
    tax_minor: int = 0

    def fits(self, run: Run) -> bool:
        """Whether units of that run have these shares."""
        return self[1:] == tuple(self.units * share for share in _said_of(run))


def alike(runs: Iterable[Run]) -> list[Alike]:
    """Units as a break-down states them: neighbours of the same shares together."""
    together = [(shares, sum(run.count for run in same)) for shares, same in groupby(runs, key=_said_of)]
    return [Alike(count, *(count * share for share in shares)) for shares, count in together]


def free_units(line: FrozenLine, taken: Taken) -> tuple[Run, ...]:
    """The units of the line that nobody took, in the order of the units.

    Units whose lines name no shares of this order line count as the first of those that are free.
    """
    free, unnamed = line.runs, 0
    for stated in _stated(taken.lines_of(line.line_id)):
        free, missing = _without(free, stated.units, [run for run in free if stated.fits(run)])
        unnamed += missing
    return _without(free, unnamed, free)[0]


def _said_of(run: Run) -> tuple[int, int, int]:
    return run.goods_minor, run.discount_minor, run.tax_on_top_minor


def _stated(lines: Iterable[AmountLine]) -> list[Alike]:
    """The units that lines of one order line bring back; a line with a note is about money, not about a share."""
    found: list[Alike] = []
    for line in lines:
        if line.quantity:
            found.append(Alike(line.quantity, line.amount_minor))
        elif found and not line.note and line.kind is AmountKind.DISCOUNT:
            found[-1] = found[-1]._replace(discount_minor=-line.amount_minor)
        elif found and not line.note and line.kind is AmountKind.TAX:
            found[-1] = found[-1]._replace(tax_minor=line.amount_minor)
    return found


def _without(runs: tuple[Run, ...], count: int, among: Sequence[Run]) -> tuple[tuple[Run, ...], int]:
    """The runs without the first `count` units of those `among`, and how many units were missing there."""
    left = []
    for run in runs:
        gone = min(count, run.count) if run in among else 0
        count -= gone
        if run.count > gone:
            left.append(run.model_copy(update={"count": run.count - gone}))
    return tuple(left), count
