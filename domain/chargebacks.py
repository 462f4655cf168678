"""Payments that a customer has their bank take back, beside which a refund would pay twice (P6.1; design: payments)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

from aftersales.contract.values import Frozen, Money


class ChargebackState(StrEnum):
    OPEN = "open"
    WON = "won"  # the money is the shop's again
    LOST = "lost"  # the customer has it back already, by the bank
    WITHDRAWN = "withdrawn"  # the customer or the bank gave it up


BLOCKING: Final = frozenset({ChargebackState.OPEN, ChargebackState.LOST})
"""States beside which no refund of the payment is made."""


class Chargeback(Frozen):
    """A dispute of a payment at its provider, known by (`provider`, `dispute_id`), as of a moment.

    `payment_reference`, `other_reference`: the payment's ids there (Stripe's charge and payment intent), either of
    which an order's tender may name. `order_id`: set where a person named the order. `amount`: what is disputed, None
    where that could not be read. `as_of`: when the provider or the person said so.
    """

    provider: str
    dispute_id: str
    payment_reference: str
    other_reference: str = ""
    order_id: str = ""
    state: ChargebackState
    amount: Money | None = None
    opened_at: datetime
    closed_at: datetime | None = None
    as_of: datetime

    def after(self, known: Chargeback | None) -> Chargeback:
        """What holds once this was heard: messages come in any order, and an older one changes nothing.

        Of two of the same second the end counts, for a dispute is opened before it ends.
        """
        if known is None:
            return self
        if self._rank() < known._rank():
            return known
        return self.model_copy(
            update={"order_id": self.order_id or known.order_id, "opened_at": min(self.opened_at, known.opened_at)}
        )

    def _rank(self) -> tuple[datetime, bool]:
        return self.as_of, self.state is not ChargebackState.OPEN
