"""Alipay's gateway: one signed question, one verified answer (https://docs.open.alipay.com/200/106120).

The signature of an answer is over the exact text of its node, so that text is cut out and never written anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.alipay.keys import is_signed, sign, signed_text

GATEWAY: Final = "https://openapi.alipay.com/gateway.do"
BEIJING: Final = ZoneInfo("Asia/Shanghai")
SUCCESS: Final = "10000"
LARGEST_ANSWER: Final = 1_000_000
LONGEST_QUOTE: Final = 300

# The connection was refused or never made, so not a byte of the request has left.
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


class NotSentError(Exception):
    """The gateway cannot be reached; nothing was sent."""


class UnclearError(Exception):
    """The question may have arrived, but there is no answer that can be believed. `code` says in a word why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Access:
    """What it takes to speak to the gateway. `certificate_numbers`: empty for signing with bare keys; `timeout_s`
    bounds one question from start to end."""

    app_id: str
    private_key: rsa.RSAPrivateKey = field(repr=False)
    alipay_keys: tuple[rsa.RSAPublicKey, ...] = field(repr=False)
    certificate_numbers: Mapping[str, str] = field(default_factory=dict)
    gateway: str = GATEWAY
    timeout_s: float = 8.0


@dataclass(frozen=True)
class Answer:
    """A verified answer. `body` has all its fields; numbers in it are kept as text, for amounts may be any of both."""

    code: str
    sub_code: str
    message: str
    body: Mapping[str, object]

    @property
    def is_success(self) -> bool:
        """The call was taken; what it says is in the body."""
        return self.code == SUCCESS


class AlipayGateway:
    """One client for a whole process; `close` ends it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # A connection that takes half of the time is never made; that is told apart from a late answer.
        timeout = httpx2.Timeout(access.timeout_s, connect=access.timeout_s / 2, pool=access.timeout_s / 2)
        self._http = httpx2.AsyncClient(timeout=timeout, follow_redirects=False)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, method: str, content: Mapping[str, object], notify_url: str = "") -> Answer:
        """Call an interface with its `biz_content`. Raises NotSentError, UnclearError."""
        form = self._signed(method, content, notify_url)
        try:
            async with asyncio.timeout(self._access.timeout_s):
                status, text = await self._post(form)
        except _NEVER_SENT as error:
            name = type(error).__name__
            raise NotSentError(f"Alipay cannot be reached ({name}); nothing was sent.") from error
        except httpx2.HTTPError as error:
            name = type(error).__name__
            sentence = f"The connection to Alipay broke ({name}); the request may have arrived."
            raise UnclearError("connection_lost", sentence) from error
        except TimeoutError as error:
            sentence = f"Alipay did not answer within {self._access.timeout_s:g} s."
            raise UnclearError("deadline_passed", sentence) from error
        if status != httpx2.codes.OK:
            raise UnclearError(f"http_{status}", f"Alipay's gateway answered with HTTP {status}.")
        return read_answer(text, method, self._access.alipay_keys)

    def _signed(self, method: str, content: Mapping[str, object], notify_url: str) -> dict[str, str]:
        params = {
            "app_id": self._access.app_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "timestamp": f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            **self._access.certificate_numbers,
        }
        if notify_url:
            params["notify_url"] = notify_url
        return {**params, "sign": sign(signed_text(params), self._access.private_key)}

    async def _post(self, form: Mapping[str, str]) -> tuple[int, bytes]:
        # The charset belongs into the address as well: the gateway reads the form by it.
        address = f"{self._access.gateway}?charset=utf-8"
        async with self._http.stream("POST", address, data=form) as answer:
            return answer.status_code, await read_limited(answer, LARGEST_ANSWER)


async def read_limited(answer: httpx2.Response, most_bytes: int) -> bytes:
    """The body. Raises UnclearError for one that does not end."""
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > most_bytes:
            raise UnclearError("unreadable_answer", f"Alipay's answer is longer than {most_bytes} bytes.")
    return bytes(body)


def read_answer(body: bytes, method: str, keys: tuple[rsa.RSAPublicKey, ...]) -> Answer:
    """Cut the node out, verify it, read it. Raises UnclearError for what is not Alipay's, whatever it says."""
    try:
        text = body.decode()
        whole = json.loads(text)
        name = _node_name(whole, method)
        node_text = _raw(text, name)
        node = json.loads(node_text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError, TypeError) as error:
        raise UnclearError("unreadable_answer", "Alipay's answer cannot be read.") from error
    if not isinstance(node, dict):
        raise UnclearError("unreadable_answer", "Alipay's answer cannot be read.")
    code, sub_code, message = (str(node.get(part) or "") for part in ("code", "sub_code", "sub_msg"))
    answer = Answer(code, sub_code, message, node)
    signature = whole.get("sign")
    if not isinstance(signature, str) or not is_signed(node_text.encode(), signature, keys):
        said = f"{answer.code} {answer.sub_code}".strip()[:LONGEST_QUOTE]
        raise UnclearError("bad_signature", f"The signature of the answer fits none of Alipay's keys; it said {said}.")
    return answer


def _node_name(whole: object, method: str) -> str:
    """The key of the node; a gateway that does not know what was asked has a name of its own for it."""
    expected = f"{method.replace('.', '_')}_response"
    for name in (expected, "error_response"):
        if isinstance(whole, dict) and name in whole:
            return name
    raise ValueError(f"no {expected}")


def _raw(text: str, name: str) -> str:
    """The text of a node as it stands there: its first mention is the key itself, for it comes before any content."""
    start = text.index(":", text.index(f'"{name}"')) + 1
    start += len(text[start:]) - len(text[start:].lstrip())
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]
