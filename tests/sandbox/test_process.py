"""The sandbox as a process: it keeps its state over a stop, a kill and a start."""

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cli.servers.probes import free_port
from sandbox.main import main, settings_from
from tests.sandbox.servers import PATIENCE_S, Box, sdk_for, until


class Process:
    """One sandbox process after another on the same port and state file."""

    def __init__(self, state: Path) -> None:
        self.port = free_port()
        self._state = state
        self.running: subprocess.Popen[bytes] | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Box]:
        """The sides to speak to it by, which outlive each process; the first one is started."""
        url = f"http://127.0.0.1:{self.port}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as admin:
            await self.start(admin)
            yield Box(url, admin, sdk_for(url))

    async def start(self, admin: httpx.AsyncClient) -> None:
        """Start the process and wait until it answers."""
        self._launch()
        await until(lambda: _answers(admin), 3 * PATIENCE_S)

    def _launch(self) -> None:
        arguments = ["--port", str(self.port), "--state", str(self._state)]
        self.running = subprocess.Popen([sys.executable, "-m", "sandbox.main", *arguments])

    def end(self, by: signal.Signals) -> int:
        """End the process by a signal; returns its exit status."""
        assert self.running is not None
        self.running.send_signal(by)
        return self.running.wait(PATIENCE_S)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    """A sandbox process that is not started yet."""
    started = Process(tmp_path / "state.sqlite")
    yield started
    if started.running is not None and started.running.poll() is None:
        started.end(signal.SIGKILL)


async def _answers(admin: httpx.AsyncClient) -> bool:
    try:
        return (await admin.get("/admin/health")).status_code == 200
    except httpx.TransportError:
        return False


async def test_state_survives_a_stop_and_a_kill(process: Process) -> None:
    async with process.serving() as box:
        await box.seed()
        first = await box.refund()
        await box.advance(3_600)
        await box.script("429", leg="leg-2")
        assert process.end(signal.SIGTERM) == 0

        await process.start(box.admin)
        assert (await box.refund()).id == first.id
        assert (await box.post("key-2", charge="ch_1", **{"metadata[leg]": "leg-2"})).status_code == 429
        assert (await box.admin.get("/admin/clock")).json()["offset_s"] == 3_600
        await box.refund(7, "leg-3", "key-3")
        process.end(signal.SIGKILL)

        await process.start(box.admin)
        assert await box.executions("leg-3") == 1
        assert await box.refundable() == 8_993


async def test_sigterm_does_not_wait_for_a_held_call(process: Process) -> None:
    async with process.serving() as box:
        await box.seed()
        await box.script("hold_before_execute")
        refunding = asyncio.create_task(box.refund())
        await box.held()
        assert await asyncio.to_thread(process.end, signal.SIGTERM) == 0
        await asyncio.wait([refunding])
        assert refunding.exception() is not None


def test_the_command_line_overrules_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PORT", "5000")
    monkeypatch.setenv("SANDBOX_HOST", "127.0.0.2")
    monkeypatch.setenv("SANDBOX_STRIPE_API_KEY", "sk_test_mine")
    settings = settings_from(["--port", "5001", "--state", "kept.sqlite"])
    assert (settings.host, settings.port) == ("127.0.0.2", 5001)
    assert settings.state_file == Path("kept.sqlite")
    assert settings.stripe_api_key.get_secret_value() == "sk_test_mine"


def test_without_a_state_file_everything_is_in_memory() -> None:
    assert settings_from([]).state_file is None


def test_a_port_that_is_taken_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=f"^Port {port} of 127.0.0.1 cannot be listened on: .* with --port.$"):
            main(["--port", str(port)])
