"""The bench's back-test is one of cases as the product writes them."""

from __future__ import annotations

from pathlib import Path

from bench.backtesting import back_test_speed


async def test_all_past_cases_are_tried_and_the_draft_decides_some_of_them_otherwise(tmp_path: Path) -> None:
    took = await back_test_speed(tmp_path, cases=1500)
    assert took.cases == 1500
    assert 0 < took.otherwise < 150
