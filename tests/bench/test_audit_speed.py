"""What the bench says of the operations log is measured on chains that hold, sealed and compared with their seals."""

from __future__ import annotations

from pathlib import Path

from bench.auditing import CASES_AT_ONCE, ENTRIES_OF_A_CASE, audit_speed


async def test_every_entry_of_the_measure_was_checked_and_every_case_sealed(sqlite_url: str, tmp_path: Path) -> None:
    speed = await audit_speed(tmp_path / "seals", sqlite_url, (CASES_AT_ONCE + 1) * ENTRIES_OF_A_CASE)
    assert speed.checked_per_s > 0
    assert speed.sealed_per_s > 0
