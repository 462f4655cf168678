"""Stripe's words in ours: refunds by their status, refusals by their code (design: payments).

Only codes, types and statuses are looked at, never a text. Whatever is not understood is `unknown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx
import stripe

from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from aftersales.contract.values import LegState
from integrations.stripe.amounts import stripe_minor
from integrations.stripe.wire import SeenRefund

UNREADABLE: Final = "unreadable_answer"
SENTENCE_LIMIT: Final = 500
BAD_REQUEST: Final = 400
SERVER_ERROR: Final = 500

# The connection was refused or never made, so not a byte of the request has left.
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_BY_STATUS: Final = {
    "succeeded": OutcomeKind.SUCCEEDED,
    "pending": OutcomeKind.PENDING,
    "requires_action": OutcomeKind.PENDING,  # the payer has a mail from Stripe and 45 days
    "failed": OutcomeKind.REJECTED,
    "canceled": OutcomeKind.REJECTED,
}
# Of a refund that failed or came back: the customer's card or account takes nothing any more. Not so for want of our
# own money, for what we took back ourselves, for a reason unknown, and least of all for a dispute: the customer has
# that money already.
_CLOSED_WAYS: Final = frozenset({"lost_or_stolen_card", "expired_or_canceled_card", "declined"})
_BY_CODE: Final = {
    "rate_limit": OutcomeKind.RETRY_SAME,
    "lock_timeout": OutcomeKind.RETRY_SAME,
    "idempotency_key_in_use": OutcomeKind.UNKNOWN,  # an earlier call with the key is still at work
    "balance_insufficient": OutcomeKind.NEEDS_MERCHANT,
    "insufficient_funds": OutcomeKind.NEEDS_MERCHANT,
    "account_invalid": OutcomeKind.NEEDS_MERCHANT,
    "capability_not_active": OutcomeKind.NEEDS_MERCHANT,
    "api_key_expired": OutcomeKind.NEEDS_MERCHANT,
    "platform_api_key_expired": OutcomeKind.NEEDS_MERCHANT,
    "secret_key_required": OutcomeKind.NEEDS_MERCHANT,
    "testmode_charges_only": OutcomeKind.NEEDS_MERCHANT,
    "livemode_mismatch": OutcomeKind.NEEDS_MERCHANT,
    "tls_version_unsupported": OutcomeKind.NEEDS_MERCHANT,
    "account_closed": OutcomeKind.NEEDS_PAYEE,
    "no_account": OutcomeKind.NEEDS_PAYEE,
    "bank_account_restricted": OutcomeKind.NEEDS_PAYEE,
    "bank_account_unusable": OutcomeKind.NEEDS_PAYEE,
    "payment_method_bank_account_blocked": OutcomeKind.NEEDS_PAYEE,
    "expired_card": OutcomeKind.NEEDS_PAYEE,
    "expired_payment_method": OutcomeKind.NEEDS_PAYEE,
    "charge_not_refundable": OutcomeKind.REJECTED,  # what it was paid with takes nothing back
    "charge_disputed": OutcomeKind.REJECTED,  # a refund beside a chargeback pays twice
    "refund_disputed_payment": OutcomeKind.REJECTED,
    "charge_already_refunded": OutcomeKind.REJECTED,
    "amount_too_large": OutcomeKind.REJECTED,
    "resource_missing": OutcomeKind.REJECTED,
}
_OTHER_WAY_WANTED: Final = "charge_not_refundable"
_LONGEST_WAIT_S: Final = 3600
_BY_TYPE: Final = {"idempotency_error": OutcomeKind.CONFLICT}
_BY_HTTP_STATUS: Final = {
    400: OutcomeKind.REJECTED,
    401: OutcomeKind.NEEDS_MERCHANT,
    402: OutcomeKind.REJECTED,
    403: OutcomeKind.NEEDS_MERCHANT,
    404: OutcomeKind.REJECTED,
    429: OutcomeKind.RETRY_SAME,
}


def outcome_of_refund(refund: SeenRefund, leg: LegRow) -> PaymentOutcome:
    """What a refund that carries our number means for its leg."""
    if (refund.amount, refund.currency.upper()) != (stripe_minor(leg.leg.amount), leg.leg.amount.currency):
        return _outcome(refund, OutcomeKind.CONFLICT, "other_amount", "Stripe has this number with another amount.")
    kind = _BY_STATUS.get(refund.status or "", OutcomeKind.UNKNOWN)
    if kind is OutcomeKind.REJECTED and leg.leg.state in (LegState.SUCCEEDED, LegState.REVERSED):
        kind = OutcomeKind.REVERSED
    if kind is OutcomeKind.SUCCEEDED:
        return _outcome(refund, kind, "", "")
    code = refund.failure_reason or refund.status or "no_status"
    outcome = _outcome(refund, kind, code, f"Stripe says the refund is {refund.status}.")
    ended = kind in (OutcomeKind.REJECTED, OutcomeKind.REVERSED)
    return outcome.model_copy(update={"elsewhere": ended and refund.failure_reason in _CLOSED_WAYS})


def outcome_of_refunds(refunds: list[SeenRefund], leg: LegRow) -> PaymentOutcome:
    """What the refunds that carry our number, newest first, mean together; normally there is one at most."""
    if not refunds:
        return PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
    outcomes = [outcome_of_refund(refund, leg) for refund in refunds]
    alive = [each for each in outcomes if each.kind not in (OutcomeKind.REJECTED, OutcomeKind.REVERSED)]
    if len(alive) > 1:
        sentence = "Stripe has more than one refund with this number; the payment may have been made twice."
        return alive[0].model_copy(
            update={"kind": OutcomeKind.CONFLICT, "code": "refunded_twice", "sentence": sentence}
        )
    return alive[0] if alive else outcomes[0]


def outcome_of_error(error: stripe.StripeError) -> PaymentOutcome:
    """What an error means when it answers the order to refund."""
    if isinstance(error, stripe.APIConnectionError):
        return _outcome_of_transport(error)
    body = error_object(error)
    if body is None:
        return unknown(UNREADABLE, f"Stripe's answer (HTTP {error.http_status}) cannot be read.")
    kind = _kind(error, body)
    code = str(body.get("code") or body.get("type") or f"http_{error.http_status}")
    return PaymentOutcome(
        kind=kind,
        code=code,
        sentence=f"Stripe: {error.user_message or 'no message'}"[:SENTENCE_LIMIT],
        key_spent=_is_key_spent(error, kind),
        elsewhere=kind is OutcomeKind.NEEDS_PAYEE or (kind is OutcomeKind.REJECTED and code == _OTHER_WAY_WANTED),
        retry_after_s=_wait_s(error) if kind is OutcomeKind.RETRY_SAME else 0,
    )


def error_object(error: stripe.StripeError) -> Mapping[str, object] | None:
    """The error as Stripe sent it. Some classes of the SDK drop the code, and an unreadable body has none."""
    body = error.json_body
    inner = body.get("error") if isinstance(body, dict) else None
    return inner if isinstance(inner, dict) else None


def unknown(code: str, sentence: str) -> PaymentOutcome:
    """Whether money moved cannot be told from what we have."""
    return PaymentOutcome(kind=OutcomeKind.UNKNOWN, code=code, sentence=sentence)


def _kind(error: stripe.StripeError, body: Mapping[str, object]) -> OutcomeKind:
    status = error.http_status or 0
    if status >= SERVER_ERROR:
        return OutcomeKind.UNKNOWN
    return (
        _BY_CODE.get(str(body.get("code")))
        or _BY_TYPE.get(str(body.get("type")))
        or _BY_HTTP_STATUS.get(status, OutcomeKind.UNKNOWN)
    )


def _wait_s(error: stripe.StripeError) -> int:
    asked = str((error.headers or {}).get("retry-after", ""))
    return min(int(asked), _LONGEST_WAIT_S) if asked.isascii() and asked.isdigit() else 0


def _is_key_spent(error: stripe.StripeError, kind: OutcomeKind) -> bool:
    """Whether Stripe keeps giving this answer for the key, though trying again could go better.

    It stores what an execution ended with: a 500 that is replayed, and a refusal for want of money at once.
    """
    replayed = str((error.headers or {}).get("idempotent-replayed", "")).lower() == "true"
    if kind is OutcomeKind.UNKNOWN:
        return replayed
    return kind is OutcomeKind.NEEDS_MERCHANT and error.http_status == BAD_REQUEST


def _outcome_of_transport(error: stripe.APIConnectionError) -> PaymentOutcome:
    cause = error.__cause__
    name = type(cause).__name__
    if isinstance(cause, _NEVER_SENT):
        sentence = f"Stripe cannot be reached ({name}); nothing was sent."
        return PaymentOutcome(kind=OutcomeKind.RETRY_SAME, code="not_connected", sentence=sentence)
    return unknown("connection_lost", f"The connection to Stripe broke ({name}); the request may have arrived.")


def _outcome(refund: SeenRefund, kind: OutcomeKind, code: str, sentence: str) -> PaymentOutcome:
    return PaymentOutcome(kind=kind, provider_reference=refund.id, trace=refund.trace, code=code, sentence=sentence)
