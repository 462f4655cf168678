"""The adapter against the sandbox over loopback, and against a bank that answers by script."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from integrations.bank import BankAccess, BankPayments
from tests.integrations.bank.orders import ACCOUNT, Script
from tests.sandbox.bank import Bank, bank_of
from tests.sandbox.servers import Box, serving


@pytest.fixture
async def bank(box: Box) -> Bank:
    """The bank of a new sandbox."""
    return await bank_of(box)


@pytest.fixture
def access(bank: Bank) -> BankAccess:
    """How to speak to the sandbox's bank."""
    return BankAccess(bank.url, bank.token, bank.account, timeout_s=5)


@pytest.fixture
async def payments(access: BankAccess) -> AsyncIterator[BankPayments]:
    adapter = BankPayments(access)
    yield adapter
    await adapter.close()


@pytest.fixture(scope="session")
async def scripted_bank() -> AsyncIterator[Script]:
    """The session's scripted bank."""
    script = Script()
    async with serving(script, lifespan="off") as url:
        script.url = url
        yield script


@pytest.fixture
async def script(scripted_bank: Script) -> Script:
    scripted_bank.clear()
    return scripted_bank


@pytest.fixture
async def scripted(script: Script) -> AsyncIterator[BankPayments]:
    """The adapter, pointed at the scripted bank; it pays in euros and yen."""
    access = BankAccess(script.url, "token", ACCOUNT, timeout_s=2, currencies=frozenset({"EUR", "JPY", "CNY"}))
    adapter = BankPayments(access)
    yield adapter
    await adapter.close()
