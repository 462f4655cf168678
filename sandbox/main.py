"""Runs the sandbox: ``python -m sandbox.main --host 127.0.0.1 --port 4242 [--state FILE]``."""

import argparse
import signal
import socket
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


def _listening(host: str, port: int) -> socket.socket:
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
    except OSError as error:
        own.close()
        raise SystemExit(
            f"Port {port} of {host} cannot be listened on: {error.strerror}. "
            "End the program that has it, or name another one with --port."
        ) from error
    return own


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. Ends with status 1 and a sentence where the port is taken."""
    settings = settings_from(arguments)
    own = _listening(settings.host, settings.port)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=GRACE_S,
    )
    uvicorn.Server(config).run([own])


if __name__ == "__main__":
    main()
