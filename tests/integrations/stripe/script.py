"""A server that answers by script, and the legs that tests send."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send

from activities.rows import LegRow
from activities.types import Leg
from aftersales.contract.values import LegState, Money

NUMBER = "0123A-BCDEF-GHJK"
LEG_NUMBER = f"{NUMBER}-1-1"
EMPTY_LIST: dict[str, object] = {"object": "list", "data": [], "has_more": False, "url": "/v1/refunds"}


def leg_row(
    minor: int = 1_000,
    currency: str = "USD",
    reference: str = "ch_1",
    state: LegState = LegState.SUBMITTING,
    key_try: int = 1,
    provider_number: str = LEG_NUMBER,
) -> LegRow:
    """A leg of 10.00 USD on `ch_1`, committed and about to be sent."""
    leg = Leg(
        leg=1,
        attempt=1,
        provider="stripe",
        provider_number=provider_number,
        amount=Money(minor=minor, currency=currency),
        state=state,
    )
    return LegRow(number=NUMBER, order_id="O-1", tender_id="T-1", reference=reference, leg=leg, key_try=key_try)


def refund_body(**changes: object) -> dict[str, object]:
    """A refund of `leg_row()` as Stripe shows it."""
    shown: dict[str, object] = {
        "id": "re_1",
        "object": "refund",
        "amount": 1_000,
        "currency": "usd",
        "status": "succeeded",
        "metadata": {"leg": LEG_NUMBER},
    }
    return {**shown, **changes}


def list_body(*refunds: dict[str, object], has_more: bool = False) -> dict[str, object]:
    """One page of a list of refunds."""
    return {**EMPTY_LIST, "data": list(refunds), "has_more": has_more}


@dataclass
class Script:
    """Answers POST and GET each with the scripted statuses and bodies, the last of them again and again."""

    url: str = ""
    posts: list[tuple[int, bytes]] = field(default_factory=list)
    gets: list[tuple[int, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    trickle_s: float = 0.0

    def clear(self) -> None:
        """Forget what was scripted and what was asked."""
        self.posts.clear()
        self.headers.clear()
        self.calls.clear()
        self.trickle_s = 0.0
        self.gets[:] = [(200, json.dumps(EMPTY_LIST).encode())]

    def post(self, status: int, body: object) -> None:
        """What an order to refund is answered with; bytes go out as they are."""
        self.posts.append((status, body if isinstance(body, bytes) else json.dumps(body).encode()))

    def get(self, status: int, body: object) -> None:
        """What a look is answered with."""
        self.gets[:] = [(status, body if isinstance(body, bytes) else json.dumps(body).encode())]

    def refuse(self, status: int, **error: str) -> None:
        """Answer an order with an error of Stripe's shape."""
        self.post(status, {"error": {"message": "as Stripe words it", **error}})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        while (await receive()).get("more_body"):
            continue
        self.calls.append(scope["method"])
        answers = self.posts if scope["method"] == "POST" else self.gets
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        headers = {"content-type": "application/json", "content-length": str(len(body)), **self.headers}
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for sign in body if self.trickle_s else b"":
            await send({"type": "http.response.body", "body": bytes([sign]), "more_body": True})
            await asyncio.sleep(self.trickle_s)
        await send({"type": "http.response.body", "body": b"" if self.trickle_s else body})
