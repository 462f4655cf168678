"""The pause point: calls parked before or after their execution until they are released."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from sandbox.calls import Call

Where = Literal["before_execute", "after_execute"]
Then = Literal["continue", "drop"]


@dataclass(frozen=True, slots=True)
class Held:
    """One parked call; ``since`` in seconds since the epoch, real time."""

    id: int
    where: Where
    call: Call
    since: float
    released: asyncio.Future[Then] = field(repr=False)


class HoldingPen:
    """Where calls wait while a test kills the caller at precisely that point.

    In memory only: a connection does not outlive the process that holds it.
    """

    def __init__(self) -> None:
        self._ids = count(1)
        self._held: dict[int, Held] = {}

    async def park(self, call: Call, where: Where, max_seconds: float) -> Then:
        """Wait for release, ``max_seconds`` at most; then go on, or drop the connection unexecuted."""
        released: asyncio.Future[Then] = asyncio.get_running_loop().create_future()
        held = Held(next(self._ids), where, call, time.time(), released)
        self._held[held.id] = held
        try:
            return await asyncio.wait_for(released, max_seconds)
        except TimeoutError:
            return "continue"
        finally:
            del self._held[held.id]

    def held(self) -> list[Held]:
        """The calls parked now, oldest first."""
        return list(self._held.values())

    def release(self, then: Then, held_id: int | None = None) -> list[int]:
        """Let one call or all go; returns the ids that were waiting."""
        chosen = [held for held in self.held() if held_id in (None, held.id) and not held.released.done()]
        for held in chosen:
            held.released.set_result(then)
        return [held.id for held in chosen]
