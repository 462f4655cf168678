"""Child processes start within a bound, stop in order, and never outlive us."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.servers.commands import run
from cli.servers.errors import ServerUnavailableError
from cli.servers.guard import survivors
from cli.servers.postgres_programs import unprivileged_account
from cli.servers.probes import LOOPBACK, eventually, free_port, port_is_free, tcp_answers
from cli.servers.processes import Child, Launch, Processes
from tests.support.programs import write_program

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
# Starts a child of its own, as some servers do, and waits.
FAMILY = 'sleep 600 & echo $! > "$GRANDCHILD"; echo ready; wait'

PARENT = """
import asyncio, sys
from pathlib import Path
from cli.servers.processes import Launch, Processes
async def main():
    processes = Processes(Path(sys.argv[1]))
    child = processes.start(Launch("family", [sys.argv[2]], {"GRANDCHILD": sys.argv[3]}))
    print(child.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def alive(pid: int) -> bool:
    """Whether it still runs; a zombie nobody has collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # before it was opened, or while it was read
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


async def started(processes: Processes, script: Path, name: str = "server", **environ: str) -> Child:
    """A child that has said `ready`."""
    child = processes.start(Launch(name, [script], environ, grace_seconds=0.5))

    async def ready() -> bool:
        return "ready" in child.log_tail()

    await child.wait_until(ready, "it says ready", 30)
    return child


@pytest.fixture
def waits(tmp_path: Path) -> Path:
    """A server that ends when asked to."""
    return write_program(tmp_path / "waits", "echo ready; exec sleep 600")


async def test_a_server_answers_on_its_port_and_is_gone_after_the_end(tmp_path: Path) -> None:
    port = free_port()
    async with Processes(tmp_path) as processes:
        command = [sys.executable, "-m", "http.server", "--bind", LOOPBACK, str(port)]
        child = processes.start(Launch("web", command, folder=tmp_path))
        await child.wait_for_port(LOOPBACK, port, 10)
        await child.wait_for_http(f"http://{LOOPBACK}:{port}/", 10)
        assert not port_is_free(port)
    assert not alive(child.pid)
    assert not await tcp_answers(LOOPBACK, port)


async def test_an_early_exit_shows_the_last_lines_of_this_run(tmp_path: Path, processes: Processes) -> None:
    (tmp_path / "logs" / "server.log").write_text("an earlier run\n")
    script = write_program(tmp_path / "fails", "echo 'the disk is full' >&2; exit 3")
    child = processes.start(Launch("server", [script]))
    with pytest.raises(ServerUnavailableError) as caught:
        await child.wait_for_port(LOOPBACK, free_port(), 5)
    assert "exit code 3" in str(caught.value)
    assert "the disk is full" in str(caught.value)
    assert "an earlier run" not in str(caught.value)


async def test_a_server_that_never_answers_is_given_up_within_the_bound(processes: Processes, waits: Path) -> None:
    child = await started(processes, waits)
    port = free_port()
    with pytest.raises(ServerUnavailableError, match=rf"within 0\.2 seconds: 127\.0\.0\.1:{port} accepts"):
        await child.wait_for_port(LOOPBACK, port, 0.2)
    assert child.running


async def test_a_program_that_does_not_exist_is_a_readable_error(processes: Processes) -> None:
    with pytest.raises(ServerUnavailableError, match="server could not be started with /nowhere/program"):
        processes.start(Launch("server", ["/nowhere/program"]))


async def test_stopping_asks_first(processes: Processes, waits: Path) -> None:
    child = await started(processes, waits)
    assert await processes.stop(child) == -signal.SIGTERM
    assert child.exit_code == -signal.SIGTERM


async def test_a_server_that_ignores_the_request_is_killed(processes: Processes, tmp_path: Path) -> None:
    child = await started(processes, write_program(tmp_path / "stubborn", STUBBORN))
    assert await processes.stop(child) == -signal.SIGKILL


async def test_the_youngest_is_stopped_first(tmp_path: Path) -> None:
    note = 'trap \'echo "$NAME" >> "$NOTES"; exit 0\' TERM; echo ready; while :; do sleep 0.05; done'
    script = write_program(tmp_path / "notes", note)
    async with Processes(tmp_path / "logs") as processes:
        for name in ("first", "second", "third"):
            await started(processes, script, name, NAME=name, NOTES=str(tmp_path / "order"))
    assert (tmp_path / "order").read_text().split() == ["third", "second", "first"]


async def test_the_children_of_a_server_end_with_it(processes: Processes, tmp_path: Path) -> None:
    note = tmp_path / "grandchild"
    child = await started(processes, write_program(tmp_path / "family", FAMILY), GRANDCHILD=str(note))
    grandchild = int(note.read_text())
    assert alive(grandchild)
    await processes.stop(child)
    assert await eventually(lambda: ended(grandchild), 30)


async def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    script, note = write_program(tmp_path / "family", FAMILY), tmp_path / "grandchild"
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tmp_path / "logs", script, note, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())

    async def noted() -> bool:
        return number_in(note) is not None

    assert await eventually(noted, 30)
    grandchild = number_in(note)
    assert grandchild is not None
    parent.kill()
    await parent.wait()
    assert await eventually(lambda: ended(child), 30)
    assert await eventually(lambda: ended(grandchild), 30)


async def ended(pid: int) -> bool:
    return not alive(pid)


def number_in(path: Path) -> int | None:
    """The number a script has written, once its line is whole."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.endswith("\n") else None


async def test_a_short_command_gives_its_code_and_output(tmp_path: Path) -> None:
    script = write_program(tmp_path / "says", 'echo "$WORD"; echo trouble >&2; exit 4')
    ended_command = await run([script], limit_seconds=30, environ={"WORD": "hello"})
    assert (ended_command.code, ended_command.output) == (4, "hello\ntrouble\n")


async def test_a_short_command_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = write_program(tmp_path / "hangs", f"echo $$ > {note}; exec sleep 600")
    with pytest.raises(ServerUnavailableError, match="did not end within 2 seconds"):
        await run([script], limit_seconds=2)
    pid = int(note.read_text())
    assert await eventually(lambda: ended(pid), 30)


async def test_a_command_can_run_under_another_account_if_we_are_root() -> None:
    account = unprivileged_account()
    ended_command = await run(["/usr/bin/id", "-un"], limit_seconds=30, folder=Path("/"), user=account)
    assert ended_command.output.strip() == (account or pwd.getpwuid(os.getuid()).pw_name)


def test_the_guard_ends_what_was_not_taken_back() -> None:
    told = ["watch 10 15\n", "watch 20 2\n", "forget 10\n", "forget 99\n", "\n"]
    assert survivors(told) == {20: 2}
