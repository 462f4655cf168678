"""Stops the servers of a parent that died without stopping them itself (a crash, an out-of-memory kill).

Runs alone, as a script on the standard library, because it has to outlive the program that started it. It
reads lines from standard input: `watch PID SIGNAL` and `forget PID`, where PID leads a process group of its
own. The end of input means the parent is gone: each group still watched gets its signal, then SIGKILL. The
kernel's parent-death signal is no substitute: it ends with the parent's *thread*, it does not reach
grandchildren, and not every system has it.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 5.0
POLL_SECONDS = 0.05


def survivors(lines: Iterable[str]) -> dict[int, int]:
    """Process group -> signal number, of those still watched when `lines` end."""
    watched: dict[int, int] = {}
    for line in lines:
        match line.split():
            case ["watch", pid, number]:
                watched[int(pid)] = int(number)
            case ["forget", pid]:
                watched.pop(int(pid), None)
    return watched


def alive(pid: int) -> bool:
    """Whether the process exists, zombies included."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(watched: dict[int, int]) -> None:
    """Ask each leader to stop, wait within the bound, then kill whatever is left of the groups."""
    for pid, number in watched.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(alive(pid) for pid in watched) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    for pid in watched:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    end(survivors(sys.stdin))
