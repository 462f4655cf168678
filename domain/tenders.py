"""Ceilings over an order and its payments, and which payment gives back what (money, rules 7 to 9)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from aftersales.contract.values import Frozen, Money, OpaqueId
from domain.allocation import NotNegative
from domain.errors import AmountRefused
from domain.money import refuse_mixed, total_of


class TenderKind(StrEnum):
    """What the order of refunding depends on; the provider behind it is the adapter's business."""

    STORE_CREDIT = "store_credit"
    GIFT_CARD = "gift_card"
    CHARGED = "charged"  # card, wallet, transfer


class TenderOrder(StrEnum):
    """Store credit and gift cards first, or the whole order turned round, by policy (rule 8)."""

    STORED_VALUE_FIRST = "stored_value_first"
    TURNED_ROUND = "turned_round"


class Tender(Frozen):
    """One payment of an order, in minor units of its currency; `taken_minor` is refunded or reserved. `closed`: its
    provider takes no refund of it any more, so what it must give back needs another destination."""

    tender_id: OpaqueId
    kind: TenderKind
    captured_minor: NotNegative
    taken_minor: NotNegative = 0
    closed: bool = False

    @property
    def left_minor(self) -> int:
        return max(self.captured_minor - self.taken_minor, 0)


class TenderShare(Frozen):
    """What one payment gives back."""

    tender_id: OpaqueId
    amount: Money


def refuse_over(asked: Money, largest: Money) -> None:
    """Raises `AmountRefused` for zero, negative and over-limit amounts (rule 9), `CurrencyMixed`."""
    refuse_mixed(largest, asked)
    if not 0 < asked.minor <= largest.minor:
        raise AmountRefused(asked.minor, largest.minor, largest.currency)


def plan_tenders(
    amount: Money, tenders: Sequence[Tender], order: TenderOrder = TenderOrder.STORED_VALUE_FIRST
) -> tuple[TenderShare, ...]:
    """Which payment gives back how much, in the order they are to be refunded; shares of zero are left out.

    `tenders` come in the order they were charged. Each share is within what its payment has left, and they
    add up to `amount`. Raises `AmountRefused` with what all payments together have left.
    """
    lefts = [Money(minor=tender.left_minor, currency=amount.currency) for tender in tenders]
    refuse_over(amount, total_of(lefts, amount.currency))
    shares, open_minor = [], amount.minor
    for tender in _in_order(tenders, order):
        share = Money(minor=min(tender.left_minor, open_minor), currency=amount.currency)
        open_minor -= share.minor
        if share.minor:
            shares.append(TenderShare(tender_id=tender.tender_id, amount=share))
    return tuple(shares)


def _in_order(tenders: Sequence[Tender], order: TenderOrder) -> list[Tender]:
    """Closed ones come last: the case plans around them as long as others have enough left."""
    wanted = sorted(tenders, key=lambda tender: tender.kind is TenderKind.CHARGED)
    if order is TenderOrder.TURNED_ROUND:
        wanted.reverse()
    return sorted(wanted, key=lambda tender: tender.closed)
