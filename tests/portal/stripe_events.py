"""Stripe's deliveries, as Stripe signs them."""

import json
from datetime import datetime

import httpx2

from bench.deliveries import WEBHOOK_SECRET, stamped
from tests.portal.conftest import PROVIDER_NUMBER, House


def refund_event(
    event_id: str = "evt_1",
    status: str = "succeeded",
    *,
    kind: str = "refund.updated",
    number: str = PROVIDER_NUMBER,
    refund_id: str = "re_1",
) -> bytes:
    """`status` is what became of the refund when the event was made."""
    refund = {"id": refund_id, "object": "refund", "status": status, "metadata": {"leg": number}}
    return json.dumps({"id": event_id, "type": kind, "data": {"object": refund}}).encode()


def signed(body: bytes, at: datetime, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
    """The header of a delivery made at that time."""
    return {"Stripe-Signature": stamped(body, at, secret)}


async def deliver(
    house: House, body: bytes, *, secret: str = WEBHOOK_SECRET, at: datetime | None = None
) -> httpx2.Response:
    """Comes back when the portal has done all it does about the event, the telling included.

    While the clock is held it comes back with the answer, and a telling may be in its grace.
    """
    headers = signed(body, at or house.clock.now(), secret)
    answer = await house.client.post("/webhooks/stripe", content=body, headers=headers)
    if not house.clock.held:
        await house.telling.settled()
    return answer
