"""An encrypted case on a server with the real Web UI, the codec server that its readers use, and a browser."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page
from temporalio.worker import Worker

from aftersales import AfterSales, Decision, DecisionKind, connect
from aftersales.contract.names import QUEUE_CASES
from cli.servers.dev_server import DevServerOptions, start_dev_server
from cli.servers.probes import LOOPBACK, free_port
from cli.servers.processes import Processes
from cli.servers.search_attributes import AttributeTypes
from tests.client.conftest import application_for
from tests.client.encrypting import NAME, STORY, settings_of
from tests.client.small_case import KEY, SmallRefundCase
from tests.portal.codec.serving import start_codec_server
from tests.support.browser import browser


@dataclass(frozen=True)
class Desk:
    """What somebody of the operations has open: the case's history in the Web UI, and the codec server's page."""

    case_url: str
    codec_url: str


@pytest.fixture(scope="session")
async def desk(
    temporal_cli: Path, search_attributes: AttributeTypes, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Desk]:
    async with Processes(tmp_path_factory.mktemp("desk")) as processes:
        ui_port = free_port()
        codec = await start_codec_server(processes, [f"http://{LOOPBACK}:{ui_port}"])
        options = DevServerOptions(temporal_cli, ui_port=ui_port, search_attributes=search_attributes)
        server = await start_dev_server(processes, options)
        number = await _decided_case(server.address)
        yield Desk(f"{server.ui_url}/namespaces/default/workflows/refund%2F{number}", codec.url)


async def _decided_case(address: str) -> str:
    client = await connect(address=address, encryption=settings_of("k1"))
    shop = AfterSales(client, caller="shop", key=KEY)
    async with Worker(client, task_queue=QUEUE_CASES, workflows=[SmallRefundCase]):
        told = application_for(f"order-{secrets.token_hex(6)}").model_copy(update={"description": STORY})
        number = await shop.apply(told, request_key=secrets.token_hex(8))
        await shop.decide(number, Decision(kind=DecisionKind.REJECT, explanation=f"sent to {NAME}"), actor="agent-3")
    return number


@pytest.fixture
async def page(tmp_path: Path) -> AsyncIterator[Page]:
    """The one tab of a browser that was never used before."""
    async with browser(tmp_path / "profile") as context:
        yield context.pages[0]
