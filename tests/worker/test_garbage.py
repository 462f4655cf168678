"""A process that spared its collector still frees what it drops."""

from __future__ import annotations

import subprocess
import sys

LOOK = """
import gc, weakref
from worker.garbage import spare_the_collector

class Ring:
    def __init__(self): self.me = self

kept = [Ring() for _ in range(1000)]
before = len(gc.get_objects())
spare_the_collector()
assert len(gc.get_objects()) < before / 2, "what was there is out of the collector's sight"
dropped = [weakref.ref(Ring()) for _ in range(60_000)]
assert sum(ref() is not None for ref in dropped) < 25_000, "rings are freed without anybody asking"
"""


def test_what_is_there_is_never_looked_at_again_and_what_is_dropped_is_freed() -> None:
    looked = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert (looked.returncode, looked.stderr) == (0, "")
