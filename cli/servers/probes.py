"""Whether something answers, and where there is room for a new server; loopback only."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from random import SystemRandom
from typing import Final

import httpx2

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.02

Probe = Callable[[], Awaitable[bool]]
ATTEMPT_SECONDS = 2.0
PORTS: Final = range(10_000, 32_768)
"""Below those that Linux gives to outgoing connections: one of these could take a port just before its server does."""
PORTS_TRIED: Final = 100
TRUSTING_NOBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For plain HTTP on this machine: to read whom the machine trusts takes a client longer than to ask and be told."""


def free_port() -> int:
    """A TCP port nobody listens on now; take it at once, nothing reserves it.

    Raises OSError when none of many is free.
    """
    for port in SystemRandom().sample(PORTS, k=PORTS_TRIED):
        if port_is_free(port):
            return port
    raise OSError(f"None of {PORTS_TRIED} ports between {PORTS.start} and {PORTS.stop - 1} is free.")


def port_is_free(port: int) -> bool:
    """Whether a server could bind `port` on loopback right now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


async def tcp_answers(host: str, port: int) -> bool:
    """Whether a connection to host:port is accepted within two seconds."""
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def http_answers(url: str) -> bool:
    """Whether GET `url` gives a 2xx within two seconds."""
    try:
        # No proxies from the environment: health addresses are on this machine.
        async with httpx2.AsyncClient(timeout=ATTEMPT_SECONDS, trust_env=False, verify=TRUSTING_NOBODY) as http:
            return (await http.get(url)).is_success
    except httpx2.HTTPError:
        return False


async def eventually(probe: Probe, limit_seconds: float) -> bool:
    """Ask `probe` until it says yes; False when the bound passes first. Asked at least once."""
    deadline = asyncio.get_running_loop().time() + limit_seconds
    while not await probe():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True
