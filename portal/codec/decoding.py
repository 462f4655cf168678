"""`POST /decode`: Temporal's remote codec protocol, payloads as protobuf's JSON in and out.

There is no `/encode`: nothing that operations do in the Web UI writes a payload.
"""

from __future__ import annotations

from http import HTTPStatus

import structlog
from fastapi import APIRouter
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from temporalio.api.common.v1 import Payloads

from aftersales.encryption import PayloadEncryption
from aftersales.sealing import EncryptionError
from portal.answers import refusal
from portal.bodies import BodyTooLargeError, whole_body
from portal.codec.gate import Gate, RefusedError
from portal.codec.sessions import Session, Sessions
from portal.codec.settings import CodecSettings

_log = structlog.get_logger(__name__)


class Decoding:
    """Opens payloads for whoever the gate lets in. What they hold is never logged; who read how many is."""

    def __init__(self, settings: CodecSettings, gate: Gate, sessions: Sessions) -> None:
        self._codec = PayloadEncryption(settings.encryption_keys)
        self._largest_bytes = settings.largest_body_bytes
        self._limit_s = settings.body_limit_s
        self._gate = gate
        self._sessions = sessions

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/decode", self.decode, methods=["POST"], response_model=None)
        router.add_api_route("/decode", self.preflight, methods=["OPTIONS"], response_model=None)
        return router

    async def decode(self, request: Request) -> Response:
        """200 the payloads, those that were never encrypted as they came; 400 not to be read or opened (the sentence
        names the key), 401, 408, 413, 429."""
        try:
            reader = await self._gate.admit(request)
        except RefusedError as refused:
            return self._gate.let_the_page_read(request, _unlet(refused))
        answer = await self._answer(request, reader.name)
        if isinstance(reader, Session):
            self._sessions.keep_awake(reader, answer)
        return self._gate.let_the_page_read(request, answer)

    async def preflight(self, request: Request) -> Response:
        """204, or 401 for a page from elsewhere."""
        try:
            return self._gate.let_the_page_read(request, await self._gate.preflight(request))
        except RefusedError as refused:
            return _unlet(refused)

    async def _answer(self, request: Request, name: str) -> Response:
        try:
            body = await whole_body(request, self._largest_bytes, self._limit_s)
            payloads = Parse(body, Payloads(), ignore_unknown_fields=True)
            await self._codec.decode_wrapper(payloads)
        except BodyTooLargeError as error:
            return refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", str(error))
        except (TimeoutError, ClientDisconnect):
            return refusal(
                HTTPStatus.REQUEST_TIMEOUT, "too_slow", "The request did not arrive whole in time; send it again."
            )
        except (ParseError, UnicodeDecodeError):
            return refusal(
                HTTPStatus.BAD_REQUEST, "not_payloads", "The body must be Temporal's payloads in protobuf's JSON."
            )
        except EncryptionError as error:
            _log.warning("payloads_not_opened", reader=name, why=str(error))
            return refusal(HTTPStatus.BAD_REQUEST, "not_opened", str(error))
        _log.info("payloads_read", reader=name, count=len(payloads.payloads))
        return Response(MessageToJson(payloads, indent=None), media_type="application/json")


def _unlet(refused: RefusedError) -> Response:
    answer = refused.why.as_json()
    if refused.why.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
