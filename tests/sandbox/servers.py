"""Real uvicorn servers on ephemeral loopback ports: a sandbox, and a receiver of its webhooks."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import httpx
import stripe
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.app import create_app
from sandbox.settings import SandboxSettings

API_KEY = "sk_test_sandbox"
WEBHOOK_SECRET = "whsec_sandbox"
PATIENCE_S = 30.0


async def until(met: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> None:
    """Wait until a condition is met; fails after ``patience_s`` seconds."""
    async with asyncio.timeout(patience_s):
        while True:
            if await met():
                return
            await asyncio.sleep(0.004)


class _QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # The test run keeps its own signal handlers.
        yield


@asynccontextmanager
async def serving(app: ASGIApp, lifespan: str = "on") -> AsyncIterator[str]:
    """Serve ``app`` while the context lasts; yields its base URL."""
    config = uvicorn.Config(
        app,
        port=0,
        log_level="error",
        lifespan="on" if lifespan == "on" else "off",
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until(started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@dataclass
class Box:
    """A running sandbox, and the two sides to speak to it by."""

    url: str
    admin: httpx.AsyncClient
    sdk: stripe.StripeClient

    async def reset(self) -> None:
        """Make the sandbox as on its first day."""
        assert (await self.admin.post("/admin/reset")).status_code == 200

    async def seed(self, charge: str = "ch_1", amount: int = 10_000, currency: str = "usd") -> None:
        """Seed one captured payment."""
        payment = {"charge": charge, "amount": amount, "currency": currency}
        answer = await self.admin.post("/admin/stripe/payments", json=payment)
        assert answer.status_code == 200, answer.text

    async def script(self, kind: str, **how: object) -> None:
        """Script a fault for the next matching call."""
        answer = await self.admin.post("/admin/faults", json={"kind": kind, **how})
        assert answer.status_code == 200, answer.text

    async def refund(
        self, amount: int = 1_000, leg: str = "leg-1", key: str = "key-1", charge: str = "ch_1"
    ) -> stripe.Refund:
        """Refund by the real SDK, as the product does."""
        return await self.sdk.v1.refunds.create_async(
            {"charge": charge, "amount": amount, "metadata": {"leg": leg}},
            {"idempotency_key": key},
        )

    async def post(self, key: str | None = None, **params: object) -> httpx.Response:
        """Post a refund without the SDK, to see the bare answer."""
        headers = {"authorization": f"Bearer {API_KEY}"}
        if key is not None:
            headers["idempotency-key"] = key
        return await self.admin.post("/v1/refunds", data=params, headers=headers)

    async def get(self, path: str, **params: str | int) -> httpx.Response:
        """Read from the provider's API without the SDK."""
        return await self.admin.get(path, params=params, headers={"authorization": f"Bearer {API_KEY}"})

    async def executions(self, leg: str = "leg-1") -> int:
        """The oracle's count for one leg."""
        return int((await self.tally(leg)).get("executions", 0))

    async def tally(self, leg: str = "leg-1") -> dict[str, int]:
        """The oracle's whole line for one leg, empty when nothing was executed."""
        report = (await self.admin.get("/admin/executions", params={"leg": leg})).json()
        line: dict[str, int] = report["legs"].get(leg, {})
        return line

    async def requests(self) -> list[dict[str, object]]:
        """The request log."""
        rows: list[dict[str, object]] = (await self.admin.get("/admin/requests")).json()["requests"]
        return rows

    async def refundable(self, charge: str = "ch_1") -> int:
        """What Stripe would still refund of a charge, in minor units."""
        shown = (await self.get(f"/v1/charges/{charge}")).json()
        return int(shown["amount"]) - int(shown["amount_refunded"])

    async def advance(self, seconds: float) -> None:
        """Move the sandbox's clock forward."""
        answer = await self.admin.post("/admin/clock/advance", json={"seconds": seconds})
        assert answer.status_code == 200, answer.text

    async def held(self, number: int = 1) -> list[dict[str, object]]:
        """Wait until so many calls are parked."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                calls: list[dict[str, object]] = (await self.admin.get("/admin/held")).json()["held"]
                if len(calls) >= number:
                    return calls
                await asyncio.sleep(0.005)

    async def executed(self, leg: str = "leg-1") -> None:
        """Wait until the oracle counts one."""

        async def counted() -> bool:
            return await self.executions(leg) == 1

        await until(counted)

    async def let_go(self) -> None:
        """Let a call go on once it is parked."""
        await self.held()
        assert (await self.admin.post("/admin/release", json={})).status_code == 200


def sdk_for(url: str, key: str = API_KEY) -> stripe.StripeClient:
    """The real SDK, unmodified but for the base address."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": url},
        http_client=stripe.HTTPXClient(timeout=PATIENCE_S),
        max_network_retries=0,
    )


@asynccontextmanager
async def sandbox(settings: SandboxSettings) -> AsyncIterator[Box]:
    """A running sandbox."""
    async with (
        serving(create_app(settings)) as url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as admin,
    ):
        yield Box(url, admin, sdk_for(url))


@dataclass(frozen=True)
class Received:
    """One webhook as it arrived."""

    signature: str
    body: bytes

    @property
    def type(self) -> str:
        """The event's type."""
        return str(json.loads(self.body)["type"])

    @property
    def id(self) -> str:
        """The event's id."""
        return str(json.loads(self.body)["id"])

    def verified(self) -> stripe.Event:
        """The event as the real SDK reads it; raises when the signature is bad."""
        event: stripe.Event = stripe.Webhook.construct_event(self.body, self.signature, WEBHOOK_SECRET)
        return event


@dataclass
class Receiver:
    """A webhook endpoint that answers the scripted statuses first, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one webhook."""
        assert scope["type"] == "http"
        body = (await receive())["body"]
        headers = dict(scope["headers"])
        self.received.append(Received(headers.get(b"stripe-signature", b"").decode(), body))
        status = self.statuses.pop(0) if self.statuses else 200
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    def clear(self) -> None:
        """Forget what was received and scripted."""
        self.statuses.clear()
        self.received.clear()

    async def wait_for(self, number: int) -> list[Received]:
        """Wait until so many webhooks have arrived."""

        async def arrived() -> bool:
            return len(self.received) >= number

        await until(arrived)
        return self.received

    @property
    def types(self) -> list[str]:
        """The types of the events in the order of arrival."""
        return [event.type for event in self.received]
