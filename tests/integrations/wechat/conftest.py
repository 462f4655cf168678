"""The adapter against the sandbox over loopback: the real SDK, the real protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.wechat import WeChatPayments, WeChatWire
from tests.integrations.wechat.servers import Script, WeChatBox, wechat_box
from tests.sandbox.servers import serving


@pytest.fixture(scope="session")
async def session_box() -> AsyncIterator[WeChatBox]:
    """The session's sandbox; its refunds stay accepted until a test ends them."""
    async with wechat_box() as running:
        yield running


@pytest.fixture
async def wechat(session_box: WeChatBox) -> WeChatBox:
    """A new sandbox with one paid order of 100.00 CNY."""
    await session_box.reset()
    return session_box


@pytest.fixture
async def payments(wechat: WeChatBox) -> AsyncIterator[WeChatPayments]:
    """The adapter, pointed at the sandbox."""
    adapter = WeChatPayments(WeChatWire(wechat.account()))
    yield adapter
    await adapter.close()


@pytest.fixture(scope="session")
async def scripted_server() -> AsyncIterator[Script]:
    """A server that answers what a test tells it to."""
    server = Script()
    async with serving(server, lifespan="off") as url:
        server.url = url
        yield server


@pytest.fixture
async def script(scripted_server: Script) -> Script:
    scripted_server.clear()
    return scripted_server


@pytest.fixture
async def scripted(wechat: WeChatBox, script: Script) -> AsyncIterator[WeChatPayments]:
    """The adapter, pointed at the scripted server."""
    adapter = WeChatPayments(WeChatWire(wechat.account(api_base=script.url)))
    yield adapter
    await adapter.close()
