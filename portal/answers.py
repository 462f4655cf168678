"""Refusals as JSON: a stable code and one sentence that says what to do."""

from __future__ import annotations

from starlette.responses import JSONResponse

TRY_AGAIN_S = 5


def refusal(status: int, code: str, sentence: str) -> JSONResponse:
    return JSONResponse({"code": code, "sentence": sentence}, status_code=status)


def later(code: str, sentence: str) -> JSONResponse:
    """503: nothing is wrong with the request; nothing was kept of it."""
    answer = refusal(503, code, sentence)
    answer.headers["Retry-After"] = str(TRY_AGAIN_S)
    return answer
