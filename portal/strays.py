"""What is answered where no route does: a wrong address, a method that it does not know, an error of ours."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.answers import Refusal, wants_page
from portal.pages import Pages

FAILED = Refusal(
    HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "Something went wrong on our side; try again in a little while."
)


class Strays:
    """In both languages for a browser, as JSON for a program."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def nothing_here(self, request: Request, why: Exception) -> Response:
        """404 or 405, as the framework found it."""
        status = why.status_code if isinstance(why, HTTPException) else HTTPStatus.NOT_FOUND
        told = Refusal(status, "nothing_here", f"{HTTPStatus(status).phrase}; check address and method.")
        return self._answer(request, told)

    async def failed(self, request: Request, _why: Exception) -> Response:
        """500; what happened stands in the log and nowhere else."""
        return self._answer(request, FAILED)

    def _answer(self, request: Request, told: Refusal) -> Response:
        return self._pages.refusal(told) if wants_page(request) else told.as_json()
