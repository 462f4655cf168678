import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from temporalio.testing import ActivityEnvironment

from activities.sweeping import Sweeping, SweepOrder
from aftersales.contract.values import LegState
from bench.deliveries import HANDS, WEBHOOK_SECRET, Told
from cli.servers.probes import free_port
from integrations.links import LinkKey, LinkSigner, UploadTicket
from portal.main import main
from storage.reading import Reading
from tests.fakes import FakeEngine
from tests.integrations.evidence.samples import JPEG
from tests.portal.conftest import LINK_KEY, NUMBER, PROVIDER_NUMBER, House
from tests.portal.stripe_events import refund_event, signed

LIMIT_S = 90
"""Far more than it takes, for a machine that does other things too."""

LINK_KEYS = json.dumps([{"key_id": "k1", "secret": "l" * 32}])
PAYEE_KEYS = json.dumps([{"key_id": "v1", "secret": base64.b64encode(b"v" * 32).decode()}])


def environment(folder: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "AFTERSALES_DATABASE_URL": f"sqlite:///{folder / 'portal.db'}",
        "AFTERSALES_EVIDENCE": str(folder / "evidence"),
        "AFTERSALES_LINK_KEYS": LINK_KEYS,
        "AFTERSALES_PAYEE_KEYS": PAYEE_KEYS,
        "AFTERSALES_PORTAL_PROOF_SECRET": "p" * 32,
        "AFTERSALES_PORTAL_PORT": str(port),
        "AFTERSALES_STRIPE_WEBHOOK_SECRETS": json.dumps([WEBHOOK_SECRET]),
        "AFTERSALES_PORTAL_WEBHOOK_GRACE_S": "60",
    }


@contextmanager
def portal(settings: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "portal.main"]
    program = subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        yield program
    finally:
        program.kill()
        program.wait()


def wait_until_it_lives(address: str) -> None:
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            httpx2.get(f"{address}/healthz").raise_for_status()
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the portal does not answer")


def upload_token(key: LinkKey = LINK_KEY) -> str:
    return LinkSigner([key]).upload_token(
        UploadTicket(
            number=NUMBER,
            customer_id="c-7",
            expires_at=int(time.time()) + 60,
            ticket_id="a" * 32,
            max_bytes=5000,
            media_types=("image/jpeg",),
        )
    )


def test_the_portal_serves_without_temporal_and_ends_cleanly_on_sigterm(migrated_file: Path, tmp_path: Path) -> None:
    shutil.copy(migrated_file, tmp_path / "portal.db")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with portal(environment(tmp_path, port)) as program:
        wait_until_it_lives(address)
        answer = httpx2.post(f"{address}/evidence/{upload_token()}", files={"file": ("a.jpg", JPEG)})
        assert answer.status_code == 201
        assert "server" not in answer.headers
        program.send_signal(signal.SIGTERM)
        told, _ = program.communicate(timeout=LIMIT_S)
        assert program.returncode == 0
    assert b"Traceback" not in told
    assert upload_token().encode() not in told


@pytest.mark.parametrize(
    ("trusted", "answers"),
    [("127.0.0.0/8", [404, 404, 429, 404]), ("", [404, 404, 429, 429])],
    ids=["behind a proxy that is named", "whoever says so"],
)
def test_a_client_is_who_a_named_proxy_says(
    migrated_file: Path, tmp_path: Path, trusted: str, answers: list[int]
) -> None:
    shutil.copy(migrated_file, tmp_path / "portal.db")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = {
        **environment(tmp_path, port),
        "AFTERSALES_PORTAL_TRUSTED_PROXIES": trusted,
        "AFTERSALES_PORTAL_ADDRESS_PER_MINUTE": "2",
    }
    clients = ["198.51.100.1", "203.0.113.9, 198.51.100.1", "198.51.100.1", "198.51.100.2"]
    with portal(settings):
        wait_until_it_lives(address)
        told = [httpx2.get(f"{address}/survey/x", headers={"X-Forwarded-For": each}) for each in clients]
    assert [each.status_code for each in told] == answers


async def test_each_provider_that_is_set_up_is_heard_and_answered_in_its_words_and_no_other(
    migrated_file: Path, tmp_path: Path
) -> None:
    shutil.copy(migrated_file, tmp_path / "portal.db")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = environment(tmp_path, port)
    for hand in HANDS[1:]:
        settings |= hand.environ()
    del settings["AFTERSALES_STRIPE_WEBHOOK_SECRETS"]
    answers = {}
    with portal(settings):
        await asyncio.to_thread(wait_until_it_lives, address)
        async with httpx2.AsyncClient() as provider:
            for hand in HANDS:
                body, headers = hand.delivery(Told("evt_1", PROVIDER_NUMBER), datetime.now(UTC))
                answer = await provider.post(f"{address}/webhooks/{hand.provider}", content=body, headers=headers)
                answers[hand.provider] = (answer.status_code, answer.content if answer.is_success else b"")
    assert answers == {hand.provider: (200, hand.taken) for hand in HANDS[1:]} | {"stripe": (404, b"")}


