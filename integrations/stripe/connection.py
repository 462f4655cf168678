"""Stripe's SDK, set up to try once and to wait no longer than it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar

import httpx
import stripe

from integrations.stripe.settings import StripeSettings

Answer = TypeVar("Answer")


class StripeConnection:
    """One pool of connections; `close` ends it. `v1` holds Stripe's resources."""

    def __init__(self, settings: StripeSettings) -> None:
        # The SDK would tell Stripe about the machine and keep an id in the home directory of whoever runs it.
        stripe.enable_telemetry = False
        self.timeout_s = settings.timeout_s
        # A connection that takes half of the time is never made; that is told apart from a late answer.
        timeout = httpx.Timeout(settings.timeout_s, connect=settings.timeout_s / 2, pool=settings.timeout_s / 2)
        self._http = stripe.HTTPXClient(timeout=timeout)
        self.v1 = stripe.StripeClient(
            settings.api_key,
            base_addresses={"api": settings.api_base.rstrip("/")},
            max_network_retries=0,  # a retry is the workflow's to decide
            http_client=self._http,
        ).v1

    async def within_time(self, call: Coroutine[None, None, Answer]) -> Answer:
        """The client's own limits are for each piece that arrives; an answer that trickles needs one for all.

        Raises TimeoutError.
        """
        async with asyncio.timeout(self.timeout_s):
            return await call

    async def close(self) -> None:
        """Close the connections."""
        close: Callable[[], Awaitable[None]] = self._http.close_async
        await close()
