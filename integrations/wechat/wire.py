"""Calls of WeChat Pay through the SDK `wechatpayv3`, and what can go wrong on the way (public-key mode).

The SDK signs each request and verifies the answer's signature if its status is 2xx. It retries nothing; an answer by
another key than ours has it ask once for WeChat Pay's certificates, within the same time limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from aftersales.contract.values import Frozen

API_BASE: Final = "https://api.mch.weixin.qq.com"

# The connection was refused or never made, so not a byte of the request has left.
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class WeChatAccount:
    """What is needed to call WeChat Pay. Keys are PEM: `private_key` the merchant's PKCS #8, `public_key` WeChat Pay's,
    known by `public_key_id`. `timeout_s` bounds one question from start to end. `notify_url` goes into each refund;
    empty, WeChat Pay calls the address that is set on its platform."""

    mchid: str
    serial_no: str
    private_key: str = field(repr=False)
    public_key_id: str
    public_key: str
    apiv3_key: str = field(repr=False)
    notify_url: str = ""
    api_base: str = API_BASE
    timeout_s: float = 8.0


class NotSentError(Exception):
    """Nothing has left; trying again is safe."""


class NoAnswerError(Exception):
    """What became of the request cannot be told: it may have been executed. `code` says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is text for JSON and bytes for a file. With 2xx JSON its signature held."""

    status: int
    body: str | bytes


class Refusal(Frozen):
    """WeChat Pay's error body. Branch on the code, never on the message."""

    code: str
    message: str = ""


Ask = Callable[[AsyncWeChatPay], Coroutine[Any, Any, tuple[int, str | bytes]]]


class WeChatWire:
    """One merchant's connections; one instance serves a whole process, `close` ends it."""

    def __init__(self, account: WeChatAccount) -> None:
        self.api_base = account.api_base.rstrip("/")
        self._timeout_s = account.timeout_s
        self._sdk = AsyncWeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,  # of ordering a payment alone; refunds are the same for all
            mchid=account.mchid,
            private_key=account.private_key,
            cert_serial_no=account.serial_no,
            appid="",  # likewise
            apiv3_key=account.apiv3_key,
            notify_url=account.notify_url or None,
            public_key=account.public_key,
            public_key_id=account.public_key_id,
            # A connection that takes half of the time is never made; that is told apart from a late answer.
            timeout=(account.timeout_s / 2, account.timeout_s),
        )
        # The SDK has no parameter for its address, which the sandbox and WeChat Pay's second domain need.
        self._sdk._core._gate_way = self.api_base
        self._open = False

    async def close(self) -> None:
        """Close the connections."""
        if self._open:
            self._open = False
            await self._sdk.__aexit__(None, None, None)

    async def ask(self, call: Ask) -> Answer:
        """Make one call of the SDK. Raises NotSentError, NoAnswerError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                if not self._open:
                    # In public-key mode this only makes the HTTP client; it sends and awaits nothing.
                    self._open = True
                    await self._sdk.__aenter__()
                status, body = await call(self._sdk)
        except TimeoutError as error:
            raise NoAnswerError(
                "deadline_passed", f"WeChat Pay did not answer within {self._timeout_s:g} s."
            ) from error
        except _NEVER_SENT as error:
            raise NotSentError(f"WeChat Pay cannot be reached ({type(error).__name__}); nothing was sent.") from error
        except httpx.HTTPError as error:
            name = type(error).__name__
            raise NoAnswerError(
                "connection_lost", f"The connection to WeChat Pay broke ({name}); the request may have arrived."
            ) from error
        except Exception as error:  # the SDK raises nothing narrower for an answer whose signature does not hold
            raise NoAnswerError(
                "bad_signature", "WeChat Pay's answer is not signed by its public key, or cannot be read."
            ) from error
        return Answer(status, body)
