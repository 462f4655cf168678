"""The bank's webhook: ``Bank-Signature: t=<seconds>,v1=<HMAC-SHA256 of "t.body">``."""

import hashlib
import hmac
import json
import time
from uuid import uuid4

from sandbox.bank.objects import Payout, moment_text
from sandbox.outbox import Event

FORGED_SECRET = b"a secret of somebody else"


def event(payout: Payout, at: float, url: str | None) -> Event:
    """What is told of a payout as it stands."""
    event_id = f"evt_{uuid4().hex}"
    body = {"id": event_id, "type": "payout.updated", "created_at": moment_text(at), "payout": payout.announced()}
    return Event(event_id, "bank", "payout.updated", payout.id, json.dumps(body).encode(), url)


def signature(body: bytes, secret: bytes) -> str:
    """The header for these exact bytes, stamped with real time."""
    stamp = int(time.time())
    return f"t={stamp},v1={hmac.new(secret, f'{stamp}.'.encode() + body, hashlib.sha256).hexdigest()}"
