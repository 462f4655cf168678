"""Refusals as JSON: a stable code and one sentence that says what to do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse

TRY_AGAIN_S = 5


@dataclass(frozen=True)
class Refusal:
    """Why a request was not done, for programs as JSON and for eyes as a page. `wait_s`: when to come again."""

    status: int
    code: str
    sentence: str
    wait_s: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.wait_s is None else {"Retry-After": str(self.wait_s)}

    def as_json(self) -> JSONResponse:
        content = {"code": self.code, "sentence": self.sentence}
        return JSONResponse(content, self.status, self.headers)


def too_many(wait_s: int) -> Refusal:
    return Refusal(429, "too_many", f"Too many requests came; come again in {wait_s} seconds.", wait_s)


def wants_page(request: Request) -> bool:
    """Whether a browser asks, for somebody to read the answer; programs get JSON."""
    return "text/html" in request.headers.get("accept", "")


def refusal(status: int, code: str, sentence: str) -> JSONResponse:
    return Refusal(status, code, sentence).as_json()


def later(code: str, sentence: str) -> JSONResponse:
    """503: nothing is wrong with the request; nothing was kept of it."""
    return Refusal(503, code, sentence, TRY_AGAIN_S).as_json()
