"""How often somebody may ask (2.4.1): per client address and per link, told before a byte of a body is read.

The counts live in this process: of several portals each counts for itself. Webhooks are not counted: whoever signs
may come as often as there is news, and a forged one costs us one HMAC.
"""

from __future__ import annotations

import math
import secrets
import time
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address
from typing import Final

from limits import RateLimitItem
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

BUCKETS: Final = 2048
"""Whoever asks is counted in one of so many places, so that memory and the library's sweep are bounded whatever
addresses come; strangers who share one share its allowance."""

_HOST_BITS: Final = 64
"""Of an IPv6 address: a household has all of them to itself."""


class TooManyRequestsError(Exception):
    """Somebody asked too often; in `wait_s` seconds there is room again."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many requests; room again in {wait_s} s")
        self.wait_s = wait_s


class Counter:
    """Counts one kind of key against one limit, over a moving window, in a bounded space."""

    def __init__(self, limit: RateLimitItem, counts: MemoryStorage) -> None:
        self._limit = limit
        self._window = SlidingWindowCounterRateLimiter(counts)
        self._secret = secrets.token_bytes(16)  # nobody can choose keys that fall together

    async def count(self, key: str) -> None:
        """Raises TooManyRequestsError; what is refused does not count, so that waiting helps."""
        place = self._place(key)
        if await self._window.hit(self._limit, place):
            return
        reset_at = (await self._window.get_window_stats(self._limit, place)).reset_time
        one_s = self._limit.get_expiry() / self._limit.amount  # at the reset, room for one begins to grow
        raise TooManyRequestsError(max(1, math.ceil(reset_at - time.time() + one_s)))

    def _place(self, key: str) -> str:
        digest = blake2b(key.encode(errors="replace"), digest_size=8, key=self._secret).digest()
        return str(int.from_bytes(digest, "big") % BUCKETS)


class Throttle:
    """Both limits of one room: all that comes from an address, and all that comes with one link or ticket."""

    def __init__(self, per_address: RateLimitItem, per_link: RateLimitItem) -> None:
        self._addresses = Counter(per_address, MemoryStorage())
        self._links = Counter(per_link, MemoryStorage())

    async def count_address(self, request: Request) -> None:
        """Before anything else is looked at. Raises TooManyRequestsError."""
        await self._addresses.count(address_key(request.client.host if request.client else ""))

    async def count_link(self, link_key: str) -> None:
        """When its signature holds, before it is looked up. Raises TooManyRequestsError."""
        await self._links.count(link_key)


def address_key(host: str) -> str:
    """Who an address stands for: an IPv4 address itself, the network of an IPv6 address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or int(address) >> _HOST_BITS)
