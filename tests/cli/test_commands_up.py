"""`aftersales up`: the whole service by one command, and nothing of it afterwards."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.commands.up import case_list
from cli.home import Home
from cli.servers.probes import tcp_answers
from tests.support.program import Program

LAST_WORDS = "Go on in another terminal"
CHILDREN = re.compile(rb"sandbox\.main|portal\.main|worker\.main|integrations\.mail_sink|start-dev")


class Up:
    """`aftersales up`, followed until it says how to go on."""

    def __init__(self, running: asyncio.subprocess.Process) -> None:
        self.running = running
        self.said: list[str] = []

    async def wait_until_up(self) -> None:
        assert self.running.stdout is not None
        async with asyncio.timeout(90):
            while not self.said or LAST_WORDS not in self.said[-1]:
                line = await self.running.stdout.readline()
                assert line, f"it ended early, saying {self.said}"
                self.said.append(line.decode().rstrip())

    async def stop(self, how: signal.Signals) -> tuple[int | None, str, str]:
        """Its status, and what it wrote from here on."""
        self.running.send_signal(how)
        out, err = await asyncio.wait_for(self.running.communicate(), 60)
        return self.running.returncode, out.decode(), err.decode()


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    program = Program(tmp_path / "home")
    started = Up(await program.start("up", "--headless", "--any-ports", "--time-scale", "0.01", "--order-lookup", "65"))
    await started.wait_until_up()
    yield started
    if started.running.returncode is None:
        await started.stop(signal.SIGTERM)


async def test_it_says_where_everything_is_and_stops_all_of_it_when_told(up: Up, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    said, addresses = "\n".join(up.said), home.addresses()
    for told in (str(home.folder), addresses.temporal, addresses.portal, addresses.sandbox, str(home.mails)):
        assert told in said
    assert "a day of the policy takes 14 min 24 s" in said
    assert "the shop does not know is looked up again for 1 min 5 s only" in said
    assert f"queue --home {home.folder}" in said
    assert len(_of(tmp_path)) >= 4

    second = await Program(home.folder)("up", "--headless")
    assert second.status == 1
    assert f"A stack runs from {home.folder} already" in second.err

    assert await up.stop(signal.SIGTERM) == (0, "Everything has stopped.\n", "")
    assert _of(tmp_path) == []
    assert not await tcp_answers("127.0.0.1", int(addresses.temporal.rsplit(":", 1)[1]))
    stopped = await Program(home.folder)("approve", "4AQC0-MYWYE-0F51")
    assert "No stack is running" in stopped.err
    assert "No case waits" in (await Program(home.folder).ok("queue")).out


async def test_a_part_that_dies_is_named_and_the_rest_is_stopped(up: Up, tmp_path: Path) -> None:
    for pid in _of(tmp_path, b"integrations.mail_sink"):
        os.kill(pid, signal.SIGKILL)
    out, err = await asyncio.wait_for(up.running.communicate(), 60)
    assert (up.running.returncode, out) == (1, b"")
    assert "The mail has ended by itself" in err.decode()
    assert _of(tmp_path) == []


async def test_ctrl_c_while_it_starts_stops_what_was_started(tmp_path: Path) -> None:
    running = Up(await Program(tmp_path / "home").start("up", "--headless", "--any-ports"))
    assert running.running.stdout is not None
    while b"sandbox" not in await asyncio.wait_for(running.running.stdout.readline(), 60):
        pass
    status, _, err = await running.stop(signal.SIGINT)
    assert (status, err) == (0, "")
    assert _of(tmp_path) == []


def test_the_web_ui_is_opened_at_the_list_of_cases() -> None:
    address = case_list("http://127.0.0.1:8233")
    assert address.startswith("http://127.0.0.1:8233/namespaces/default/workflows?query=WorkflowType%20%3D")


def _of(folder: Path, what: bytes = b"") -> list[int]:
    """Processes of a stack below `folder`: its path stands in their command line or in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in command + environ and CHILDREN.search(command) and what in command:
            found.append(int(process.name))
    return found
