"""The test's side of Stripe: seed payments, open disputes, finish and reverse refunds."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import Field

from sandbox.admin import Body, Box
from sandbox.assembly import Sandbox
from sandbox.stripe.disputes import Outcome
from sandbox.stripe.objects import Charge, Json, Refund
from sandbox.stripe.provider import StripeProvider
from sandbox.stripe.refunds import Finish, WrongStateError

MOST_SEEDS = 100_000
LARGEST_AMOUNT = 99_999_999_999

router = APIRouter(prefix="/admin/stripe")


async def _provider(request: Request) -> StripeProvider:
    provider: StripeProvider = request.app.state.stripe
    return provider


Stripe = Annotated[StripeProvider, Depends(_provider)]


class Payment(Body):
    """A captured card payment; ``amount`` in minor units, ``currency`` by its three letters."""

    charge: str = Field(pattern=r"^(ch|py)_[A-Za-z0-9_-]{1,250}$")
    payment_intent: str | None = Field(default=None, pattern=r"^pi_[A-Za-z0-9_-]{1,250}$")
    amount: int = Field(ge=1, le=LARGEST_AMOUNT)
    currency: str = Field(pattern=r"^[A-Za-z]{3}$")


class Payments(Body):
    """Many payments, seeded all or none."""

    payments: list[Payment] = Field(max_length=MOST_SEEDS)


class Ending(Body):
    """How an open refund ends; ``failure_reason`` by Stripe's words, for ``fail`` alone."""

    outcome: Finish
    failure_reason: str = "expired_or_canceled_card"


class Reversal(Body):
    """Why a success is taken back."""

    failure_reason: str = "lost_or_stolen_card"


class DisputeWanted(Body):
    """Whether a dispute is open; ``outcome``: how it ends when it is closed."""

    open: bool = True
    outcome: Outcome = Outcome.WON


def _seed(box: Sandbox, stripe: StripeProvider, payment: Payment) -> Json:
    charge = Charge(
        id=payment.charge,
        payment_intent=payment.payment_intent or f"pi_{payment.charge.partition('_')[2]}",
        amount_minor=payment.amount,
        currency=payment.currency.lower(),
        refunded_minor=0,
        disputed=False,
        created=int(box.clock.now()),
    )
    kept = stripe.ledger.seed(charge)
    if kept is None:
        detail = {"field": "charge", "message": f"{payment.charge} is there with other values"}
        raise HTTPException(409, detail)
    return kept.shown()


@router.post("/payments")
async def seed_payment(payment: Payment, box: Box, stripe: Stripe) -> Json:
    """Seed one payment; the same again changes nothing, another of its name is refused (409)."""
    with box.store.transaction():
        return _seed(box, stripe, payment)


@router.post("/payments/bulk")
async def seed_payments(payments: Payments, box: Box, stripe: Stripe) -> dict[str, int]:
    """Seed many payments in one transaction."""
    with box.store.transaction():
        for payment in payments.payments:
            _seed(box, stripe, payment)
    return {"payments": len(payments.payments)}


@router.put("/charges/{charge_id}/dispute")
async def dispute(charge_id: str, wanted: DisputeWanted, box: Box, stripe: Stripe) -> Json:
    """Open or close a dispute on a charge; while it is open, and once it is lost, nothing can be refunded."""
    charge = _charge(stripe, charge_id)
    with box.store.transaction():
        if wanted.open:
            stripe.disputes.open(charge)
        else:
            stripe.disputes.close(charge, wanted.outcome)
    return _charge(stripe, charge_id).shown()


@router.get("/charges/{charge_id}/disputes")
async def disputes(charge_id: str, stripe: Stripe) -> dict[str, list[Json]]:
    """Every dispute of a charge, oldest first."""
    return {"disputes": [each.shown() for each in stripe.disputes.of(_charge(stripe, charge_id).id)]}


@router.get("/refunds")
async def all_refunds(stripe: Stripe) -> dict[str, list[Json]]:
    """Every refund, oldest first."""
    return {"refunds": [refund.shown() for refund in stripe.ledger.refunds()]}


@router.post("/refunds/{refund_id}/finish")
async def finish(refund_id: str, ending: Ending, box: Box, stripe: Stripe) -> Json:
    """End a pending or action-requiring refund."""
    refund = _found(stripe, refund_id)
    try:
        with box.store.transaction():
            finished = stripe.refunds.finish(refund, ending.outcome, ending.failure_reason)
    except WrongStateError as wrong:
        raise _conflict(wrong) from wrong
    return finished.shown()


@router.post("/refunds/{refund_id}/reverse")
async def reverse(refund_id: str, reversal: Reversal, box: Box, stripe: Stripe) -> Json:
    """Take a success back, as a bank does days later."""
    refund = _found(stripe, refund_id)
    try:
        with box.store.transaction():
            reversed_ = stripe.refunds.reverse(refund, reversal.failure_reason)
    except WrongStateError as wrong:
        raise _conflict(wrong) from wrong
    return reversed_.shown()


def _charge(stripe: StripeProvider, charge_id: str) -> Charge:
    charge = stripe.ledger.charge(charge_id)
    if charge is None:
        raise HTTPException(404, {"field": "charge_id", "message": f"no charge {charge_id}"})
    return charge


def _found(stripe: StripeProvider, refund_id: str) -> Refund:
    refund = stripe.ledger.refund(refund_id)
    if refund is None:
        raise HTTPException(404, {"field": "refund_id", "message": f"no refund {refund_id}"})
    return refund


def _conflict(wrong: WrongStateError) -> HTTPException:
    return HTTPException(409, {"field": "refund_id", "message": f"{wrong.refund} is {wrong.status}"})
