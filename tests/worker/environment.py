"""What a worker is told, as its environment, for tests that then spoil one of it."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping

from integrations.provider import ProviderBlock
from integrations.stripe.block import StripeBlock
from tests.support.keys import PAYEE_SECRET
from tests.support.preloaded import run_preloaded
from tests.support.program import Ran, bare_environment
from worker.settings import WorkerSettings

STRIPE_KEY = "sk_test_known-to-nobody"
PROOF_SECRET = "proof-secret-known-to-nobody"
LINK_SECRET = "link-secret-known-to-nobody"
DATABASE_PASSWORD = "password-known-to-nobody"
SECRETS = (STRIPE_KEY, PROOF_SECRET, LINK_SECRET, DATABASE_PASSWORD, PAYEE_SECRET)
LIMIT_S = 90


def key(key_id: str, secret: str, **more: object) -> dict[str, object]:
    return {"key_id": key_id, "secret": secret, **more}


def environment(**changes: str) -> dict[str, str]:
    """All that a worker needs; names without their prefix. Its database and its Temporal are out of reach."""
    told = {
        "database_url": f"postgresql+asyncpg://worker:{DATABASE_PASSWORD}@127.0.0.1:9/aftersales",
        "proof_keys": json.dumps([key("portal1", PROOF_SECRET)]),
        "link_keys": json.dumps([key("link1", LINK_SECRET)]),
        "payee_keys": json.dumps([key("payee1", PAYEE_SECRET)]),
        "stripe_api_key": STRIPE_KEY,
        "stripe_api_base": "http://127.0.0.1:9",
        "temporal_address": "127.0.0.1:9",
        **changes,
    }
    return {f"AFTERSALES_{name.upper()}": value for name, value in told.items()}


def without(*names: str) -> dict[str, str]:
    """All that a worker needs but these."""
    gone = {f"AFTERSALES_{name.upper()}" for name in names}
    return {name: value for name, value in environment().items() if name not in gone}


def settings(**changes: object) -> WorkerSettings:
    """The same as settings; changes as values, not as the environment's text."""
    told: dict[str, object] = {
        "database_url": f"postgresql+asyncpg://worker:{DATABASE_PASSWORD}@127.0.0.1:9/aftersales",
        "proof_keys": [key("portal1", PROOF_SECRET)],
        "link_keys": [key("link1", LINK_SECRET)],
        "payee_keys": [key("payee1", PAYEE_SECRET)],
        **changes,
    }
    return WorkerSettings.model_validate(told)


def stripe(**changes: object) -> tuple[ProviderBlock, ...]:
    """The one provider that is set up."""
    return (StripeBlock.model_validate({"api_key": STRIPE_KEY, **changes}),)


async def start_worker(told: Mapping[str, str]) -> asyncio.subprocess.Process:
    """`python -m worker.main` with nothing of this machine's own deployment."""
    command = (sys.executable, "-m", "worker.main")
    return await asyncio.create_subprocess_exec(
        *command, stdin=DEVNULL, stdout=PIPE, stderr=PIPE, env={**bare_environment(), **told}
    )


async def run_worker(told: Mapping[str, str]) -> Ran:
    """Run it to its end, without the second that its start takes."""
    status, out, err = await run_preloaded("worker.main", (), {**bare_environment(), **told}, LIMIT_S)
    return Ran(status, out.decode(), err.decode())


async def ended(process: asyncio.subprocess.Process) -> Ran:
    """How a worker ended; one that goes on for `LIMIT_S` fails the test and is killed."""
    try:
        async with asyncio.timeout(LIMIT_S):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
