"""Waiting with a bound: what is waited for is named, so that a test that gives up says what did not happen."""

from collections.abc import Awaitable, Callable
from typing import Final

from cli.servers.probes import eventually

LIMIT_S: Final = 90.0
"""Generous, for a machine that does other things too; every wait here normally takes seconds."""


async def until(what: str, probe: Callable[[], Awaitable[bool]], limit_s: float = LIMIT_S) -> None:
    """Ask `probe` until it says yes; AssertionError naming `what` when the bound passes first."""
    assert await eventually(probe, limit_s), f"not within {limit_s:g} s: {what}"
