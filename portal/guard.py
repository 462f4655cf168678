"""Around every answer: headers that keep pages to themselves, and one line in the log without any token."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
    "object-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Strict-Transport-Security": "max-age=31536000",
}
_log = structlog.get_logger(__name__)


class Guard:
    """ASGI middleware, outermost, so that an unexpected error's answer has the headers too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status, took_s = time.perf_counter(), 0, 0.0

        async def send_guarded(message: Message) -> None:
            nonlocal status, took_s
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)
            took_s = time.perf_counter() - started  # what is done after the answer keeps nobody waiting

        try:
            await self._app(scope, receive, send_guarded)
        finally:
            room = scope["path"].split("/")[1][:20]  # what follows may be a token
            _log.info("request", method=scope["method"], room=room, status=status, took_ms=round(took_s * 1000))
