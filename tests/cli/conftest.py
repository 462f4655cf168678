"""The program beside a running stack, in this process beside the folder of one, and a database of a test's own."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.worker import Worker

from aftersales import AfterSales, connect
from aftersales.contract.names import QUEUE_CASES
from cli.home import Home
from cli.servers.dev_server import DevServer
from cli.stack import Stack
from tests.cli.homes import home_in, opened
from tests.cli.shell import Shell
from tests.client.conftest import application_for
from tests.client.small_case import KEY, SmallRefundCase
from tests.policy.cases import row_of, spoilt
from tests.support.program import Program


@pytest.fixture
def aftersales(stack: Stack) -> Program:
    """`aftersales` with the running stack as its home."""
    return Program(stack.options.home.folder)


@pytest.fixture
def home(tmp_path: Path, migrated_file: Path) -> Home:
    """The folder of a stack of which nothing answers; its database is empty."""
    return home_in(tmp_path / "home", migrated_file)


@pytest.fixture
def shell(home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """`aftersales` in this process, with `home` as its home."""
    return Shell({"AFTERSALES_HOME": str(home.folder)}, monkeypatch, capsys)


@pytest.fixture
async def small_case(dev_server: DevServer) -> AsyncIterator[str]:
    """The number of a case of a worker of a few lines, which accepts what carries a proof."""
    worker = Worker(await connect(address=dev_server.address), task_queue=QUEUE_CASES, workflows=[SmallRefundCase])
    async with worker:
        client = await AfterSales.connect(caller="shop", key=KEY, address=dev_server.address)
        asked = application_for(f"order-{secrets.token_hex(6)}")
        yield await client.apply(asked, request_key=asked.order_id)


@pytest.fixture
def elsewhere(home: Home, dev_server: DevServer) -> Program:
    """`aftersales` beside the server of that case, which the environment names, with a key that it believes."""
    proof = {"AFTERSALES_CLI_PROOF_KEY_ID": KEY.key_id, "AFTERSALES_CLI_PROOF_SECRET": "a secret of the tests alone"}
    return Program(home.folder, {"TEMPORAL_ADDRESS": dev_server.address, **proof})


@pytest.fixture
async def engine(migrated_sqlite: str) -> AsyncIterator[AsyncEngine]:
    """An empty database of this version's schema."""
    async with opened(migrated_sqlite) as made:
        yield made


@pytest.fixture
def winter(tmp_path: Path) -> Path:
    """A policy version of its own: a window of fourteen days."""
    (tmp_path / "winter").mkdir()
    change = {"window_days": "14"}
    return spoilt(tmp_path / "winter", "eligibility.json", lambda table: row_of(table, "ordinary").update(change))
