"""What we read of Stripe's objects, and no more. An answer that is not of this shape decides nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from aftersales.contract.values import Frozen

LEG = "leg"
"""The metadata field that carries our number."""


class Card(Frozen):
    reference: str | None = None


class Destination(Frozen):
    card: Card | None = None


class SeenRefund(BaseModel):
    """https://docs.stripe.com/api/refunds/object; `amount` in Stripe's minor units, `currency` in small letters."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: str = Field(min_length=1)
    status: str | None
    amount: int
    currency: str
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None
    destination_details: Destination | None = None

    @property
    def leg(self) -> str:
        """Our number, empty if the refund is not ours."""
        return (self.metadata or {}).get(LEG, "")

    @property
    def trace(self) -> str:
        """What the customer's bank can find the refund by, once the acquirer has given it."""
        card = self.destination_details and self.destination_details.card
        return (card and card.reference) or ""


class RefundPage(BaseModel):
    """One page of a list of refunds. Both fields are needed: a page without them is not an empty one."""

    model_config = ConfigDict(strict=True, frozen=True)

    data: list[SeenRefund]
    has_more: bool
