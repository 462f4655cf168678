"""What the compose file tells of the payment providers: each process its own part, and the demo's belong together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from integrations.provider import ProviderSettingsError
from integrations.providers import BLOCKS, NAMES, adapters, blocks, statements, webhook_readers
from sandbox.alipay.keys import KeyRing
from sandbox.alipay.settings import AlipaySettings
from sandbox.app import create_app
from sandbox.bank.settings import BankSettings
from sandbox.settings import SandboxSettings
from sandbox.wechat.settings import WeChatSandboxSettings
from tests.deploy.compose import COMPOSE_FILE, ROOT, environment, files, services, variables_in
from tests.deploy.documents import SANDBOXES, variables_of, variables_without_default

EXAMPLES = [ROOT / "deploy" / f"{name}.example.env" for name in ("providers", "webhooks")]
WRITTEN = {"providers.env", "webhooks.env", "sandbox.env"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command of the documents writes for the demo."""
    made = tmp_path_factory.mktemp("deploy")
    ended = merchant(made)
    assert ended.returncode == 0, ended.stderr
    return made


def merchant(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.merchant", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def tell(monkeypatch: pytest.MonkeyPatch, folder: Path, service: str) -> None:
    """What a container of the demo is told by files."""
    for name in files(service):
        for variable, value in variables_in(folder / name).items():
            monkeypatch.setenv(variable, value)


def public(private_pem: str) -> object:
    """The public key that belongs to a private one."""
    return load_pem_private_key(private_pem.encode(), password=None).public_key()


def test_the_examples_name_everything_that_only_the_shop_can_know_and_nothing_twice() -> None:
    named = [variable for example in EXAMPLES for variable in variables_in(example)]
    assert sorted(named) == sorted(variable for kind in BLOCKS for variable in variables_without_default(kind))


def test_examples_that_nobody_filled_in_set_up_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for example in EXAMPLES:
        for variable, value in variables_in(example).items():
            assert value == ""
            monkeypatch.setenv(variable, value)
    assert webhook_readers(blocks()) == {}
    with pytest.raises(ProviderSettingsError, match="No payment provider is set up"):
        adapters(blocks())


def test_nothing_about_providers_is_told_beside_the_files() -> None:
    prefixes = tuple(f"AFTERSALES_{name.upper()}_" for name in NAMES)
    assert [name for service in services() for name in environment(service) if name.startswith(prefixes)] == []


def test_a_worker_of_the_demo_pays_by_every_provider(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, folder, "worker")
    told = blocks()
    assert set(adapters(told)) == set(statements(told)) == set(NAMES)


def test_the_portal_of_the_demo_verifies_every_webhook_and_could_pay_by_none(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, folder, "portal")
    assert set(webhook_readers(blocks())) == set(NAMES)
    signing = variables_in(folder / "providers.env")
    assert "providers.env" not in files("portal")
    assert not any(variable in os.environ for variable in signing)


def test_the_sandbox_is_the_other_side_of_both(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, folder, "sandbox")
    signing, verifying = variables_in(folder / "providers.env"), variables_in(folder / "webhooks.env")
    stripe, bank, wechat = SandboxSettings(), BankSettings(), WeChatSandboxSettings()
    assert stripe.stripe_api_key.get_secret_value() == signing["AFTERSALES_STRIPE_API_KEY"]
    assert bank.token.get_secret_value() == signing["AFTERSALES_BANK_TOKEN"]
    assert wechat.apiv3_key.get_secret_value() == verifying["AFTERSALES_WECHAT_APIV3_KEY"]
    assert load_pem_public_key(wechat.merchant_public_key.encode()) == public(signing["AFTERSALES_WECHAT_PRIVATE_KEY"])
    assert KeyRing(AlipaySettings()).merchant == public(signing["AFTERSALES_ALIPAY_PRIVATE_KEY"])
    assert KeyRing(AlipaySettings()).shown()["public_keys"] == json.loads(verifying["AFTERSALES_ALIPAY_PUBLIC_KEYS"])
    create_app(stripe)


def test_the_sandbox_sends_each_providers_webhooks_to_the_portals_own_door(folder: Path) -> None:
    told = variables_in(folder / "sandbox.env")
    doors = {value for name, value in told.items() if name.endswith(("_WEBHOOK_URL", "_NOTIFY_URL"))}
    assert doors == {f"http://portal:8700/webhooks/{name}" for name in NAMES}
    assert "portal:\n" in COMPOSE_FILE.read_text()


def test_nothing_is_told_that_nobody_listens_to(folder: Path) -> None:
    blocks_listen = {name for kind in BLOCKS for name in variables_of(kind)}
    sandbox_listens = variables_of(SandboxSettings).union(*map(variables_of, SANDBOXES.values()))
    assert {*variables_in(folder / "providers.env"), *variables_in(folder / "webhooks.env")} <= blocks_listen
    assert {*variables_in(folder / "sandbox.env"), *environment("sandbox")} <= sandbox_listens


def test_the_files_are_read_by_their_owner_alone_and_never_written_over(folder: Path) -> None:
    written = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert written == dict.fromkeys(WRITTEN, 0o600)
    before = {name: (folder / name).read_text() for name in WRITTEN}
    again = merchant(folder)
    assert again.returncode == 1
    assert "Nothing was written" in again.stderr
    assert {name: (folder / name).read_text() for name in WRITTEN} == before


def test_files_of_secrets_are_kept_out_of_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert {".env", "/deploy/*.env", "!/deploy/*example.env"} <= set(ignored)
