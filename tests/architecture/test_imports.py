"""Imports go one way. The contracts stand in pyproject.toml; import-linter checks them."""

import subprocess
import sys
from pathlib import Path

from tests.architecture.measures import ROOT


def test_imports_go_one_way() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
