"""The codec server as a process, and Temporal's own command line reading an encrypted case through it."""

import secrets
import socket
from pathlib import Path

import httpx2
import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Worker

from aftersales import AfterSales, connect
from aftersales.contract.names import QUEUE_CASES
from cli.servers.commands import Ended, run
from cli.servers.dev_server import DevServer
from cli.servers.probes import free_port
from cli.servers.processes import Processes
from portal.codec.main import main
from tests.client.conftest import application_for
from tests.client.encrypting import STORY, settings_of
from tests.client.small_case import KEY, SmallRefundCase
from tests.portal.codec.serving import TOKEN, CodecServer, environment, start_codec_server
from tests.support.plain_text import assert_nothing_readable, readable_in

ENCRYPTION = settings_of("k1")


@pytest.fixture
async def codec_server(processes: Processes) -> CodecServer:
    return await start_codec_server(processes)


@pytest.fixture
async def encrypted_case(dev_server: DevServer) -> str:
    """The workflow id of a case that somebody has described in words of their own."""
    client = await connect(address=dev_server.address, encryption=ENCRYPTION)
    shop = AfterSales(client, caller="shop", key=KEY)
    told = application_for(f"order-{secrets.token_hex(6)}").model_copy(update={"description": STORY})
    async with Worker(client, task_queue=QUEUE_CASES, workflows=[SmallRefundCase]):
        number = await shop.apply(told, request_key=secrets.token_hex(8))
        await shop.view(number)
    return f"refund/{number}"


async def shown(temporal_cli: Path, dev_server: DevServer, workflow_id: str, *arguments: str) -> Ended:
    """What `temporal workflow show` writes."""
    asked = ("workflow", "show", "-w", workflow_id, "--address", dev_server.address, "-o", "json")
    return await run([temporal_cli, *asked, "--command-timeout", "3s", *arguments], limit_seconds=30)


async def test_temporals_command_line_reads_a_case_with_a_readers_token(
    temporal_cli: Path, dev_server: DevServer, encrypted_case: str, codec_server: CodecServer
) -> None:
    codec = ("--codec-endpoint", codec_server.url)
    read = await shown(temporal_cli, dev_server, encrypted_case, *codec, "--codec-auth", f"Bearer {TOKEN}")
    assert readable_in(WorkflowHistory.from_json("read", read.output), [STORY]) == {STORY}
    unread = await shown(temporal_cli, dev_server, encrypted_case)
    assert_nothing_readable(WorkflowHistory.from_json("unread", unread.output), [STORY])
    refused = await shown(temporal_cli, dev_server, encrypted_case, *codec, "--codec-auth", "Bearer wrong")
    assert (read.code, unread.code, refused.code) == (0, 0, 1)
    assert STORY not in refused.output


async def test_the_process_ends_cleanly_and_its_log_holds_no_secret(codec_server: CodecServer) -> None:
    assert await codec_server.child.stop() == 0
    log = codec_server.child.log_tail(1000)
    assert "Traceback" not in log
    assert TOKEN not in log


@pytest.mark.parametrize(
    ("trusted", "answers"),
    [('["127.0.0.0/8"]', [200, 200, 429, 200]), ("[]", [200, 200, 429, 429])],
    ids=["behind a proxy that is named", "whoever says so"],
)
async def test_a_reader_is_who_a_named_proxy_says(processes: Processes, trusted: str, answers: list[int]) -> None:
    told = {"AFTERSALES_CODEC_TRUSTED_PROXIES": trusted, "AFTERSALES_CODEC_ADDRESS_PER_MINUTE": "2"}
    server = await start_codec_server(processes, **told)
    clients = ["198.51.100.1", "203.0.113.9, 198.51.100.1", "198.51.100.1", "198.51.100.2"]
    async with httpx2.AsyncClient(base_url=server.url) as http:
        asked = [await http.get("/", headers={"X-Forwarded-For": each}) for each in clients]
    assert [each.status_code for each in asked] == answers


def test_a_port_that_is_taken_is_told_with_the_setting_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for each, text in environment(port).items():
            monkeypatch.setenv(each, text)
        with pytest.raises(SystemExit, match=f"^Port {port} .* another one with AFTERSALES_CODEC_PORT.$"):
            main()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AFTERSALES_ENCRYPTION_KEYS", None, "AFTERSALES_ENCRYPTION_KEYS: not set"),
        ("AFTERSALES_ENCRYPTION_KEYS", "k1=secret", "AFTERSALES_ENCRYPTION_KEYS: not to be read"),
        (
            "AFTERSALES_ENCRYPTION_KEYS",
            '[{"key_id": "k1", "secret": "secret"}]',
            "the secret must be 32 bytes in base64",
        ),
        ("AFTERSALES_CODEC_TOKENS", None, "AFTERSALES_CODEC_TOKENS: not set"),
        ("AFTERSALES_CODEC_TOKENS", '[{"name": "anna", "sha256": "secret"}]', "AFTERSALES_CODEC_TOKENS.0.SHA256: "),
        ("AFTERSALES_CODEC_ORIGINS", '["*"]', "AFTERSALES_CODEC_ORIGINS.0: '*' is no origin"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_by_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, value: str | None, said: str
) -> None:
    for each, text in environment(free_port()).items():
        monkeypatch.setenv(each, text)
    monkeypatch.setenv(name, value or "")
    if value is None:
        monkeypatch.delenv(name)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err
    assert ended.value.code == 2
    assert told.startswith("The codec server cannot start.\n")
    assert said in told
    assert '"secret"' not in told
