"""The port that a program listens on, taken before it begins."""

from __future__ import annotations

import socket


def listening(host: str, port: int, setting: str) -> socket.socket:
    """A socket for servers to listen by; `setting` is where the port is said, such as `--port`.

    Raises SystemExit with a sentence, so that the program ends with status 1, where there is no such port to be had.
    """
    own = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        own.bind((host, port))
    except OSError as error:
        own.close()
        raise SystemExit(
            f"Port {port} of {host} cannot be listened on: {error.strerror}. "
            f"End the program that has it, or name another one with {setting}."
        ) from error
    return own
