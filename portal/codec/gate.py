"""Who may read: a bearer token, or a login from a page of the Web UI's own origin. Everybody else gets 401.

Guessing is hopeless, the tokens are long; failures are counted all the same, so that somebody who tries costs little
and shows in the log.
"""

from __future__ import annotations

from typing import Final

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from starlette.requests import Request
from starlette.responses import Response

from portal.answers import Refusal, too_many
from portal.codec.sessions import Session, Sessions
from portal.codec.settings import CodecSettings, ReaderToken, reader_of
from portal.limits import Counter, TooManyRequestsError, address_key

ELSEWHERE: Final = Refusal(401, "origin_not_allowed", "This page may not read payloads; its origin is not allowed.")
NOBODY: Final = Refusal(
    401, "not_logged_in", "Send an `Authorization: Bearer` header with your token, or log in on this server's own page."
)
_ANSWERS_DIFFER_BY: Final = "Origin"
_PREFLIGHT_HEADERS: Final = {
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "authorization, content-type, x-namespace",
    "Access-Control-Max-Age": "600",
}
_log = structlog.get_logger(__name__)


class RefusedError(Exception):
    """Whoever asks is not let in; `why` is the answer."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.sentence)
        self.why = why


class Gate:
    """Stands before everything that gives something away."""

    def __init__(self, settings: CodecSettings, sessions: Sessions) -> None:
        self._tokens = settings.tokens
        self._origins = frozenset(settings.origins)
        self._sessions = sessions
        self._asked = Counter(RateLimitItemPerMinute(settings.address_per_minute), MemoryStorage())
        self._failed = Counter(RateLimitItemPerMinute(settings.failures_per_minute), MemoryStorage())

    async def admit(self, request: Request) -> ReaderToken | Session:
        """Who asks. A login counts only from an allowed origin. Raises RefusedError: 401 or 429."""
        await self.count(request)
        if self._is_elsewhere(request):
            raise RefusedError(ELSEWHERE)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return await self.reader(token.strip(), request)
        session = self._sessions.of(request) if "origin" in request.headers else None
        return session or await self._nobody(request)

    async def reader(self, token: str, request: Request) -> ReaderToken:
        """Whose token it is. Raises RefusedError."""
        return reader_of(token, self._tokens) or await self._nobody(request)

    async def preflight(self, request: Request) -> Response:
        """204 for a page of an allowed origin, 401 for any other."""
        await self.count(request)
        if "origin" not in request.headers or self._is_elsewhere(request):
            raise RefusedError(ELSEWHERE)
        return Response(status_code=204, headers=_PREFLIGHT_HEADERS)

    async def count(self, request: Request) -> None:
        """Raises RefusedError(429) for an address that asks too often."""
        await _counted(self._asked, request)

    def let_the_page_read(self, request: Request, response: Response) -> Response:
        """The answer with what tells the browser of an allowed page that it may have it: refusals too."""
        response.headers.add_vary_header(_ANSWERS_DIFFER_BY)
        if "origin" in request.headers and not self._is_elsewhere(request):
            response.headers["Access-Control-Allow-Origin"] = request.headers["origin"]
            response.headers["Access-Control-Allow-Credentials"] = "true"
        return response

    def _is_elsewhere(self, request: Request) -> bool:
        return "origin" in request.headers and request.headers["origin"] not in self._origins

    async def _nobody(self, request: Request) -> ReaderToken:
        await _counted(self._failed, request)
        _log.warning("reader_refused", address=_address(request))
        raise RefusedError(NOBODY)


async def _counted(counter: Counter, request: Request) -> None:
    try:
        await counter.count(address_key(_address(request)))
    except TooManyRequestsError as why:
        raise RefusedError(too_many(why.wait_s)) from why


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
