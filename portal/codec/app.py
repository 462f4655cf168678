"""The codec server as one ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from portal.answers import refusal
from portal.codec.decoding import Decoding
from portal.codec.gate import Gate
from portal.codec.login import Login
from portal.codec.sessions import Sessions
from portal.codec.settings import CodecSettings
from portal.guard import Guard

if TYPE_CHECKING:
    from portal.ports import Clock


def create_app(settings: CodecSettings, clock: Clock) -> ASGIApp:
    """`/decode`, the login page, `/healthz`; no API description is published. Raises EncryptionError."""
    app = FastAPI(title="codec", docs_url=None, redoc_url=None, openapi_url=None)
    sessions = Sessions(settings, clock)
    gate = Gate(settings, sessions)
    for room in (Decoding(settings, gate, sessions), Login(gate, sessions)):
        app.include_router(room.router())
    app.add_api_route("/healthz", _alive, methods=["GET"])
    app.add_exception_handler(HTTPException, _nothing_here)
    app.add_exception_handler(Exception, _failed)
    return Guard(app)


async def _alive() -> dict[str, str]:
    """The process answers; it depends on nothing else."""
    return {"status": "ok"}


async def _nothing_here(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return refusal(status, "nothing_here", "There is nothing here; payloads are sent to `POST /decode`.")


async def _failed(_: Request, __: Exception) -> Response:
    return refusal(500, "failed", "The codec server failed; its log says where. Nothing was given away.")
