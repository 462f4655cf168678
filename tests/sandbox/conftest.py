"""Sandboxes made anew for every test, on two servers that live for the session."""

from collections.abc import AsyncIterator

import pytest

from sandbox.settings import SandboxSettings
from tests.sandbox.servers import Box, Receiver, sandbox, serving

# Twelve hours become 1.4 seconds, five minutes become 10 milliseconds.
RETRY_SCALE = 1 / 30_000


@pytest.fixture(scope="session")
async def endpoint() -> AsyncIterator[Receiver]:
    """The session's webhook endpoint."""
    receiver = Receiver()
    async with serving(receiver, lifespan="off") as url:
        receiver.url = f"{url}/webhooks/stripe"
        yield receiver


@pytest.fixture(scope="session")
async def telling_box(endpoint: Receiver) -> AsyncIterator[Box]:
    """The session's sandbox that delivers to ``endpoint``."""
    settings = SandboxSettings(webhook_url=endpoint.url, webhook_retry_scale=RETRY_SCALE, out_of_order_gap_s=0.02)
    async with sandbox(settings) as running:
        yield running


@pytest.fixture
async def receiver(endpoint: Receiver) -> Receiver:
    """A webhook endpoint that has received nothing and answers 200."""
    endpoint.clear()
    return endpoint


@pytest.fixture
async def listened(telling_box: Box, receiver: Receiver) -> Box:
    """A new sandbox as ``box`` that delivers to ``receiver``, redelivering within milliseconds."""
    await telling_box.reset()
    receiver.clear()
    await telling_box.seed()
    return telling_box
