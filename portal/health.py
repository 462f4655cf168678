"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from portal.answers import later

REACH_LIMIT_S: Final = 2.0
"""Shorter than what probes usually wait; a healthy database needs milliseconds."""


class Health:
    """`GET /healthz`, `GET /readyz`. `reach` raises what is wrong with the database; `limit_s` in seconds."""

    def __init__(self, reach: Callable[[], Awaitable[None]], limit_s: float = REACH_LIMIT_S) -> None:
        self._reach = reach
        self._limit_s = limit_s

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/healthz", self.alive, methods=["GET"])
        router.add_api_route("/readyz", self.ready, methods=["GET"], response_model=None)
        return router

    async def alive(self) -> dict[str, str]:
        """The process answers; a database that is down is no reason to restart it."""
        return {"status": "ok"}

    async def ready(self) -> Response:
        """200 while the database answers and has our tables, else 503. Temporal may be down: webhooks are kept."""
        try:
            async with asyncio.timeout(self._limit_s):
                await self._reach()
        except (SQLAlchemyError, OSError):
            return later("not_ready", "The database does not answer; no request can be taken now.")
        return JSONResponse({"status": "ready"})
