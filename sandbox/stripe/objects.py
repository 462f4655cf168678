"""Stripe's objects: the rows they are kept in and the JSON they are shown as."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import uuid4

Json = dict[str, object]
API_VERSION = "2026-09-30.dahlia"
EMAIL_ANSWER_S = 45 * 24 * 3600


class RefundStatus(StrEnum):
    """https://docs.stripe.com/api/refunds/object, field ``status``."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


OPEN = frozenset({RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION})


def new_id(prefix: str) -> str:
    """A fresh id in Stripe's manner, such as ``re_3f…``."""
    return f"{prefix}_{uuid4().hex[:24]}"


@dataclass(frozen=True, slots=True)
class Charge:
    """A captured card payment; amounts in minor units, times in seconds of the sandbox clock."""

    id: str
    payment_intent: str
    amount_minor: int
    currency: str
    refunded_minor: int
    disputed: bool
    created: int

    @property
    def left_minor(self) -> int:
        """What can still be refunded."""
        return self.amount_minor - self.refunded_minor

    def shown(self) -> Json:
        """The charge object."""
        return {
            "id": self.id,
            "object": "charge",
            "amount": self.amount_minor,
            "amount_captured": self.amount_minor,
            "amount_refunded": self.refunded_minor,
            "captured": True,
            "created": self.created,
            "currency": self.currency,
            "disputed": self.disputed,
            "livemode": False,
            "metadata": {},
            "paid": True,
            "payment_intent": self.payment_intent,
            "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
            "refunded": self.left_minor == 0,
            "status": "succeeded",
        }


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund; ``reference`` is the acquirer's reference number once the bank has given one."""

    id: str
    charge: str
    payment_intent: str
    amount_minor: int
    currency: str
    status: RefundStatus
    created: int
    balance_transaction: str
    metadata: Mapping[str, str]
    reason: str | None = None
    reference: str | None = None
    failure_reason: str | None = None
    failure_balance_transaction: str | None = None
    callbacks: frozenset[str] = frozenset()

    def shown(self) -> Json:
        """The refund object; failure fields and next action appear only in the states that have them."""
        shown: Json = {
            "id": self.id,
            "object": "refund",
            "amount": self.amount_minor,
            "balance_transaction": self.balance_transaction,
            "charge": self.charge,
            "created": self.created,
            "currency": self.currency,
            "destination_details": self._destination(),
            "metadata": dict(self.metadata),
            "payment_intent": self.payment_intent,
            "reason": self.reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": self.status,
            "transfer_reversal": None,
        }
        return shown | self._state_fields()

    def _destination(self) -> Json:
        card: Json = {
            "reference_status": "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        }
        if self.reference:
            card |= {"reference": self.reference, "reference_status": "available"}
        return {"card": card, "type": "card"}

    def _state_fields(self) -> Json:
        if self.status is RefundStatus.PENDING:
            return {"pending_reason": "processing"}
        if self.status is RefundStatus.REQUIRES_ACTION:
            sent = {"email_sent_at": self.created, "email_sent_to": "payer@example.com"}
            details = {"email_sent": sent, "expires_at": self.created + EMAIL_ANSWER_S}
            return {"next_action": {"type": "display_details", "display_details": details}}
        if self.failure_reason is None:
            return {}
        return {
            "failure_reason": self.failure_reason,
            "failure_balance_transaction": self.failure_balance_transaction,
        }


def charge_of(row: sqlite3.Row) -> Charge:
    """Read a charge from its row."""
    return Charge(**{**dict(row), "disputed": bool(row["disputed"])})


def refund_of(row: sqlite3.Row) -> Refund:
    """Read a refund from its row."""
    kept = dict(row)
    del kept["position"]
    kept["status"] = RefundStatus(row["status"])
    kept["metadata"] = json.loads(row["metadata"])
    kept["callbacks"] = frozenset(row["callbacks"].split())
    return Refund(**kept)
