"""The adapter against the sandbox over loopback: the real SDK, the real protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.stripe import StripePayments, StripeSettings
from tests.integrations.stripe.script import Script
from tests.sandbox.servers import API_KEY, Box, serving


@pytest.fixture
async def payments(box: Box) -> AsyncIterator[StripePayments]:
    """The adapter, pointed at the sandbox."""
    adapter = StripePayments(StripeSettings(API_KEY, box.url, timeout_s=5))
    yield adapter
    await adapter.close()


@pytest.fixture
async def hasty(box: Box) -> AsyncIterator[StripePayments]:
    """The adapter; it waits for an answer for at most half a second."""
    adapter = StripePayments(StripeSettings(API_KEY, box.url, timeout_s=0.5))
    yield adapter
    await adapter.close()


@pytest.fixture(scope="session")
async def scripted_server() -> AsyncIterator[Script]:
    """A server that answers what a test tells it to, sense or nonsense."""
    script = Script()
    async with serving(script, lifespan="off") as url:
        script.url = url
        yield script


@pytest.fixture
async def script(scripted_server: Script) -> Script:
    scripted_server.clear()
    return scripted_server


@pytest.fixture
async def scripted(script: Script) -> AsyncIterator[StripePayments]:
    """The adapter, pointed at the scripted server."""
    adapter = StripePayments(StripeSettings(API_KEY, api_base=script.url, timeout_s=5))
    yield adapter
    await adapter.close()
