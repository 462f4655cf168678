"""Refunds through Stripe's own SDK: order one, or look for one by our number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import stripe

from activities.ports import Payee
from activities.rows import LegRow
from activities.types import OutcomeKind, PaymentOutcome
from domain.errors import CurrencyUnknown
from integrations.stripe.amounts import AmountNotSendableError, stripe_minor
from integrations.stripe.connection import StripeConnection
from integrations.stripe.outcomes import (
    UNREADABLE,
    error_object,
    outcome_of_error,
    outcome_of_refund,
    outcome_of_refunds,
    unknown,
)
from integrations.stripe.settings import StripeSettings
from integrations.stripe.wire import LEG, RefundPage, SeenRefund

if TYPE_CHECKING:
    from stripe.params import RefundCreateParams, RefundListParams

PROVIDER: Final = "stripe"
# Stripe forgets a key after 24 hours at the earliest; four of them are kept for clocks and calls under way.
KEY_LIFE_S: Final = 20 * 3600
PAGE_SIZE: Final = 100
MOST_PAGES: Final = 100
# What the SDK lets through, beside its own errors, when an answer is not what it expects.
_BROKEN_ANSWER: Final = (ValueError, TypeError, AttributeError, LookupError)
_FOR_GOOD: Final = (OutcomeKind.REJECTED, OutcomeKind.NEEDS_PAYEE)
_SAYS_NOTHING: Final = (OutcomeKind.UNKNOWN, OutcomeKind.NEEDS_MERCHANT)


class _UnsendableError(Exception):
    """The leg cannot be put into words that Stripe takes; nothing was sent."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class StripePayments:
    """Implements `activities.ports.Payments`. One instance serves a whole process; `close` ends it."""

    provider: str = PROVIDER
    key_life_s: int = KEY_LIFE_S

    def __init__(self, settings: StripeSettings) -> None:
        self._connection = StripeConnection(settings)
        self._refunds = self._connection.v1.refunds

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def refund(self, leg: LegRow) -> PaymentOutcome:
        """Order the refund; asked again under the same key, Stripe answers again and moves nothing.

        What ends the number (`rejected`, `needs_payee`) and a spent key are only reported once a look has shown that
        no earlier call was executed.
        """
        try:
            params = _create_params(leg)
        except _UnsendableError as error:
            return PaymentOutcome(kind=OutcomeKind.REJECTED, code=error.code, sentence=str(error))
        options: stripe.RequestOptions = {"idempotency_key": f"{leg.leg.provider_number}-{leg.key_try}"}
        try:
            answer = await self._connection.within_time(self._refunds.create_async(params, options))
            return outcome_of_refund(SeenRefund.model_validate(answer.to_dict()), leg)
        except stripe.StripeError as error:
            return await self._made_sure(outcome_of_error(error), leg)
        except TimeoutError:
            return self._too_late()
        except _BROKEN_ANSWER:
            return _unreadable()

    async def pay_out(self, leg: LegRow, payee: Payee) -> PaymentOutcome:  # noqa: ARG002 - the port's shape
        """Stripe moves a shop's money to the shop and to cards that paid, and to nobody else."""
        sentence = "Stripe pays nothing out to customers; choose another provider for this destination."
        return PaymentOutcome(kind=OutcomeKind.REJECTED, code="not_offered", sentence=sentence)

    async def query(self, leg: LegRow) -> PaymentOutcome:
        """Look for our number among the refunds of the payment.

        `not_found`: the list was read to its end, or Stripe does not know the payment. Whatever goes wrong with the
        look says nothing about the leg: `unknown`, or `needs_merchant` when Stripe does not let us look.
        """
        try:
            params = _list_params(leg)
        except _UnsendableError:
            return PaymentOutcome(kind=OutcomeKind.NOT_FOUND)
        try:
            refunds = await self._refunds_of(params)
            return outcome_of_refunds([refund for refund in refunds if refund.leg == leg.leg.provider_number], leg)
        except stripe.StripeError as error:
            return _outcome_of_failed_look(error)
        except TimeoutError:
            return self._too_late()
        except _BROKEN_ANSWER:
            return _unreadable()

    async def _made_sure(self, outcome: PaymentOutcome, leg: LegRow) -> PaymentOutcome:
        """A refusal speaks of this call alone: "already refunded" may well be our own refund of yesterday."""
        spent = outcome.kind is OutcomeKind.NEEDS_MERCHANT and outcome.key_spent
        if outcome.kind not in _FOR_GOOD and not spent:
            return outcome
        found = await self.query(leg)
        if found.kind is OutcomeKind.NOT_FOUND:
            return outcome
        return found.model_copy(update={"kind": OutcomeKind.UNKNOWN}) if found.kind in _SAYS_NOTHING else found

    async def _refunds_of(self, params: RefundListParams) -> list[SeenRefund]:
        # The SDK's own paging takes an answer without a list for the end of the list; here that is an error.
        refunds: list[SeenRefund] = []
        for _ in range(MOST_PAGES):
            answer = await self._connection.within_time(self._refunds.list_async(params))
            page = RefundPage.model_validate(answer.to_dict())
            refunds += page.data
            if not page.has_more:
                return refunds
            params = {**params, "starting_after": page.data[-1].id}
        raise ValueError(f"more than {MOST_PAGES * PAGE_SIZE} refunds of one payment")

    def _too_late(self) -> PaymentOutcome:
        return unknown("deadline_passed", f"Stripe did not answer within {self._connection.timeout_s:g} s.")


def _outcome_of_failed_look(error: stripe.StripeError) -> PaymentOutcome:
    outcome = outcome_of_error(error)
    if outcome.code == "resource_missing" and error_object(error) is not None:
        return PaymentOutcome(kind=OutcomeKind.NOT_FOUND, code=outcome.code, sentence=outcome.sentence)
    kind = outcome.kind if outcome.kind is OutcomeKind.NEEDS_MERCHANT else OutcomeKind.UNKNOWN
    return outcome.model_copy(update={"kind": kind, "key_spent": False})


def _unreadable() -> PaymentOutcome:
    return unknown(UNREADABLE, "Stripe's answer cannot be read.")


def _create_params(leg: LegRow) -> RefundCreateParams:
    amount = _amount_of(leg)
    metadata = {LEG: leg.leg.provider_number, "application_number": leg.number}
    if _is_intent(leg.reference):
        return {"payment_intent": leg.reference, "amount": amount, "metadata": metadata}
    return {"charge": leg.reference, "amount": amount, "metadata": metadata}


def _list_params(leg: LegRow) -> RefundListParams:
    _amount_of(leg)
    if _is_intent(leg.reference):
        return {"payment_intent": leg.reference, "limit": PAGE_SIZE}
    return {"charge": leg.reference, "limit": PAGE_SIZE}


def _amount_of(leg: LegRow) -> int:
    try:
        return stripe_minor(leg.leg.amount)
    except (AmountNotSendableError, CurrencyUnknown) as error:
        raise _UnsendableError("amount_not_sendable", str(error)) from error


def _is_intent(reference: str) -> bool:
    if reference.startswith("pi_"):
        return True
    if reference.startswith(("ch_", "py_")):
        return False
    raise _UnsendableError(
        "reference_unknown", f"{reference!r} names no payment at Stripe; it must begin with ch_, py_ or pi_."
    )
