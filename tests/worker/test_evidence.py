"""The queue `evidence` is served where the portal's store is named, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import Client

from activities.erasing import ERASE_EVIDENCE
from activities.evidence_checks import CHECK_EVIDENCE
from aftersales import connect
from aftersales.contract.names import QUEUE_EVIDENCE
from cli.servers.dev_server import DevServer
from integrations.provider import ProviderSettingsError
from storage import schema
from tests.worker.environment import settings, stripe
from tests.worker.test_wiring import acts, served_by
from worker.wiring import open_parts


@pytest.fixture
async def client(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


async def test_with_a_store_evidence_is_checked_and_erased(client: Client, sqlite_url: str, tmp_path: Path) -> None:
    await schema.upgrade(sqlite_url)
    told = settings(database_url=sqlite_url, evidence=str(tmp_path / "evidence"), clamav="127.0.0.1:3310")
    async with open_parts(told, stripe()) as parts:
        served = served_by(client, parts, told)[QUEUE_EVIDENCE]
        assert acts(served) == {CHECK_EVIDENCE, ERASE_EVIDENCE}
        assert served["max_concurrent_activities"] == told.decoders + 1, "each holds a file in memory"


async def test_a_worker_that_is_to_serve_it_without_a_store_does_not_start(client: Client, sqlite_url: str) -> None:
    await schema.upgrade(sqlite_url)
    told = settings(database_url=sqlite_url, queues=["evidence"])
    async with open_parts(told, stripe()) as parts:
        with pytest.raises(ProviderSettingsError, match="AFTERSALES_EVIDENCE is not set"):
            served_by(client, parts, told)


async def test_a_store_that_cannot_be_used_is_named_with_its_setting(sqlite_url: str) -> None:
    with pytest.raises(ProviderSettingsError, match="AFTERSALES_EVIDENCE: Evidence cannot be kept there"):
        async with open_parts(settings(database_url=sqlite_url, evidence="nowhere://x"), stripe()):
            pass
