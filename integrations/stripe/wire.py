"""What we read of Stripe's objects, and no more. An answer that is not of this shape decides nothing."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

LEG = "leg"
"""The metadata field that carries our number."""


class SeenRefund(BaseModel):
    """https://docs.stripe.com/api/refunds/object; `amount` in Stripe's minor units, `currency` in small letters."""

    model_config = ConfigDict(strict=True, frozen=True)

    id: str = Field(min_length=1)
    status: str | None
    amount: int
    currency: str
    metadata: dict[str, str] | None = None
    failure_reason: str | None = None
    destination_details: dict[str, object] | None = None

    @property
    def leg(self) -> str:
        """Our number, empty if the refund is not ours."""
        return (self.metadata or {}).get(LEG, "")

    @property
    def trace(self) -> str:
        """What the customer's bank can find the refund by, once there is one: each kind of destination has its own."""
        details = self.destination_details or {}
        way = details.get(str(details.get("type")))
        reference = way.get("reference") if isinstance(way, dict) else None
        return reference if isinstance(reference, str) else ""


class RefundPage(BaseModel):
    """One page of a list of refunds. Both fields are needed: a page without them is not an empty one."""

    model_config = ConfigDict(strict=True, frozen=True)

    data: list[SeenRefund]
    has_more: bool


class SeenMovement(BaseModel):
    """https://docs.stripe.com/api/balance_transactions/object, of a refund or of its failure.

    `amount` (below zero: it left the balance) and `fee` are in minor units of the balance's `currency`, which may be
    another than the refund's. `source` is the refund itself where the list was asked to expand it.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    id: str = Field(min_length=1)
    type: str
    amount: int
    fee: int
    currency: str
    created: int
    source: object = None

    @property
    def refund(self) -> SeenRefund | None:
        """The refund that moved; None if Stripe names something else, or nothing."""
        source = self.source
        if not isinstance(source, dict) or source.get("object") != "refund":
            return None
        return SeenRefund.model_validate(source)


class MovementPage(BaseModel):
    """One page of a list of balance transactions."""

    model_config = ConfigDict(strict=True, frozen=True)

    data: list[SeenMovement]
    has_more: bool
