"""Python's cycle collector, for a process that keeps much for weeks: it looked through all of it time and again."""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 5, 2)
"""Objects made more than freed before a look at the young ones (a workflow task makes some thousands and frees nearly
all of them at once), and how many such looks go to one at older ones. A case that left the cache is such an older one,
some hundred kilobytes in a ring; with Python's own numbers several thousand of them piled up."""


def spare_the_collector() -> None:
    """Call once all is loaded: what is there then, modules and connections, is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
