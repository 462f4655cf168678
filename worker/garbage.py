"""Python's cycle collector, for a process that keeps much for weeks: it looked through all of it time and again."""

from __future__ import annotations

import gc
from typing import Final

YOUNG: Final = 20_000
"""New objects between two looks at the young ones: a workflow task makes some thousands, nearly all freed at once."""


def spare_the_collector() -> None:
    """Call once all is loaded: what is there then, modules and connections, is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)
