"""The sandbox's own clock: real time plus an offset that tests move, kept over a restart."""

import time

from sandbox.store import Store

OFFSET = "clock_offset_s"


class SandboxClock:
    """Seconds since the epoch as the provider sees them; key lives and ``created`` stamps follow it.

    Webhook signatures and redeliveries stay on real time, for the receiver checks them against its own clock.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def offset_s(self) -> float:
        """How far the sandbox is ahead of real time, in seconds; negative when behind."""
        offset = self._store.fact(OFFSET)
        return float(offset) if isinstance(offset, int | float) else 0.0

    def now(self) -> float:
        """The provider's present, in seconds since the epoch."""
        return time.time() + self.offset_s

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._store.set_fact(OFFSET, self.offset_s + seconds)

    def set(self, now: float) -> None:
        """Make ``now`` the present; the clock runs on from there."""
        self._store.set_fact(OFFSET, now - time.time())
