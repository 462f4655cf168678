"""The portal's place in the contract suite: where a provider's events arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from starlette.types import Receive, Scope, Send

from integrations.hearing import Reply, WebhookEvent, WebhookReader, WebhookRefusedError
from tests.sandbox.servers import until


@dataclass(frozen=True)
class Delivery:
    """One delivery as it came off the wire, and the event in it if it is believed."""

    body: bytes
    headers: Mapping[str, str]
    event: WebhookEvent | None


@dataclass
class Listener:
    """An ASGI application that answers as the portal does; `failures`: so many times it cannot store an event."""

    reader: WebhookReader
    failures: int = 0
    deliveries: list[Delivery] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one delivery."""
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        reply = self._take(body, headers)
        head = [(b"content-type", reply.media_type.encode()), (b"content-length", str(len(reply.body)).encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        await send({"type": "http.response.body", "body": reply.body})

    def _take(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            event = self.reader.read(body, headers, datetime.now(UTC))
        except WebhookRefusedError:
            self.deliveries.append(Delivery(body, headers, None))
            return self.reader.refused()
        self.deliveries.append(Delivery(body, headers, event))
        if self.failures:
            self.failures -= 1
            return self.reader.not_stored()
        return self.reader.taken()

    async def heard(self, number: int) -> list[Delivery]:
        """Wait until so many deliveries have arrived."""

        async def arrived() -> bool:
            return len(self.deliveries) >= number

        await until(arrived)
        return self.deliveries

    @property
    def events(self) -> list[WebhookEvent]:
        """What was believed, in the order of arrival."""
        return [delivery.event for delivery in self.deliveries if delivery.event is not None]
