"""An order as the shop states it, and as it is stored once its shares are frozen (design: money, rules 2, 3).

All amounts are minor units of the order's currency, all percentages basis points (825 is 8.25 %).
Both models are plain JSON; the frozen one is stored and never computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Final, NamedTuple, Self

from pydantic import Field, model_validator

from aftersales.contract.values import Currency, Frozen, Money, OpaqueId
from domain.errors import LineUnknown
from domain.money import LARGEST_MINOR

WHOLE_BP: Final = 10_000
"""One hundred per cent in basis points."""

NotNegative = Annotated[int, Field(strict=True, ge=0, le=LARGEST_MINOR)]
TaxRate = Annotated[int, Field(strict=True, ge=0, le=10 * WHOLE_BP)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class TaxMode(StrEnum):
    EXCLUSIVE = "exclusive"  # tax comes on top of the price
    INCLUSIVE = "inclusive"  # the price contains the tax
    NONE = "none"


class DraftLine(Frozen):
    """A line as bought. `tax_minor`, the whole line's tax as the shop computed it, outranks `tax_bp`."""

    line_id: OpaqueId
    quantity: Quantity
    unit_price_minor: NotNegative
    discount_minor: NotNegative = 0
    tax_bp: TaxRate = 0
    tax_minor: NotNegative | None = None


class DraftShipping(Frozen):
    """What shipping cost after its own discounts. `tax_minor`, if stated, outranks `tax_bp`."""

    price_minor: NotNegative
    tax_mode: TaxMode = TaxMode.NONE
    tax_bp: TaxRate = 0
    tax_minor: NotNegative | None = None


class ThresholdPromotion(Frozen):
    """Such as 30 off 300: a discount given once goods before discounts reach the threshold (rule 6)."""

    threshold_minor: NotNegative
    discount_minor: NotNegative


class OrderDraft(Frozen):
    """The order as taken in. Discounts apply in this order: the line's own, the promotion, the order's.

    `order_discount_bp` is a share of the goods after the former two, rounded half up; an order has either
    it or `order_discount_minor`. `paid_minor`, if the shop states it, must come out of the other numbers.
    """

    currency: Currency
    tax_mode: TaxMode
    lines: tuple[DraftLine, ...] = Field(min_length=1, max_length=1000)
    order_discount_minor: NotNegative = 0
    order_discount_bp: Annotated[int, Field(strict=True, ge=0, le=WHOLE_BP)] = 0
    promotion: ThresholdPromotion | None = None
    shipping: DraftShipping | None = None
    paid_minor: NotNegative | None = None


class Run(Frozen):
    """`count` neighbouring units with the same shares, each in minor units per unit.

    `discount_minor` is positive and holds every discount; `promotion_minor` is the threshold promotion's
    part of it. `tax_minor` lies on top of goods less discount, or inside it when `tax_included`.
    """

    count: Quantity
    goods_minor: NotNegative
    discount_minor: NotNegative = 0
    promotion_minor: NotNegative = 0
    tax_minor: NotNegative = 0
    tax_included: bool = False

    @property
    def net_minor(self) -> int:
        """What one unit cost after discounts, before tax on top."""
        return self.goods_minor - self.discount_minor

    @property
    def tax_on_top_minor(self) -> int:
        return 0 if self.tax_included else self.tax_minor

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        if not self.promotion_minor <= self.discount_minor <= self.goods_minor:
            raise ValueError("a unit's discounts exceed its price")
        return self


class Worth(NamedTuple):
    """What some units of a line are worth together, in minor units."""

    goods_minor: int
    discount_minor: int
    promotion_minor: int
    tax_minor: int  # on top

    @property
    def net_minor(self) -> int:
        return self.goods_minor - self.discount_minor


class FrozenLine(Frozen):
    """A line with the stored shares of its units, in the order of its units."""

    line_id: OpaqueId
    runs: tuple[Run, ...] = Field(min_length=1)

    @property
    def quantity(self) -> int:
        return sum(run.count for run in self.runs)

    def worth(self, first: int = 0, count: int | None = None) -> Worth:
        """What `count` units are worth, from unit `first` (0-based) on; all that follow when not given."""
        wanted = self.quantity - first if count is None else count
        return worth_of(cut(self.runs, first, wanted))


class FrozenShipping(Frozen):
    """Shipping, a line of its own: `net_minor` was paid, plus `tax_minor` on top or with it inside."""

    net_minor: NotNegative
    tax_minor: NotNegative = 0
    tax_included: bool = False

    @property
    def tax_on_top_minor(self) -> int:
        return 0 if self.tax_included else self.tax_minor

    @property
    def worth_minor(self) -> int:
        return self.net_minor + self.tax_on_top_minor


class FrozenOrder(Frozen):
    """The order's shares, split once when it was taken in; refunds only read them (rule 2)."""

    currency: Currency
    lines: tuple[FrozenLine, ...] = Field(min_length=1)
    shipping: FrozenShipping | None = None
    promotion: ThresholdPromotion | None = None

    @property
    def paid(self) -> Money:
        """Everything the customer paid: goods less discounts, tax on top, shipping."""
        worths = [line.worth() for line in self.lines]
        goods = sum(worth.net_minor + worth.tax_minor for worth in worths)
        shipping = self.shipping.worth_minor if self.shipping else 0
        return Money(minor=goods + shipping, currency=self.currency)

    def line(self, line_id: str) -> FrozenLine:
        """Raises `LineUnknown`."""
        for line in self.lines:
            if line.line_id == line_id:
                return line
        raise LineUnknown(line_id)


def cut(runs: Sequence[Run], first: int, count: int) -> tuple[Run, ...]:
    """Units `first` (0-based) to `first + count` of these runs, or as many of them as there are."""
    taken, position = [], 0
    for run in runs:
        inside = min(position + run.count, first + count) - max(position, first)
        if inside > 0:
            taken.append(run.model_copy(update={"count": inside}))
        position += run.count
    return tuple(taken)


def worth_of(runs: Iterable[Run]) -> Worth:
    """What all units of these runs are worth together."""
    runs = tuple(runs)
    return Worth(
        goods_minor=sum(run.count * run.goods_minor for run in runs),
        discount_minor=sum(run.count * run.discount_minor for run in runs),
        promotion_minor=sum(run.count * run.promotion_minor for run in runs),
        tax_minor=sum(run.count * run.tax_on_top_minor for run in runs),
    )
