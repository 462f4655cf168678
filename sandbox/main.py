"""Runs the sandbox: ``python -m sandbox.main --host 127.0.0.1 --port 4242 [--state FILE]``."""

import argparse
import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import uvicorn

from sandbox.app import create_app
from sandbox.settings import SandboxSettings

# Held and slow calls may be open for minutes; the end of the process does not wait for them.
GRACE_S = 1
# Longer than any client keeps an idle connection, so that a call never meets one that is just closing.
KEEP_ALIVE_S = 300


def settings_from(arguments: Sequence[str] | None = None) -> SandboxSettings:
    """Settings from the environment, overruled by the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.main", description=__doc__)
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on")
    parser.add_argument("--state", type=Path, dest="state_file", help="SQLite file; in memory without it")
    given = vars(parser.parse_args(arguments))
    return SandboxSettings(**{name: value for name, value in given.items() if value is not None})


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # uvicorn raises the signal again after its own shutdown; that is a clean end, not a death.
    raise SystemExit(0)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = settings_from(arguments)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )


if __name__ == "__main__":
    main()
