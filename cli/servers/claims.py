"""Claims on something that a machine has only once, held while a block runs."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sole_claim(name: str, folder: Path | None = None) -> Iterator[bool]:
    """Whether we alone on this machine hold `name`, until the block ends; the kernel lets go when we are killed.

    `folder` holds the lock's file: the machine's folder for temporary files, unless given. Where it cannot be written
    nothing is claimed.
    """
    place = (folder or Path(tempfile.gettempdir())) / f"aftersales-{name}.lock"
    try:
        lock = place.open("ab")
    except OSError:
        yield False
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True
