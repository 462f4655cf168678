"""Real orders through the whole product: every return, one partial refund of every other order, and the sums."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.cli.demo.test_demo import start_demo
from tests.support.likeness import write_likeness

REAL = Path(__file__).parents[4] / "shared" / "data" / "online-retail-slice.csv"
LIKE_ROWS = 2_000
LIMIT_S = 420


def retail_file(folder: Path) -> Path:
    if REAL.exists():
        return REAL
    print(f"{REAL.name} is not beside the checkout: a generated file of the same layout and dirt is run instead")  # noqa: T201
    made = folder / "likeness.csv"
    write_likeness(made, rows=LIKE_ROWS)
    return made


@pytest.mark.timeout(LIMIT_S + 30)
async def test_every_penny_executed_is_in_the_ledger_and_in_the_cases(tmp_path: Path) -> None:
    file = retail_file(tmp_path)
    demo = await start_demo(tmp_path / "home", "--once", "--orders", str(file))
    said, _ = await asyncio.wait_for(demo.communicate(), LIMIT_S)
    text = said.decode()
    assert demo.returncode == 0, text
    assert "the three sums agree" in text
    told = re.search(r"Of (\d+) refunds that the rules approve, (\d+) were held back", text)
    assert told is not None
    assert int(told[2]) * 20 < int(told[1]), "of few customers the other cases speak against them"
    assert "All dates of" in text
    assert "left out" in text
    assert not list(file.parent.glob("*left-out*")), (
        "what was left out is told in the stack's folder, not beside the file"
    )


async def test_a_file_that_is_no_order_file_is_refused_in_one_paragraph(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear shop,\n")
    demo = await start_demo(tmp_path / "home", "--once", "--orders", str(file))
    said, _ = await asyncio.wait_for(demo.communicate(), 90)
    assert demo.returncode not in (0, None)
    assert "Traceback" not in said.decode()
    assert "letter.txt" in said.decode()
