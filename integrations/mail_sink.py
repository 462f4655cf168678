"""A mail server that delivers nowhere: every mail becomes a file. For the demo and for tests.

`python -m integrations.mail_sink --port 2525 --folder mails` runs until SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from aiosmtpd.smtp import SMTP, Envelope, Session

from integrations.listening import listening
from integrations.mail_folder import store_mail

LARGEST_MAIL_BYTES: Final = 10_000_000
DEFAULT_PORT: Final = 2525
_log = logging.getLogger(__name__)


class FolderHandler:
    """Takes every mail for everybody, one file for each delivery, repetitions included."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook: a whole mail has arrived."""
        content = envelope.original_content
        if content is None:
            return "554 the mail is empty; send a message"
        try:
            store_mail(self._folder, content)
        except OSError as why:
            _log.warning("cannot write to the sink's folder: %s", why)
            return "451 the sink's folder cannot be written; make room and send again"
        return "250 kept"


async def start_sink(folder: Path, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """A listening sink; port 0 takes a free one, which `server.sockets` names. Close it when done. Raises as
    `listening`."""
    protocol = partial(SMTP, FolderHandler(folder), enable_SMTPUTF8=True, data_size_limit=LARGEST_MAIL_BYTES)
    return await asyncio.get_running_loop().create_server(protocol, sock=listening(host, port, "--port"))


async def serve(folder: Path, host: str, port: int) -> None:
    """Run until SIGTERM or SIGINT."""
    server = await start_sink(folder, host, port)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    _log.info("mail sink listens on %s port %d and writes to %s", host, port, folder)
    await stop.wait()
    server.close()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `--host`, `--port`, `--folder`."""
    parser = argparse.ArgumentParser(prog="python -m integrations.mail_sink", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument("--folder", type=Path, required=True)
    chosen = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells every command
    asyncio.run(serve(chosen.folder, chosen.host, chosen.port))


if __name__ == "__main__":
    main()
