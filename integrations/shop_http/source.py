"""One question to another system of the shop, bounded in time and size. Whatever is wrong with it, it is down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, TypeVar

import httpx2
from pydantic import BaseModel, SecretStr, ValidationError

from activities.particulars import ANSWER_LIMIT_S, SourceDownError

LARGEST_ANSWER_BYTES: Final = 64 * 1024
_OK: Final = 200
_NOT_KNOWN: Final = 404
_REFUSED: Final = frozenset({401, 403})

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class HttpSource:
    """One address, asked by GET; `name` is logistics, stock or accounts.

    No redirect is followed, no proxy and no password file of the environment is used, and certificates are verified,
    so that nobody but the address of the setting is ever spoken to.
    """

    def __init__(self, name: str, url: str, token: SecretStr, *, limit_s: float = ANSWER_LIMIT_S) -> None:
        self._name = name
        self._url = url
        self._limit_s = limit_s
        secret = token.get_secret_value().strip()
        self._client = httpx2.AsyncClient(
            # Not compressed: a few bytes could unpack to more than there is memory.
            headers={"Accept": "application/json", "Accept-Encoding": "identity"}
            | ({"Authorization": f"Bearer {secret}"} if secret else {}),
            timeout=None,  # the client's limits are for each piece that arrives; ours is for the whole
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def ask(self, kind: type[AnswerT], about: Mapping[str, str]) -> AnswerT | None:
        """What is said about these keys; None: they are not known there. Raises SourceDownError.

        A key that the answer has as well must be the one that was asked for.
        """
        body = await self._body(about)
        if body is None:
            return None
        try:
            answer = kind.model_validate_json(body)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in wrong["loc"])
            raise self._down(f"its answer is not what was agreed: {place or 'JSON'}: {wrong['msg']}") from error
        for key, asked in about.items():
            if getattr(answer, key, asked) != asked:
                raise self._down(f"it answered about another {key} than was asked for")
        return answer

    async def _body(self, about: Mapping[str, str]) -> bytes | None:
        try:
            async with (
                asyncio.timeout(self._limit_s),
                self._client.stream("GET", self._url, params=dict(about)) as answer,
            ):
                return await self._read(answer) if self._is_known(answer) else None
        except TimeoutError as error:
            raise self._down(f"it did not answer within {self._limit_s:g} s") from error
        except httpx2.HTTPError as error:
            raise self._down(f"the connection failed ({type(error).__name__})") from error

    def _is_known(self, answer: httpx2.Response) -> bool:
        if answer.status_code == _NOT_KNOWN:
            return False
        if answer.status_code in _REFUSED:
            raise self._down(f"it answered {answer.status_code}; check {self._setting('TOKEN')}")
        if answer.status_code != _OK:
            raise self._down(f"it answered {answer.status_code} instead of 200 or 404; check {self._setting('URL')}")
        if (said := answer.headers.get("content-type", "").partition(";")[0].strip().lower()) != "application/json":
            raise self._down(f"it answered in {said or 'no named type'} instead of application/json")
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise self._down("its answer is compressed, which it was asked not to do")
        return True

    async def _read(self, answer: httpx2.Response) -> bytes:
        body = bytearray()
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > LARGEST_ANSWER_BYTES:
                raise self._down(f"its answer is larger than {LARGEST_ANSWER_BYTES} bytes")
        return bytes(body)

    def _setting(self, ending: str) -> str:
        return f"AFTERSALES_{self._name.upper()}_{ending}"

    def _down(self, why: str) -> SourceDownError:
        return SourceDownError(f"{self._name}: {why}")
