"""The codec server as a process: `python -m portal.codec.main`. Ends cleanly on SIGTERM, open requests first."""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import suppress

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError
from starlette.types import ASGIApp

from aftersales.sealing import EncryptionError
from integrations.clock import SystemClock
from integrations.environment import explain_settings
from integrations.listening import listening
from portal.codec.app import create_app
from portal.codec.settings import CodecSettings

CANNOT_START = 2


def serve(settings: CodecSettings, app: ASGIApp) -> None:
    """Run until SIGTERM or SIGINT. Raises SystemExit, with a sentence, for a port that is not to be had."""
    # uvicorn stops at the signal and then raises it once more, which would end the process by the signal.
    signal.signal(signal.SIGTERM, lambda *_: None)
    config = uvicorn.Config(
        app,
        access_log=False,  # the guard's own line says all that may be said
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=settings.drain_s,
        limit_concurrency=settings.most_connections,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(each) for each in settings.trusted_proxies],
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listening(settings.host, settings.port, "AFTERSALES_CODEC_PORT")])


def main() -> None:
    """Read the settings, build, serve. Ends with status 2 when the settings cannot be used."""
    logging.basicConfig(level=logging.INFO)
    try:
        settings = CodecSettings()
        app = create_app(settings, SystemClock())
    except (ValidationError, SettingsError) as why:
        _refuse(explain_settings(why, CodecSettings))
    except EncryptionError as why:
        _refuse(str(why))
    else:
        serve(settings, app)


def _refuse(why: str) -> None:
    sys.stderr.write(f"The codec server cannot start.\n{why}\n")
    sys.exit(CANNOT_START)


if __name__ == "__main__":
    main()