async def test_a_webhook_acknowledged_by_a_portal_that_is_then_killed_is_told_by_the_sweep(house: House) -> None:
    await house.leg_in(LegState.SUBMITTING)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with portal(environment(house.evidence.parent, port)) as program:
        await asyncio.to_thread(wait_until_it_lives, address)
        body = refund_event()
        async with httpx2.AsyncClient() as stripe:
            headers = signed(body, house.clock.now())
            answer = await stripe.post(f"{address}/webhooks/stripe", content=body, headers=headers)
        assert answer.json() == {"received": True}  # long before its grace is over
        program.kill()
        program.wait()
    assert await house.waiting() == ["evt_1"]
    house.clock.time += timedelta(minutes=5)
    engine = FakeEngine()
    sweeping = Sweeping(house.records, Reading(house.engine), engine, house.clock, older_than_s=60)
    await ActivityEnvironment().run(sweeping.sweep, SweepOrder())
    assert [number for number, _ in engine.told] == [NUMBER]
    assert await house.waiting() == []


def test_without_its_keys_the_portal_does_not_start_and_says_what_to_set(tmp_path: Path) -> None:
    settings = environment(tmp_path, free_port())
    del settings["AFTERSALES_LINK_KEYS"]
    settings["AFTERSALES_PORTAL_PROOF_SECRET"] = "short"
    with portal(settings) as program:
        told, _ = program.communicate(timeout=LIMIT_S)
        assert program.returncode == 2
    assert b"AFTERSALES_LINK_KEYS: not set" in told
    assert b"AFTERSALES_PORTAL_PROOF_SECRET: " in told
    assert b"Traceback" not in told


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "mysql://x/y", "AFTERSALES_DATABASE_URL: "),
        ("STRIPE_WEBHOOK_SECRETS", '[""]', "AFTERSALES_STRIPE_WEBHOOK_SECRETS "),
        ("STRIPE_WEBHOOK_SECRETS", "known", "AFTERSALES_STRIPE_WEBHOOK_SECRETS: "),
        ("WECHAT_PUBLIC_KEY", "known to nobody", "AFTERSALES_WECHAT_PUBLIC_KEY_ID "),
        ("EVIDENCE", "ftp://shop.example/evidence", "AFTERSALES_EVIDENCE: "),
        ("EVIDENCE", "/proc/nowhere/evidence", "AFTERSALES_EVIDENCE: "),
        ("LINK_KEYS", "k1=secret-known-to-nobody", "AFTERSALES_LINK_KEYS: "),
        ("LINK_KEYS", json.dumps([{"key_id": "k1", "secret": "known"}]), "at least 16 bytes"),
        ("LINK_KEYS", json.dumps([{"key_id": "k1", "secret": "known-to-nobody!"}] * 2), "k1 stands there twice"),
        ("PAYEE_KEYS", json.dumps([{"key_id": "k1", "secret": "known-to-nobody!"}]), "must be 32 bytes in base64"),
    ],
)
def test_a_setting_that_cannot_be_used_is_told_by_its_name_in_one_paragraph(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    said: str,
) -> None:
    for each, text in {**environment(tmp_path, free_port()), f"AFTERSALES_{name}": value}.items():
        monkeypatch.setenv(each, text)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    first, paragraph = capsys.readouterr().err.splitlines()
    assert first == "The portal cannot start."
    assert said in paragraph
    assert "known" not in paragraph


def test_a_port_that_is_taken_is_told_with_the_setting_to_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for each, text in environment(tmp_path, port).items():
            monkeypatch.setenv(each, text)
        with pytest.raises(SystemExit, match=f"^Port {port} .* another one with AFTERSALES_PORTAL_PORT.$"):
            main()


def test_a_fault_of_the_program_shows_where_it_is_and_not_as_a_setting_to_mend(tmp_path: Path) -> None:
    program = """
from portal.main import main

def build(settings):
    raise ValueError("a bug")

main(build)
"""
    settings = environment(tmp_path, free_port())
    ended = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "Traceback" in ended.stderr
    assert "ValueError: a bug" in ended.stderr
    assert "cannot start" not in ended.stderr
