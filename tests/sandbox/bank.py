"""The two sides of the sandbox's bank for tests: the merchant's and the admin's, and a receiver of its webhooks."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.types import Receive, Scope, Send

from tests.sandbox.servers import Box, until

IBAN = "DE89370400440532013000"
NUMBER = "0123A-BCDEF-GHJK-1-1"


def order_body(**changes: object) -> dict[str, object]:
    """An order of 10.50 EUR to a German account."""
    body: dict[str, object] = {
        "end_to_end_id": NUMBER,
        "amount": "10.50",
        "currency": "EUR",
        "creditor": {"name": "Erika Mustermann", "iban": IBAN},
        "remittance": "Refund 0123A-BCDEF-GHJK",
    }
    return {**body, **changes}


@dataclass
class Bank:
    """The bank in a sandbox, with its credentials."""

    box: Box
    token: str
    secret: str
    account: str

    @property
    def url(self) -> str:
        return f"{self.box.url}/bank/v1"

    @property
    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    async def order(self, **changes: object) -> httpx.Response:
        """Order a payout."""
        body = order_body(**{"debtor_account": self.account, **changes})
        return await self.box.admin.post("/bank/v1/payouts", json=body, headers=self._headers)

    async def get(self, path: str, **params: str | int) -> httpx.Response:
        """Read from the bank's API."""
        return await self.box.admin.get(f"/bank/v1/{path}", params=params, headers=self._headers)

    async def found(self, number: str = NUMBER) -> dict[str, Any]:
        """The payout of a number as it stands now."""
        [payout] = (await self.get("payouts", end_to_end_id=number)).json()["payouts"]
        return dict(payout)

    async def terms(self, **changes: object) -> None:
        """Change the terms."""
        answer = await self.box.admin.put("/admin/bank/terms", json=changes)
        assert answer.status_code == 200, answer.text

    async def move(self, act: str, number: str = NUMBER, **how: str) -> httpx.Response:
        """Advance, reject or return a payout."""
        return await self.box.admin.post(f"/admin/bank/payouts/{number}/{act}", json=how)

    async def refuse(self, reason: str, **how: object) -> None:
        """Script a refusal."""
        answer = await self.box.admin.post("/admin/bank/refusals", json={"reason": reason, **how})
        assert answer.status_code == 200, answer.text

    async def set_clock(self, moment: str) -> None:
        """Set the sandbox's present, ISO 8601 with its zone."""
        assert (await self.box.admin.put("/admin/clock", json={"now": moment})).status_code == 200


async def bank_of(box: Box) -> Bank:
    """The bank of a running sandbox."""
    shown = (await box.admin.get("/admin/bank/credentials")).json()
    return Bank(box, shown["token"], shown["webhook_secret"], shown["account"])


@dataclass(frozen=True)
class Received:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def status(self) -> str:
        return str(self.event["payout"]["status"])

    def is_signed_by(self, secret: str) -> bool:
        """Whether the signature holds, reckoned here once more."""
        parts = dict(part.split("=") for part in self.headers["bank-signature"].split(","))
        signed = parts["t"].encode() + b"." + self.body
        return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() == parts["v1"]


@dataclass
class BankReceiver:
    """A webhook endpoint that answers the scripted statuses first, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one webhook."""
        body = (await receive())["body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(headers, body))
        status = self.statuses.pop(0) if self.statuses else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    async def wait_for(self, number: int) -> list[Received]:
        """Wait until so many webhooks have arrived."""

        async def arrived() -> bool:
            return len(self.received) >= number

        await until(arrived)
        return self.received
