"""Where the sandbox's webhooks arrive and wait until somebody brings them in, in whatever order and as often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import Receive, Scope, Send


@dataclass(frozen=True)
class Delivery:
    provider: str
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Postbox:
    """An ASGI application that takes everything; the last part of the path names the provider."""

    url: str = ""
    deliveries: list[Delivery] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.deliveries.append(Delivery(scope["path"].rpartition("/")[2], body, headers))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
        await send({"type": "http.response.body", "body": b"success"})
