"""A gateway that answers by script, in Alipay's words or in none, and the legs that tests send."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.types import Receive, Scope, Send

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.values import LegState, Money, Movement, PayoutMethod
from integrations.alipay.keys import sign
from tests.integrations.alipay.merchant import HOLDER, LOGIN, TRADE, Node

NUMBER = "0123A-BCDEF-GHJK"
LEG_NUMBER = f"{NUMBER}-1-1"
APP_ID = "2021000000000001"
REFUND = "alipay.trade.refund"
LOOKS = ("alipay.trade.fastpay.refund.query", "alipay.fund.trans.common.query")
PAYEE = Payee(token="payee-1", method=PayoutMethod.ALIPAY, account=LOGIN, holder=HOLDER)


@cache
def key_of(name: str) -> rsa.RSAPrivateKey:
    """A key of somebody's, the same for the whole run."""
    del name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(name: str) -> str:
    """The public half of somebody's key."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return key_of(name).public_key().public_bytes(serialization.Encoding.PEM, spki).decode()


def private_pem(name: str) -> str:
    """The private half of somebody's key."""
    pkcs8 = serialization.PrivateFormat.PKCS8
    return key_of(name).private_bytes(serialization.Encoding.PEM, pkcs8, serialization.NoEncryption()).decode()


def leg_row(
    minor: int = 1_000,
    currency: str = "CNY",
    reference: str = TRADE,
    state: LegState = LegState.SUBMITTING,
    provider_number: str = LEG_NUMBER,
    movement: Movement = Movement.REFUND,
) -> LegRow:
    """A leg of 10.00 yuan on the seeded trade, committed and about to be sent."""
    leg = Leg(
        leg=1,
        attempt=1,
        provider="alipay",
        provider_number=provider_number,
        amount=Money(minor=minor, currency=currency),
        state=state,
        movement=movement,
    )
    return LegRow(number=NUMBER, order_id="O-1", tender_id="T-1", reference=reference, leg=leg)


def payout_row(minor: int = 1_000, currency: str = "CNY", state: LegState = LegState.SUBMITTING) -> LegRow:
    """A leg of 10.00 yuan that goes to an account."""
    return leg_row(minor, currency, state=state, movement=Movement.PAYOUT)


def success(**fields: object) -> Node:
    """A node with code 10000."""
    return {"code": "10000", "msg": "Success", **fields}


def refusal(sub_code: str, code: str = "40004") -> Node:
    """A node with a refusal."""
    return {"code": code, "msg": "Business Failed", "sub_code": sub_code, "sub_msg": "as Alipay words it"}


def refund_seen(**changes: object) -> Node:
    """A look that found the refund of `leg_row()`."""
    shown = {"trade_no": TRADE, "refund_status": "REFUND_SUCCESS", "refund_amount": "10.00"}
    return success(**{**shown, **changes})


def transfer_seen(**changes: object) -> Node:
    """A look that found the transfer of `payout_row()`."""
    shown = {"out_biz_no": LEG_NUMBER, "order_id": "O1", "status": "SUCCESS", "trans_amount": "10.00"}
    return success(**{**shown, **changes})


@dataclass
class Script:
    """Answers orders and looks each with what is scripted, signed as Alipay unless it is bytes already."""

    url: str = ""
    order: Node | bytes = field(default_factory=dict)
    look: Node | bytes = field(default_factory=success)
    status: int = 200
    signer: str = "alipay"
    node_name: str = ""
    trickle_s: float = 0.0
    asked: list[dict[str, str]] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        """The interfaces that were called."""
        return [form["method"] for form in self.asked]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one question."""
        assert scope["path"] == "/gateway.do"
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
        form = dict(parse_qsl(raw.decode()))
        self.asked.append(form)
        node = self.look if form.get("method") in LOOKS else self.order
        body = node if isinstance(node, bytes) else self._worded(form.get("method", ""), node)
        headers = [(b"content-type", b"text/html;charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        for part in body if self.trickle_s else b"":
            await send({"type": "http.response.body", "body": bytes([part]), "more_body": True})
            await asyncio.sleep(self.trickle_s)
        await send({"type": "http.response.body", "body": b"" if self.trickle_s else body})

    def _worded(self, method: str, node: Node) -> bytes:
        text = json.dumps(node, ensure_ascii=False)
        name = self.node_name or f"{method.replace('.', '_')}_response"
        return f'{{"{name}": {text}, "sign": "{sign(text, key_of(self.signer))}"}}'.encode()


class Stage:
    """One server for many tests, each with a script of its own."""

    def __init__(self) -> None:
        self.url = ""
        self.script = Script()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one question by the present script."""
        await self.script(scope, receive, send)
