"""What the lines of a refund mean (P3.1), and what all refunds of an order took so far.

The lines themselves, `AmountLine` and `BreakDown`, belong to the contract. Their `note` holds a `NoteCode`;
`quantity` counts units on the goods line that brings them back and is 0 everywhere else; units of one order line whose
shares differ have a goods line for each kind, followed by its discount and tax. `line_id` is None for shipping, its
tax, and whatever belongs to the whole order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from aftersales.contract.values import AmountKind, AmountLine, BreakDown, Frozen


class NoteCode(StrEnum):
    """Why a line is there; the words for it are the translation's."""

    FREE_AMOUNT = "free_amount"
    EARLIER_REFUNDS = "earlier_refunds"  # brings units to what earlier amounts on their line have left
    RETURN_SHIPPING = "return_shipping"
    RESTOCKING_FEE = "restocking_fee"
    MISSING_GIFT = "missing_gift"
    CONDITION = "condition"  # worth less when it came back
    APPROVED_IN_PART = "approved_in_part"
    PROMOTION_KEPT = "promotion_kept"
    PROMOTION_CLAWED_BACK = "promotion_clawed_back"
    PROMOTION_RESTORED = "promotion_restored"  # taken back earlier, and nothing it applied to is left


def amount_of(lines: Iterable[AmountLine]) -> int:
    """The sum in minor units."""
    return sum(line.amount_minor for line in lines)


class Portion(NamedTuple):
    """Money of an order line or of shipping, in minor units; `net_minor` contains tax inside the price."""

    net_minor: int
    tax_minor: int  # on top

    def less(self, other: Portion) -> Portion:
        return Portion(self.net_minor - other.net_minor, self.tax_minor - other.tax_minor)


class Taken(Frozen):
    """The lines of every break-down of an order that holds something of it.

    `lines` are of refunds that were granted: paid, or being paid. `proposed` are of cases that nobody decided yet:
    they keep their units and shipping from other cases, but no promotion is broken by a proposal. A withdrawn case or
    one that was turned down is left out, and what it held is free again (P1.3, rule 7).
    """

    lines: tuple[AmountLine, ...] = ()
    proposed: tuple[AmountLine, ...] = ()

    def plus(self, lines: Sequence[AmountLine]) -> Taken:
        """With a refund that is granted."""
        return Taken(lines=self.lines + tuple(lines), proposed=self.proposed)

    @property
    def granted(self) -> Taken:
        return Taken(lines=self.lines)

    def lines_of(self, line_id: str | None) -> list[AmountLine]:
        """The lines about an order line, granted and proposed; about shipping and the whole order for None."""
        return [line for line in self.lines + self.proposed if line.line_id == line_id]

    def units(self, line_id: str) -> int:
        """How many units of the order line are refunded or held."""
        return sum(line.quantity for line in self.lines_of(line_id))

    def of_line(self, line_id: str) -> Portion:
        """The money of the order line that is refunded or held."""
        return _portion(self.lines_of(line_id))

    def of_shipping(self) -> Portion:
        return _portion(self.lines_of(None))

    @property
    def clawed_back_minor(self) -> int:
        """What granted refunds took back of a broken promotion and did not restore since.

        Below zero where a case that took back was given up after another had restored it.
        """
        return -amount_of(line for line in self.lines if line.kind is AmountKind.PROMOTION)


NOTHING_TAKEN: Final = Taken()

_NET_KINDS: Final = frozenset({AmountKind.GOODS, AmountKind.DISCOUNT, AmountKind.SHIPPING})


def taken_by(granted: Iterable[BreakDown], proposed: Iterable[BreakDown] = ()) -> Taken:
    """What several refunds of one order take together."""
    return Taken(lines=_lines_in(granted), proposed=_lines_in(proposed))


def _lines_in(breakdowns: Iterable[BreakDown]) -> tuple[AmountLine, ...]:
    return tuple(line for breakdown in breakdowns for line in breakdown.lines)


def _portion(lines: list[AmountLine]) -> Portion:
    return Portion(
        net_minor=amount_of(line for line in lines if line.kind in _NET_KINDS),
        tax_minor=amount_of(line for line in lines if line.kind is AmountKind.TAX),
    )
