"""What each payment provider can do for a refund: the limits that a case plans by (P3.2, P3.3; design: payments)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

from pydantic import Field

from aftersales.contract.values import Frozen, Money, Movement, PayoutMethod

_WEEKEND: Final = (5, 6)

BY_HAND: Final = "by_hand"
"""The provider of payments that have no interface: two finance people (P3.2)."""

STORE_CREDIT: Final = "store_credit"
GIFT_CARD: Final = "gift_card"


class Arrival(Frozen):
    """How long money takes from the provider's yes until the customer has it, at the latest.

    `working_days` leaves Saturdays and Sundays out; holidays are not known, so what is told is what is usual.
    """

    within_days: Annotated[int, Field(ge=0, le=60)]
    working_days: bool = False

    def expected_by(self, since: datetime) -> datetime:
        """The latest usual moment."""
        if not self.working_days:
            return since + timedelta(days=self.within_days)
        moment, left = since, self.within_days
        while left:
            moment += timedelta(days=1)
            left -= moment.weekday() not in _WEEKEND
        return moment


class Rail(Frozen):
    """One provider's ways. `pays_out`: destinations that it can pay to; `currencies`: None for any.

    `most_parts`: refunds of one payment; `spacing_s`: between two of them; `refund_within_days`: from the purchase on.
    """

    provider: str
    refunds: bool = True
    pays_out: frozenset[PayoutMethod] = frozenset()
    currencies: frozenset[str] | None = None
    most_parts: int | None = None
    spacing_s: int = 0
    refund_within_days: int | None = None
    refund_arrival: Arrival = Arrival(within_days=10, working_days=True)
    payout_arrival: Arrival = Arrival(within_days=2, working_days=True)

    @property
    def is_limited(self) -> bool:
        """Whether anything about a payment could close it; else nobody has to look."""
        limits = (self.currencies, self.refund_within_days, self.most_parts)
        return not self.refunds or self.spacing_s > 0 or any(limit is not None for limit in limits)

    def wait_s(self, last_sent_at: datetime | None, now: datetime) -> int:
        """For how many seconds the provider takes no further refund of a payment."""
        if last_sent_at is None or not self.spacing_s:
            return 0
        return max(0, ceil((last_sent_at - now).total_seconds() + self.spacing_s))

    def closed_to(self, amount: Money, *, bought_at: datetime, now: datetime, parts: int) -> str:
        """Why a payment cannot be given back by the way it came; empty if it can."""
        if not self.refunds:
            return "not_offered"
        if self.currencies is not None and amount.currency not in self.currencies:
            return "currency_not_offered"
        if self.refund_within_days is not None and now - bought_at > timedelta(days=self.refund_within_days):
            return "past_refund_deadline"
        if self.most_parts is not None and parts >= self.most_parts:
            return "too_many_parts"
        return ""


_AT_ONCE: Final = Arrival(within_days=0)
OWN_RAILS: Final[Mapping[str, Rail]] = MappingProxyType(
    {
        STORE_CREDIT: Rail(
            provider=STORE_CREDIT,
            pays_out=frozenset({PayoutMethod.STORE_CREDIT}),
            refund_arrival=_AT_ONCE,
            payout_arrival=_AT_ONCE,
        ),
        GIFT_CARD: Rail(provider=GIFT_CARD, refund_arrival=_AT_ONCE),
        BY_HAND: Rail(provider=BY_HAND, refund_arrival=Arrival(within_days=3, working_days=True)),
    }
)
"""What every shop has: value of its own, and people who can pay where nothing else can."""


class Ways(NamedTuple):
    """How money can go in this shop: what each provider takes, and who pays to which kind of destination."""

    rails: Mapping[str, Rail] = MappingProxyType({})
    payouts: Mapping[PayoutMethod, str] = MappingProxyType({})

    def refunder(self, provider: str) -> str:
        """Who moves money that is this provider's to move: itself, or a finance person where it is not set up."""
        return BY_HAND if provider not in self.rails and BY_HAND in self.rails else provider

    def payer(self, method: PayoutMethod, currency: str) -> str:
        """The provider that pays to such a destination; a finance person where none has an interface for it."""
        provider = self.payouts.get(method, BY_HAND)
        rail = self.rails.get(provider)
        offers = rail is not None and (rail.currencies is None or currency in rail.currencies)
        return provider if offers else BY_HAND

    def expected_by(self, provider: str, movement: Movement, since: datetime) -> datetime | None:
        """When money that the provider took on should have arrived; None where nobody knows."""
        rail = self.rails.get(provider)
        if rail is None:
            return None
        arrival = rail.payout_arrival if movement is Movement.PAYOUT else rail.refund_arrival
        return arrival.expected_by(since)


def ways_of(rails: Mapping[str, Rail]) -> Ways:
    """The ways that these providers open."""
    return Ways(rails, {method: rail.provider for rail in rails.values() for method in rail.pays_out})
