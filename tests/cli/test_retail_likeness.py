"""Generated files: the layout and the dirt of the real one, the same bytes for the same seed."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from integrations.shop.outcomes import LeftOut
from integrations.shop.retail import AS_IT_STANDS
from integrations.shop.retail_rows import COLUMNS
from tests.cli.retail_files import read_file
from tests.support.likeness import likeness, write_likeness


@pytest.mark.parametrize("rows", [1, 25, 1_000, 10_000])
def test_a_file_has_the_rows_that_were_asked_for(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "sales.csv"
    write_likeness(path, rows)
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) == rows + 1
    assert {len(line) for line in lines} == {len(COLUMNS)}


def test_the_same_seed_gives_the_same_file_and_another_one_another() -> None:
    assert list(likeness(500, seed=3)) == list(likeness(500, seed=3))
    assert list(likeness(500, seed=3)) != list(likeness(500, seed=4))


@pytest.mark.parametrize("seed", range(5))
def test_even_a_small_file_has_every_kind_of_dirt(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "sales.csv"
    write_likeness(path, 40, seed)
    found = read_file(path, AS_IT_STANDS)
    assert {problem.reason for problem in found.left_out} == {LeftOut.NO_CUSTOMER, LeftOut.NOT_GOODS, LeftOut.NO_PRICE}
    assert found.returns
    orders = {order.order_id: order for order in found.orders}
    assert orders["400001"].lines[0].frozen.quantity == 12  # the same item twice
    assert orders["400002"].shipping is not None
    assert [line.frozen.line_id for line in orders["400004"].lines] == ["30000A", "30000A-2"]


def test_the_shares_are_those_of_the_real_file(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    write_likeness(path)
    found = read_file(path, AS_IT_STANDS)
    counts = Counter(problem.reason for problem in found.left_out)
    assert 350 <= len(found.orders) <= 500
    assert 60 <= len(found.returns) <= 150
    assert 1_000 <= counts[LeftOut.NO_CUSTOMER] <= 3_500
