"""A running sandbox with WeChat Pay's two sides, the real SDK as its client, and the legs that tests send."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.types import Receive, Scope, Send
from wechatpayv3.async_ import AsyncWeChatPay, WeChatPayType

from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.values import LegState, Money
from integrations.wechat import WeChatAccount
from integrations.wechat.keys import public_pem
from sandbox.app import create_app
from sandbox.settings import SandboxSettings
from sandbox.wechat import WeChatSandboxSettings
from tests.sandbox.servers import PATIENCE_S, serving, until

NUMBER = "0123A-BCDEF-GHJK"
LEG_NUMBER = f"{NUMBER}-1-1"
REFERENCE = "4200000991202103266853086457"
OUT_TRADE_NO = "SO-1001"
BY_HAND = WeChatSandboxSettings(settle_after_s=None)


def leg_row(
    minor: int = 1_000,
    currency: str = "CNY",
    reference: str = REFERENCE,
    state: LegState = LegState.SUBMITTING,
    provider_number: str = LEG_NUMBER,
    captured_minor: int = 10_000,
) -> LegRow:
    """A leg of 10.00 CNY on an order of 100.00 CNY, committed and about to be sent."""
    leg = Leg(
        leg=1,
        attempt=1,
        provider="wechat",
        provider_number=provider_number,
        amount=Money(minor=minor, currency=currency),
        state=state,
    )
    return LegRow(
        number=NUMBER,
        order_id="O-1",
        tender_id="T-1",
        reference=reference,
        leg=leg,
        captured_minor=captured_minor,
    )


def sdk_for(url: str, keys: dict[str, str]) -> AsyncWeChatPay:
    """The real SDK, unmodified but for the base address; to be entered before use."""
    sdk = AsyncWeChatPay(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=keys["mchid"],
        private_key=keys["private_key"],
        cert_serial_no=keys["serial_no"],
        appid="wx8888888888888888",
        apiv3_key=keys["apiv3_key"],
        public_key=keys["public_key"],
        public_key_id=keys["public_key_id"],
        timeout=(PATIENCE_S, PATIENCE_S),
    )
    sdk._core._gate_way = url
    return sdk


@dataclass
class WeChatBox:
    """A running sandbox, and the two sides to speak to its WeChat Pay by."""

    url: str
    admin: httpx.AsyncClient
    sdk: AsyncWeChatPay
    keys: dict[str, str]

    async def reset(self) -> None:
        """Make the sandbox as on its first day, with one paid order of 100.00 CNY."""
        await self.post("/admin/reset")
        await self.post("/admin/wechat/payments", reference=REFERENCE, out_trade_no=OUT_TRADE_NO, amount=10_000)

    async def post(self, path: str, **body: object) -> None:
        """Tell the admin side something."""
        answer = await self.admin.post(path, json=body or None)
        assert answer.status_code == 200, answer.text

    async def script(self, kind: str, **how: object) -> None:
        """Script a fault for the next matching call."""
        await self.post("/admin/faults", kind=kind, **how)

    async def finish(self, outcome: str, number: str = LEG_NUMBER) -> None:
        """End an accepted refund."""
        await self.post(f"/admin/wechat/refunds/{number}/finish", outcome=outcome)

    async def reverse(self, number: str = LEG_NUMBER) -> None:
        """Find a success abnormal after all."""
        await self.post(f"/admin/wechat/refunds/{number}/reverse")

    async def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        await self.post("/admin/clock/advance", seconds=seconds)

    async def refund(self, minor: int = 1_000, number: str = LEG_NUMBER, **change: object) -> tuple[int, Any]:
        """Refund by the real SDK; the status, and the body as JSON."""
        amount = {"refund": minor, "total": 10_000, "currency": "CNY"}
        wish = {"out_refund_no": number, "amount": amount, "transaction_id": REFERENCE, **change}
        status, body = await self.sdk.refund(**wish)
        return status, json.loads(body)

    async def look(self, number: str = LEG_NUMBER) -> tuple[int, Any]:
        """Look for a refund by the real SDK."""
        status, body = await self.sdk.query_refund(number)
        return status, json.loads(body)

    async def tally(self, leg: str = LEG_NUMBER) -> dict[str, int]:
        """The oracle's line for one leg, empty when nothing was executed."""
        report = (await self.admin.get("/admin/executions", params={"leg": leg})).json()
        line: dict[str, int] = report["legs"].get(leg, {})
        return line

    async def executions(self, leg: str = LEG_NUMBER) -> int:
        """The oracle's count for one leg."""
        return int((await self.tally(leg)).get("executions", 0))

    def account(self, timeout_s: float = 5, **change: str) -> WeChatAccount:
        """The merchant's side of the sandbox's keys."""
        return WeChatAccount(**{**self.keys, "api_base": self.url, **change}, timeout_s=timeout_s)


