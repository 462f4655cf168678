"""What the shop's other systems answer (`docs/shop-sources.md`): nothing is converted, unknown fields are ignored."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from aftersales.contract.values import OpaqueId
from integrations.shop.statement import Moment, Words

MOST_LINES: Final = 1000

Count = Annotated[int, Field(ge=0, le=1_000_000)]
Grams = Annotated[int, Field(ge=0, le=100_000_000)]


class Answer(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class LineAnswer(Answer):
    """An order line; what is not recorded is left out."""

    line_id: OpaqueId
    ordered_sku: Annotated[Words, Field(min_length=1)]
    picked_sku: Words = ""
    shipped_sku: Words = ""
    shipped_quantity: Count = 0
    expected_g: Grams = 0
    weighed_g: Grams = 0


def _each_line_once(lines: tuple[LineAnswer, ...]) -> tuple[LineAnswer, ...]:
    if len({line.line_id for line in lines}) != len(lines):
        raise ValueError("a line_id stands twice")
    return lines


class ShipmentAnswer(Answer):
    order_id: OpaqueId
    carrier: Words = ""
    tracking: Words = ""
    shipped_at: Moment | None = None
    delivered_at: Moment | None = None
    lines: Annotated[tuple[LineAnswer, ...], Field(max_length=MOST_LINES), AfterValidator(_each_line_once)] = ()


class StockAnswer(Answer):
    sku: Words
    available: Count


class AccountAnswer(Answer):
    """`state` has no default: a standing that nobody stated is not a good one."""

    customer_id: OpaqueId
    state: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")]
    contact_verified: bool = False
    since: Moment | None = None
    note: Words = ""
