"""Questions to the bank over HTTPS, and whether they can have reached it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import httpx2

# The connection was refused or never made, so not a byte of the request has left.
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True)
class BankAccess:
    """What is needed to speak to the bank; `BankBlock` has checked it.

    `api_base`: all paths follow it. `debtor_account`: where payouts are paid from, without blanks. `timeout_s`
    bounds one question from start to end. `currencies`: what the account pays in, None for any.
    """

    api_base: str
    token: str = field(repr=False)
    debtor_account: str = field(repr=False)
    timeout_s: float = 8.0
    currencies: frozenset[str] | None = None


@dataclass(frozen=True)
class BankAnswer:
    """A whole answer, whatever it says."""

    status: int
    body: bytes


class NothingSentError(Exception):
    """The bank cannot be reached, and nothing has left; `str(error)` says how that came."""


class AnswerLostError(Exception):
    """The request may have arrived. `code` is for the record, `str(error)` says what happened."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class BankApi:
    """One client for a whole process; no redirect is followed and no proxy taken from the environment."""

    def __init__(self, access: BankAccess, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        # A connection that takes half of the time is never made; that is told apart from a late answer.
        self._client = httpx2.AsyncClient(
            base_url=access.api_base.rstrip("/") + "/",
            headers={"Authorization": f"Bearer {access.token}"},
            timeout=httpx2.Timeout(timeout_s, connect=timeout_s / 2, pool=timeout_s / 2),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def get(self, path: str, params: Mapping[str, str]) -> BankAnswer:
        """Raises NothingSentError, AnswerLostError."""
        return await self._ask(self._client.build_request("GET", path, params=dict(params)))

    async def post(self, path: str, content: Mapping[str, object]) -> BankAnswer:
        """Raises NothingSentError, AnswerLostError."""
        return await self._ask(self._client.build_request("POST", path, json=dict(content)))

    async def _ask(self, request: httpx2.Request) -> BankAnswer:
        try:
            # The client's own limits are for each piece that arrives; an answer that trickles needs one for all.
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.send(request)
        except _NEVER_SENT as error:
            raise NothingSentError(f"The bank cannot be reached ({type(error).__name__}); nothing was sent.") from error
        except TimeoutError as error:
            late = f"The bank did not answer within {self._timeout_s:g} s."
            raise AnswerLostError("deadline_passed", late) from error
        except httpx2.HTTPError as error:
            broken = f"The connection to the bank broke ({type(error).__name__}); the request may have arrived."
            raise AnswerLostError("connection_lost", broken) from error
        return BankAnswer(answer.status_code, answer.content)
