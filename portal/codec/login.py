"""The page on which a reader logs in, so that the Web UI's requests carry a cookie."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from portal import pages
from portal.bodies import BodyTooLargeError, whole_body
from portal.codec.gate import Gate, RefusedError
from portal.codec.sessions import Sessions

FOLDER: Final = Path(__file__).parent / "templates"
LARGEST_FORM_BYTES: Final = 4096
FORM_LIMIT_S: Final = 10.0
_log = structlog.get_logger(__name__)


class Login:
    """`GET /`, `POST /login`, `POST /logout`. Another site can neither log somebody in nor out."""

    def __init__(self, gate: Gate, sessions: Sessions) -> None:
        self._gate = gate
        self._sessions = sessions
        self._page = Environment(
            loader=FileSystemLoader([FOLDER, pages.FOLDER]),
            undefined=StrictUndefined,
            autoescape=True,
            auto_reload=False,
        ).get_template("login.html")
        self._style = (pages.FOLDER / "portal.css").read_text(encoding="utf-8") + (FOLDER / "login.css").read_text()

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/", self.page, methods=["GET"], response_model=None)
        router.add_api_route("/login", self.log_in, methods=["POST"], response_model=None)
        router.add_api_route("/logout", self.log_out, methods=["POST"], response_model=None)
        router.add_api_route("/portal.css", self.style, methods=["GET"], response_model=None)
        return router

    async def page(self, request: Request) -> Response:
        """200 the form, or who is logged in; 429."""
        try:
            await self._gate.count(request)
        except RefusedError as refused:
            return self._refused(refused)
        session = self._sessions.of(request)
        return self._rendered(name=session.name if session else "")

    async def log_in(self, request: Request) -> Response:
        """303 to the page with a new login; 401 the form again, 403 from another site, 400 no form, 429."""
        if _comes_from_another_site(request):
            return self._rendered("Open this page itself and log in there.", HTTPStatus.FORBIDDEN)
        try:
            await self._gate.count(request)
            form = parse_qs((await whole_body(request, LARGEST_FORM_BYTES, FORM_LIMIT_S)).decode(errors="replace"))
            reader = await self._gate.reader(form.get("token", [""])[0].strip(), request)
        except (BodyTooLargeError, TimeoutError, ClientDisconnect):
            return self._rendered("The form did not arrive; send it again.", HTTPStatus.BAD_REQUEST)
        except RefusedError as refused:
            return self._refused(refused)
        _log.info("reader_logged_in", reader=reader.name)
        answer = _to_the_page()
        self._sessions.open(reader, answer)
        return answer

    async def log_out(self, request: Request) -> Response:
        """303 to the page; the login is over, in copies of its cookie too."""
        answer = _to_the_page()
        session = self._sessions.of(request)
        if session and not _comes_from_another_site(request):
            self._sessions.end(session, answer)
            _log.info("reader_logged_out", reader=session.name)
        return answer

    async def style(self) -> Response:
        return Response(self._style, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})

    def _refused(self, refused: RefusedError) -> Response:
        told = refused.why
        flaw = "No reader has this token." if told.wait_s is None else told.sentence
        return self._rendered(flaw, HTTPStatus(told.status), told.headers)

    def _rendered(
        self,
        flaw: str = "",
        status: HTTPStatus = HTTPStatus.OK,
        headers: dict[str, str] | None = None,
        *,
        name: str = "",
    ) -> Response:
        text = self._page.render(shop="Temporal", language="en", flaw=flaw, name=name)
        return HTMLResponse(text, status, headers)


def _to_the_page() -> RedirectResponse:
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


def _comes_from_another_site(request: Request) -> bool:
    """As browsers say of each request; programs have no cookie that could be abused."""
    return request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
