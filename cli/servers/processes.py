"""Child processes that start with a bound, stop in order, and never outlive us.

Each child leads a process group of its own, so Ctrl-C at the terminal reaches only us and we decide the order
of stopping. A guard process ends the children when we die without doing so (see `guard`).
"""

import contextlib
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from cli.servers import guard
from cli.servers.errors import ServerUnavailableError
from cli.servers.probes import Probe, eventually, http_answers, tcp_answers

TAIL_LINES = 20
KILL_SECONDS = 5.0
ANSWER_SECONDS = 60.0
"""Far more than any part of the stack takes to start, for a machine that does other things too."""


@dataclass(frozen=True)
class Launch:
    """How a child is started and asked to stop. `environ` is added to ours; `user` needs root."""

    name: str
    command: Sequence[str | Path]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_seconds: float = 10.0


class Child:
    """One running (or ended) child process and its log file."""

    def __init__(self, launch: Launch, log: Path) -> None:
        self.name = launch.name
        self.log = log
        self._launch = launch
        # A log folder may be kept between runs; only this run's lines belong into an error text.
        self._log_start = log.stat().st_size if log.exists() else 0
        with log.open("ab") as sink:
            self._process = _spawn(launch, sink)
        self.pid = self._process.pid
        self._group_ended = False

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if a signal ended it."""
        return self._process.poll()

    @property
    def stop_signal(self) -> signal.Signals:
        return self._launch.stop_signal

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines this run has written."""
        written = self.log.read_bytes()[self._log_start :].decode(errors="replace")
        return "\n".join(written.splitlines()[-lines:])

    async def wait_until(self, probe: Probe, what: str, limit_seconds: float = ANSWER_SECONDS) -> None:
        """Poll `probe` until it is true; an early exit or the bound raises with the log's last lines."""

        async def settled() -> bool:
            return not self.running or await probe()

        in_time = await eventually(settled, limit_seconds)
        if not self.running:
            raise self._unavailable(f"ended with exit code {self.exit_code}; expected was: {what}")
        if not in_time:
            raise self._unavailable(f"did not reach this within {limit_seconds:g} seconds: {what}")

    async def wait_for_port(self, host: str, port: int, limit_seconds: float = ANSWER_SECONDS) -> None:
        await self.wait_until(lambda: tcp_answers(host, port), f"{host}:{port} accepts", limit_seconds)

    async def wait_for_http(self, url: str, limit_seconds: float = ANSWER_SECONDS) -> None:
        await self.wait_until(lambda: http_answers(url), f"{url} answers", limit_seconds)

    async def stop(self, how: signal.Signals | None = None) -> int:
        """Ask it to stop, kill it after its grace time; gives the exit code. Safe to repeat."""
        if self.running:
            self._process.send_signal(how or self.stop_signal)
            if not await self._ended_within(self._launch.grace_seconds):
                self._process.kill()
        await self._ended_within(KILL_SECONDS)
        self._kill_rest_of_group_once()
        return self._process.wait(timeout=KILL_SECONDS)

    async def kill(self) -> int:
        """SIGKILL, as an outage would do it."""
        return await self.stop(signal.SIGKILL)

    async def _ended_within(self, seconds: float) -> bool:
        async def ended() -> bool:
            return not self.running

        return await eventually(ended, seconds)

    def _kill_rest_of_group_once(self) -> None:
        # The leader is gone; a grandchild it left behind still carries its group. Later the number may be another's.
        if not self._group_ended:
            self._group_ended = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def _unavailable(self, trouble: str) -> ServerUnavailableError:
        tail = self.log_tail() or "(it wrote nothing)"
        return ServerUnavailableError(f"{self.name} {trouble}. Its log is {self.log}; the last lines:\n{tail}")


class Processes:
    """Several children, stopped in reverse order of their start: `async with Processes(folder) as processes`.

    Args:
        log_folder: created if missing; one `<name>.log` for each child, appended to.
    """

    def __init__(self, log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        self._log_folder = log_folder
        self._children: list[Child] = []
        self._guard: subprocess.Popen[bytes] | None = None

    def start(self, launch: Launch) -> Child:
        """Start a child; nothing is known yet of its health, see `Child.wait_until`."""
        try:
            child = Child(launch, self._log_folder / f"{launch.name}.log")
        except OSError as error:
            raise ServerUnavailableError(
                f"{launch.name} could not be started with {launch.command[0]}: {error}."
            ) from error
        self._tell_guard(f"watch {child.pid} {int(child.stop_signal)}")
        self._children.append(child)
        return child

    async def stop(self, child: Child, how: signal.Signals | None = None) -> int:
        """Stop one child before the others; gives its exit code."""
        code = await child.stop(how)
        self._tell_guard(f"forget {child.pid}")
        self._children.remove(child)
        return code

    @contextmanager
    def watching(self, pid: int) -> Iterator[None]:
        """Let a process that something else starts and stops for us end with us, too, if we are killed."""
        self._tell_guard(f"watch {pid} {int(signal.SIGTERM)}")
        yield
        self._tell_guard(f"forget {pid}")

    async def stop_all(self) -> None:
        """Stop every child, the youngest first; nothing of ours runs afterwards."""
        for child in reversed(self._children.copy()):
            await self.stop(child)
        self._dismiss_guard()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_all()

    def _tell_guard(self, line: str) -> None:
        self._guard = self._guard or _start_guard()
        if self._guard.stdin is not None:
            self._guard.stdin.write(f"{line}\n".encode())
            self._guard.stdin.flush()

    def _dismiss_guard(self) -> None:
        if self._guard is not None:
            self._guard.communicate(timeout=KILL_SECONDS)
            self._guard = None


def _spawn(launch: Launch, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 the commands are the product's own, never a caller's text
        launch.command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, **launch.environ},
        cwd=launch.folder,
        process_group=0,
        user=launch.user,
        group=group_of(launch.user),
        extra_groups=None if launch.user is None else [],
    )


def _start_guard() -> subprocess.Popen[bytes]:
    # A session of its own: whatever is sent to our group or terminal must not end the guard before its work.
    return subprocess.Popen(  # noqa: S603 our own script under our own interpreter
        [sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.PIPE, start_new_session=True
    )


def group_of(user: str | None) -> int | None:
    """The primary group id of a user; None keeps ours."""
    return None if user is None else pwd.getpwnam(user).pw_gid
