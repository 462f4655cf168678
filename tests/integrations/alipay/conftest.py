"""The adapter against the sandbox over loopback, and against a gateway that answers what a test tells it to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from integrations.alipay import AlipayBlock, AlipayPayments
from tests.integrations.alipay.merchant import Merchant
from tests.integrations.alipay.script import APP_ID, Script, Stage, private_pem, public_pem
from tests.sandbox.servers import Box, serving


def block_for(merchant: Merchant, **changes: object) -> AlipayBlock:
    """The settings of a shop that uses the sandbox."""
    settings: dict[str, object] = {
        "app_id": merchant.app_id,
        "private_key": merchant.private_key,
        "public_keys": merchant.public_keys,
        "gateway": f"{merchant.box.url}/gateway.do",
        "timeout_s": 5,
    }
    return AlipayBlock.model_validate({**settings, **changes})


def adapter_of(block: AlipayBlock) -> AlipayPayments:
    """The adapter that the settings make."""
    payments = block.payments()
    assert payments is not None
    return payments


@pytest.fixture
async def merchant(box: Box) -> Merchant:
    """A new sandbox with one paid trade of 100.00 yuan."""
    return await Merchant.of(box)


@pytest.fixture
async def payments(merchant: Merchant) -> AsyncIterator[AlipayPayments]:
    """The adapter, pointed at the sandbox."""
    adapter = adapter_of(block_for(merchant))
    yield adapter
    await adapter.close()


@pytest.fixture(scope="session")
async def stage() -> AsyncIterator[Stage]:
    """A server for the session's scripts."""
    made = Stage()
    async with serving(made, lifespan="off") as url:
        made.url = url
        yield made


@pytest.fixture
async def script(stage: Stage) -> Script:
    """A gateway that answers by a script of this test's own."""
    stage.script = Script(stage.url)
    return stage.script


@pytest.fixture
def scripted_block(script: Script) -> AlipayBlock:
    """The settings of a shop that uses the scripted gateway."""
    return AlipayBlock(
        app_id=APP_ID,
        private_key=SecretStr(private_pem("merchant")),
        public_keys=(public_pem("alipay"),),
        gateway=f"{script.url}/gateway.do",
        notify_url="https://shop.example/webhooks/alipay",
        timeout_s=5,
    )


@pytest.fixture
async def scripted(scripted_block: AlipayBlock) -> AsyncIterator[AlipayPayments]:
    """The adapter, pointed at the scripted gateway."""
    adapter = adapter_of(scripted_block)
    yield adapter
    await adapter.close()
