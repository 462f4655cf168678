"""Stands between the adapter and the sandbox, and asks stripe-mock of each request what Stripe's schema says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx2
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True)
class Judged:
    """One request as Stripe's schema sees it: 200, or 400 with what is wrong."""

    method: str
    target: str
    status: int
    text: str


@dataclass
class Witness:
    """An ASGI application: passes each request on to both, and gives the sandbox's answer back."""

    sandbox: str
    stripe_mock: str
    judged: list[Judged] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        target = f"{scope['path']}?{scope['query_string'].decode()}"
        wanted = {b"authorization", b"content-type", b"idempotency-key"}
        headers = [(name, value) for name, value in scope["headers"] if name in wanted]
        async with httpx2.AsyncClient(trust_env=False) as client:
            verdict = await client.request(scope["method"], self.stripe_mock + target, content=body, headers=headers)
            answer = await client.request(scope["method"], self.sandbox + target, content=body, headers=headers)
        self.judged.append(Judged(scope["method"], target, verdict.status_code, verdict.text))
        raw = [(b"content-type", b"application/json"), (b"content-length", str(len(answer.content)).encode())]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": raw})
        await send({"type": "http.response.body", "body": answer.content})
