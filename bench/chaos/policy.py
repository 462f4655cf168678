"""The policy of a storm: v1, but for the breaker, which is there to stop what a storm is made of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from policy.loader import folder_of

NEVER: Final = 100_000
"""More cases and more calls than an hour of any run has."""


def policy_for_storms(folder: Path) -> Path:
    """Write the version below an empty folder, to be named by `AFTERSALES_POLICY`.

    Under v1 the breaker opens while the providers fail, and every case that comes then waits for a person: right in a
    shop, but a run is to pay while they fail. Everything else decides as it does there.
    """
    version = folder / "storm"
    shutil.copytree(folder_of("v1"), version)
    file = version / "breaking.json"
    breaking = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(breaking | {"least_cases": NEVER, "least_calls": NEVER}), encoding="utf-8")
    return version
