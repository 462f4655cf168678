"""A merchant of the sandbox's Alipay, who speaks to it by software of others: python-alipay-sdk."""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass
from typing import Any, Protocol, Self
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from integrations.alipay.keys import read_private_key, read_public_key
from tests.integrations.alipay.certificates import certificate
from tests.sandbox.servers import Box, until

TRADE = "2026112222001400000000000001"
LOGIN = "13900001234"
HOLDER = "王小明"
TRANSFER = {"product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
Node = dict[str, Any]


class Sdk(Protocol):
    """What is used of python-alipay-sdk's `AliPay`; each verified answer is its node. It blocks."""

    def server_api(self, api_name: str, biz_content: Node, **public: str) -> Node: ...
    def api_alipay_trade_refund(self, refund_amount: str, **names: str) -> Node: ...
    def api_alipay_trade_fastpay_refund_query(self, out_request_no: str, **names: str) -> Node: ...
    def api_alipay_trade_query(self, **names: str) -> Node: ...
    def verify(self, data: dict[str, str], signature: str) -> bool: ...


class CertifiedSdk(Protocol):
    """What is used of python-alipay-sdk's `DCAliPay`."""

    def api_alipay_fund_trans_uni_transfer(
        self, out_biz_no: str, identity_type: str, identity: str, trans_amount: str, name: str
    ) -> Node: ...


@dataclass
class Merchant:
    """Keys, and the two sides to speak to Alipay by."""

    box: Box
    app_id: str
    private_key: str
    public_keys: list[str]

    @classmethod
    async def of(cls, box: Box) -> Self:
        """The merchant whose keys the sandbox made, with one paid trade of 100.00 yuan."""
        merchant = cls(box, **(await box.admin.get("/admin/alipay/keys")).json())
        await merchant.seed()
        return merchant

    def sdk(self) -> Sdk:
        """The real SDK, unmodified but for the address."""
        module = importlib.import_module("alipay")
        made = module.AliPay(self.app_id, None, self.private_key, self.public_keys[0], sign_type="RSA2")
        made._gateway = f"{self.box.url}/gateway.do"
        sdk: Sdk = made
        return sdk

    def certified_sdk(self) -> CertifiedSdk:
        """The SDK of an application that signs with certificates, which transfers need."""
        issuer = read_private_key(self.private_key, "the merchant's key")
        alipays = certificate(read_public_key(self.public_keys[0], "Alipay's key"), issuer)
        own = certificate(issuer.public_key(), issuer)
        made = importlib.import_module("alipay").DCAliPay(self.app_id, self.private_key, own, alipays, own)
        made._gateway = f"{self.box.url}/gateway.do"
        sdk: CertifiedSdk = made
        return sdk

    async def call(self, method: str, content: Node, **public: str) -> Node:
        """An interface by the SDK, which verifies the answer's signature."""
        return await asyncio.to_thread(self.sdk().server_api, method, content, **public)

    async def refund(self, yuan: str = "10.00", number: str = "leg-1", trade: str = TRADE, **public: str) -> Node:
        """Refund part of a trade."""
        content = {"trade_no": trade, "refund_amount": yuan, "out_request_no": number}
        return await self.call("alipay.trade.refund", content, **public)

    async def refund_of(self, number: str = "leg-1", trade: str = TRADE, *options: str) -> Node:
        """Look for a refund."""
        content = {"trade_no": trade, "out_request_no": number, "query_options": list(options)}
        return await self.call("alipay.trade.fastpay.refund.query", content)

    async def transfer(
        self, yuan: str = "10.00", number: str = "leg-1", login: str = LOGIN, name: str = HOLDER, **public: str
    ) -> Node:
        """Pay to an account."""
        payee = {"identity": login, "identity_type": "ALIPAY_LOGON_ID", "name": name}
        content = {**TRANSFER, "out_biz_no": number, "trans_amount": yuan, "order_title": "退款", "payee_info": payee}
        return await self.call("alipay.fund.trans.uni.transfer", content, **public)

    async def transfer_of(self, number: str = "leg-1") -> Node:
        """Look for a transfer."""
        return await self.call("alipay.fund.trans.common.query", {**TRANSFER, "out_biz_no": number})

    async def seed(self, trade: str = TRADE, amount: int = 10_000, **more: str) -> None:
        """Seed one paid trade; `amount` in fen."""
        await self.told("payments", {"reference": trade, "amount": amount, **more})

    async def told(self, path: str, body: Node) -> Node:
        """Tell the sandbox something on its test's side, which it must take."""
        answer = await self.box.admin.post(f"/admin/alipay/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def payee(self, account: str, **how: str) -> None:
        """Say how an account takes money."""
        answer = await self.box.admin.put("/admin/alipay/payees", json={"account": account, **how})
        assert answer.status_code == 200, answer.text

    async def status(self, status: str) -> None:
        """Move the trade by hand."""
        answer = await self.box.admin.put(f"/admin/alipay/payments/{TRADE}/status", json={"status": status})
        assert answer.status_code == 200, answer.text

    async def fund(self, fen: int | None) -> None:
        """Set the merchant's balance; None is endless."""
        balance = {"provider": "alipay", "currency": "CNY", "amount": fen}
        assert (await self.box.admin.put("/admin/balance", json=balance)).status_code == 200

    def verifies(self, form: dict[str, str]) -> bool:
        """Whether the SDK believes a notification."""
        unsigned = dict(form)
        return self.sdk().verify(unsigned, unsigned.pop("sign"))


class Listener:
    """An endpoint for notifications, which answers `success` after the scripted answers."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[tuple[int, bytes]] = []
        self.bodies: list[bytes] = []
        self.types: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one notification."""
        assert scope["type"] == "http"
        self.bodies.append((await receive())["body"])
        self.types.append(dict(scope["headers"])[b"content-type"].decode())
        status, text = self.answers.pop(0) if self.answers else (200, b"success")
        headers = [(b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    @property
    def forms(self) -> list[dict[str, str]]:
        """What was told so far."""
        return [dict(parse_qsl(body.decode())) for body in self.bodies]

    async def wait_for(self, number: int) -> list[dict[str, str]]:
        """Wait until so many notifications have arrived."""

        async def arrived() -> bool:
            return len(self.bodies) >= number

        await until(arrived)
        return self.forms