@asynccontextmanager
async def wechat_box(wechat: WeChatSandboxSettings = BY_HAND) -> AsyncIterator[WeChatBox]:
    """A running sandbox; unless told otherwise its refunds end when the test says so."""
    common = SandboxSettings(webhook_retry_scale=1 / 30_000, out_of_order_gap_s=0.3)
    async with (
        serving(create_app(common, wechat)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as admin,
    ):
        keys: dict[str, str] = (await admin.get("/admin/wechat/keys")).json()
        async with sdk_for(url, keys) as sdk:
            yield WeChatBox(url, admin, sdk, keys)


@dataclass
class Listener:
    """A callback address that answers the scripted statuses first, then 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one callback."""
        body = (await receive())["body"]
        self.heard.append(({name.decode(): value.decode() for name, value in scope["headers"]}, body))
        status = self.statuses.pop(0) if self.statuses else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body"})

    async def wait_for(self, number: int) -> list[tuple[dict[str, str], bytes]]:
        """Wait until so many callbacks have arrived."""

        async def arrived() -> bool:
            return len(self.heard) >= number

        await until(arrived)
        return self.heard


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """A callback address while the context lasts."""
    listener = Listener()
    async with serving(listener, lifespan="off") as url:
        listener.url = f"{url}/webhooks/wechat"
        yield listener


@dataclass
class Script:
    """A server that answers POST and GET by script, signed or not, sense or nonsense."""

    url: str = ""
    posts: tuple[int, bytes] = (500, b"")
    gets: tuple[int, bytes] = (500, b"")
    file: bytes = b""
    calls: list[str] = field(default_factory=list)
    key: RSAPrivateKey | None = None
    key_id: str = WeChatSandboxSettings().public_key_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        while (await receive()).get("more_body"):
            continue
        self.calls.append(scope["method"])
        status, body = self.posts if scope["method"] == "POST" else self.gets
        media_type = "application/json"
        if scope["path"].startswith("/v3/billdownload/"):
            status, body, media_type = 200, self.file, "application/octet-stream"
        headers = {"content-type": media_type, "content-length": str(len(body)), **self._signature(body)}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})

    def clear(self) -> None:
        """Forget what was scripted and what was asked."""
        vars(self).update(vars(Script(self.url)))

    def sign_answers(self) -> str:
        """Sign from now on by a key of its own; the public part, as PEM."""
        self.key = generate_private_key(public_exponent=65537, key_size=2048)
        return public_pem(self.key.public_key())

    def _signature(self, body: bytes) -> dict[str, str]:
        if self.key is None:
            return {}
        signature = self.key.sign(b"1\nnonce\n" + body + b"\n", PKCS1v15(), SHA256())
        return {
            "wechatpay-timestamp": "1",
            "wechatpay-nonce": "nonce",
            "wechatpay-serial": self.key_id,
            "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
            "wechatpay-signature": base64.b64encode(signature).decode(),
        }

    def refuse(self, status: int, code: str) -> None:
        """Answer an order with an error of WeChat Pay's shape, and a look with "no such refund"."""
        self.posts = (status, json.dumps({"code": code, "message": "as WeChat Pay words it"}).encode())
        self.gets = (404, json.dumps({"code": "RESOURCE_NOT_EXISTS", "message": "no such refund"}).encode())
