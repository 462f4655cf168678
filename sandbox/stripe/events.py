"""Stripe's webhook events and their signature (https://docs.stripe.com/webhooks#verify-manually)."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass

from sandbox.outbox import Event
from sandbox.stripe.objects import API_VERSION, Json, new_id

FORGED_SECRET = b"whsec_of_somebody_else"


@dataclass(frozen=True, slots=True)
class Cause:
    """The API request that caused an event; both ``None`` when Stripe acted by itself."""

    request_id: str | None = None
    key: str | None = None


def event(type_: str, shown: Json, previous: Json, created: float, cause: Cause) -> Event:
    """Wrap an object in the envelope; ``previous`` holds the former values of changed fields."""
    event_id = new_id("evt")
    content: Json = {"object": shown}
    if previous:
        content["previous_attributes"] = previous
    envelope: Json = {
        "id": event_id,
        "object": "event",
        "api_version": API_VERSION,
        "created": int(created),
        "data": content,
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": cause.request_id, "idempotency_key": cause.key},
        "type": type_,
    }
    return Event(event_id, "stripe", type_, str(shown["id"]), json.dumps(envelope, indent=2).encode())


def signature(body: bytes, secret: bytes) -> str:
    """The ``Stripe-Signature`` header for these exact bytes, stamped with real time."""
    stamp = int(time.time())
    digest = hmac.new(secret, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={digest}"
