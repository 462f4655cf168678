"""What Stripe's events say of a disputed payment (https://docs.stripe.com/api/disputes/object).

A dispute's status counts, not the event's name: events come late and in any order, each with the status of its moment.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, ValidationError

from aftersales.contract.values import Money
from domain.chargebacks import Chargeback, ChargebackState
from domain.errors import CurrencyUnknown
from integrations.stripe.amounts import money_of

NOUN: Final = "dispute"
_INQUIRY: Final = "warning_"
_STATES: Final = {
    "won": ChargebackState.WON,
    "lost": ChargebackState.LOST,
    "charge_refunded": ChargebackState.WITHDRAWN,
}
_LAST_SECOND: Final = 253_402_300_799
Id = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$")]
Second = Annotated[int, Field(ge=0, le=_LAST_SECOND)]


class _Dispute(BaseModel):
    id: Id
    charge: Id
    payment_intent: Id | None = None
    status: str
    created: Second | None = None
    amount: object = None
    currency: object = None


def chargeback_of(subject: object, as_of: datetime) -> Chargeback | None:
    """The chargeback that an event's object is about; None for anything else, an inquiry included.

    During an inquiry (`warning_…`) nothing was taken back, and a refund is what ends it well. A status that is not
    known counts as open: a refund can wait, and cannot be taken back. `as_of`: when the event was made.
    """
    try:
        dispute = _Dispute.model_validate(subject)
    except ValidationError:
        return None
    if dispute.status.startswith(_INQUIRY):
        return None
    state = _STATES.get(dispute.status, ChargebackState.OPEN)
    return Chargeback(
        provider="stripe",
        dispute_id=dispute.id,
        payment_reference=dispute.charge,
        other_reference=dispute.payment_intent or "",
        state=state,
        amount=_amount_of(dispute),
        opened_at=as_of if dispute.created is None else datetime.fromtimestamp(dispute.created, UTC),
        closed_at=None if state is ChargebackState.OPEN else as_of,
        as_of=as_of,
    )


def _amount_of(dispute: _Dispute) -> Money | None:
    if type(dispute.amount) is not int or dispute.amount <= 0 or not isinstance(dispute.currency, str):
        return None
    try:
        return money_of(dispute.amount, dispute.currency)
    except (ValueError, CurrencyUnknown):
        return None
