"""A plugin that a trial loads into pytest: it writes down which case passed and which failed, by pytest's own names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

REPORT: Final = "SAFEGUARDS_REPORT"
"""The variable that names the file; a line of it is `passed NAME`, `failed NAME` or `broken NAME`."""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A case whose preparation broke is neither passed nor failed: it says nothing about the safeguard."""
    outcome: str = report.outcome if report.when == "call" else "broken"
    if report.when == "call" or report.failed:
        with Path(os.environ[REPORT]).open("a", encoding="utf-8") as file:
            file.write(f"{outcome} {report.nodeid}\n")
