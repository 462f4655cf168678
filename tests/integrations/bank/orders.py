"""Legs and payees that tests send, and a bank that answers by script."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.values import LegState, Money, Movement, PayoutMethod

NUMBER = "0123A-BCDEF-GHJK"
LEG_NUMBER = f"{NUMBER}-1-2"
IBAN = "DE89370400440532013000"
ACCOUNT = "DE02120300000000202051"


def leg_row(
    minor: int = 1_050,
    currency: str = "EUR",
    state: LegState = LegState.SUBMITTING,
    provider_number: str = LEG_NUMBER,
) -> LegRow:
    """A payout of 10.50 EUR, committed and about to be sent."""
    leg = Leg(
        leg=1,
        attempt=2,
        provider="bank",
        provider_number=provider_number,
        amount=Money(minor=minor, currency=currency),
        state=state,
        movement=Movement.PAYOUT,
    )
    return LegRow(number=NUMBER, order_id="O-1", tender_id="T-1", reference="ch_1", leg=leg, payee="tok_1")


def payee(
    account: str = IBAN,
    holder: str = "Erika Mustermann",
    bank: str = "",
    method: PayoutMethod = PayoutMethod.BANK_TRANSFER,
) -> Payee:
    """A customer's account."""
    return Payee(token="tok_1", method=method, account=account, holder=holder, bank=bank)


def payout_body(**changes: object) -> dict[str, object]:
    """The payout of `leg_row()` as the bank shows it."""
    shown: dict[str, object] = {
        "id": "po_1",
        "uetr": "97ed4827-7b6f-4491-a06f-b548d5a7512d",
        "end_to_end_id": LEG_NUMBER,
        "status": "ACSC",
        "reason": None,
        "amount": "10.50",
        "currency": "EUR",
        "creditor": {"name": "Erika Mustermann", "iban": IBAN},
        "return": None,
    }
    return {**shown, **changes}


@dataclass
class Script:
    """Answers POST and GET each with what a test told it to; no payout is found unless told so."""

    url: str = ""
    posted: tuple[int, bytes] = (500, b"")
    found: tuple[int, bytes] = (200, b'{"payouts": []}')
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    trickle_s: float = 0.0

    def clear(self) -> None:
        """Forget what was scripted and what was asked."""
        fresh = Script(self.url)
        self.posted, self.found, self.trickle_s = fresh.posted, fresh.found, fresh.trickle_s
        for kept in (self.headers, self.calls, self.sent):
            kept.clear()

    def post(self, status: int, body: object) -> None:
        """What an order is answered with; bytes go out as they are."""
        self.posted = (status, _bytes(body))

    def refuse(self, status: int, code: str) -> None:
        """Refuse an order in the bank's words."""
        self.post(status, {"error": {"code": code, "message": f"IBAN {IBAN} of Erika Mustermann"}})

    def get(self, status: int, body: object) -> None:
        """What a look is answered with."""
        self.found = (status, _bytes(body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = (await receive()).get("body", b"")
        self.calls.append(scope["method"])
        if body:
            self.sent.append(json.loads(body))
        status, answer = self.posted if scope["method"] == "POST" else self.found
        headers = {"content-type": "application/json", "content-length": str(len(answer)), **self.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for sign in answer if self.trickle_s else b"":
            await send({"type": "http.response.body", "body": bytes([sign]), "more_body": True})
            await asyncio.sleep(self.trickle_s)
        await send({"type": "http.response.body", "body": b"" if self.trickle_s else answer})


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()
