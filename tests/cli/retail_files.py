"""The files of the retail layout that the tests run: one made in its likeness, and the real one where it is at hand."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

from cli.orders.importing import recent_shift
from cli.retail.slice import RetailFile, gather
from integrations.shop.retail import RetailOptions, read_retail
from tests.support.likeness import write_likeness

REAL = Path(__file__).parents[3] / "shared" / "data" / "online-retail-slice.csv"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NEWEST_DAYS_AGO = 2
SOURCES = ("real", "generated")


def retail_source(source: str, folder: Path, *, rows: int = 10_000, real: Path = REAL) -> Path:
    """The real file; if it is not beside the checkout, a generated one, and the test run says so."""
    if source == "real" and real.is_file():
        return real
    if source == "real":
        warnings.warn(f"{real} is not there; a generated file of the same layout is used instead", stacklevel=2)
    generated = folder / "generated.csv"
    write_likeness(generated, rows)
    return generated


def recent(path: Path, tag: str = "t1") -> RetailOptions:
    return RetailOptions(shift_days=recent_shift(path, NOW, NEWEST_DAYS_AGO), tag=tag)


def read_file(path: Path, options: RetailOptions) -> RetailFile:
    with path.open("rb") as file:
        return gather(read_retail(file, options))
