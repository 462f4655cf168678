"""The published package alone: its wheel in an empty environment, against a running stack."""

import asyncio
import json
import os
import re
import secrets
import zipfile
from pathlib import Path

import pytest

from cli.servers.dev_server import DevServer
from tests.client.encrypting import secret_of
from tests.client.small_case import KEY, SLOW_PAYMENT

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 180
BACKEND = """
import os, sys
from aftersales import *

async def main():
    key = ProofKey("shop-1", os.environ["AFTERSALES_PROOF_SECRET"])
    shop = await AfterSales.connect(caller="wheel", key=key)
    order = sys.argv[1]
    wanted = Application(
        order_id=order, customer_id="C-7", items=(Item(line_id="1", quantity=1),), reason=Reason.WRONG_SIZE
    )
    number = await shop.apply(wanted, request_key=order)
    supplied = await shop.supply_evidence(number, EvidenceSupplied(note="as asked"), actor="C-7")
    print("update", supplied.accepted)
    print("query", (await shop.view(number)).order_id == order)
    await shop.review(number, Decision(kind=DecisionKind.APPROVE), actor="agent-3")
    async for view in shop.follow(number):
        print("follow", view.status)
        if view.status is CaseStatus.PAYING:
            await shop.payment_changed(number, PaymentChanged(provider="stripe"))
    print("closed", (await shop.result(number)).closed)

run(main())
"""


async def _output(*command: str | Path, env: dict[str, str] | None = None) -> str:
    """What a command prints; its whole output is the failure when it fails."""
    started = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env=os.environ | (env or {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT_S):
        out, _ = await started.communicate()
    assert started.returncode == 0, out.decode()
    return out.decode()


@pytest.fixture(scope="module")
async def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("wheel")
    await _output("uv", "build", "--package", "aftersales-client", "--wheel", "--out-dir", built)
    (found,) = built.glob("*.whl")
    return found


@pytest.fixture(scope="module")
async def lone_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that holds the wheel, what it depends on, and nothing else."""
    home = tmp_path_factory.mktemp("lone") / "venv"
    await _output("uv", "venv", "--python", "3.11", home)
    python = home / "bin" / "python"
    await _output("uv", "pip", "install", "--python", python, wheel)
    return python


@pytest.fixture
def backend_environment(dev_server: DevServer) -> dict[str, str]:
    return {
        "TEMPORAL_ADDRESS": dev_server.address,
        "AFTERSALES_PROOF_KEY_ID": KEY.key_id,
        "AFTERSALES_PROOF_SECRET": KEY.secret,
        "PYTHONPATH": "",
    }


def test_the_wheel_carries_its_types_and_the_lock_and_only_the_client(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {"aftersales/py.typed", "aftersales/contract/schema.lock.json"} <= set(names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"aftersales", "aftersales_client"}


async def test_the_wheel_needs_only_temporalio_and_pydantic_and_cryptography_to_encrypt(lone_python: Path) -> None:
    program = (
        "from importlib import metadata, util;"
        "print(sorted(metadata.requires('aftersales-client')));"
        "print([name for name in ('sqlalchemy', 'cli', 'cryptography') if util.find_spec(name)])"
    )
    needs = ["cryptography>=46; extra == 'encryption'", "pydantic>=2.11", "temporalio<2,>=1.35"]
    assert (await _output(lone_python, "-P", "-c", program)).splitlines() == [str(needs), "[]"]


async def test_a_backend_with_keys_and_without_the_extra_is_told_what_to_install(
    lone_python: Path, backend_environment: dict[str, str]
) -> None:
    keys = json.dumps([{"key_id": "k1", "secret": secret_of("k1")}])
    program = """
from aftersales import connect, run
run(connect())
"""
    environ = os.environ | backend_environment | {"AFTERSALES_ENCRYPTION_KEYS": keys}
    ended = await asyncio.create_subprocess_exec(
        lone_python, "-P", "-c", program, env=environ, stderr=asyncio.subprocess.PIPE
    )
    _, told = await ended.communicate()
    assert ended.returncode == 1
    assert b"Install `aftersales-client[encryption]`" in told


@pytest.mark.usefixtures("running_worker")
async def test_a_lone_backend_starts_signals_updates_queries_and_follows_a_refund(
    lone_python: Path, backend_environment: dict[str, str]
) -> None:
    order = f"{SLOW_PAYMENT}{secrets.token_hex(6)}"
    printed = await _output(lone_python, "-P", "-c", BACKEND, order, env=backend_environment)
    # Whether the follower's first look comes before the decision is taken up is a matter of chance.
    assert [line for line in printed.splitlines() if line != "follow under_review"] == [
        "update True",
        "query True",
        "follow paying",
        "follow refunded",
        "closed False",
    ]


@pytest.mark.usefixtures("running_worker")
async def test_the_readmes_ten_lines_refund_an_order(lone_python: Path, backend_environment: dict[str, str]) -> None:
    readme = (REPOSITORY / "client" / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    printed = await _output(lone_python, "-P", "-c", program, env=backend_environment)
    assert re.fullmatch(r"[0-9A-Y]{5}-[0-9A-Y]{5}-[0-9A-Y]{4} refunded None\n", printed)
