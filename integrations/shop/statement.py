"""The shape of one line of our order format. A field that is not known is refused: a misspelt discount is money."""

from __future__ import annotations

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from aftersales.contract.values import Currency, Language, OpaqueId
from domain.allocation import NotNegative, Quantity, TaxMode, TaxRate
from domain.tenders import TenderKind

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2199
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def without_control_characters(text: str) -> str:
    """Raises ValueError for what no page and no mail can show, and PostgreSQL in part not even store."""
    if _CONTROL.search(text):
        raise ValueError("a text holds control characters")
    return text


def _of_our_time(moment: AwareDatetime) -> AwareDatetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    return moment


Words = Annotated[str, Field(max_length=500), AfterValidator(without_control_characters)]
Key = Annotated[str, Field(max_length=200, pattern=r"^[!-~]*$")]
Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Captured = Annotated[NotNegative, Field(gt=0)]


class Statement(BaseModel):
    """Base of the shapes: nothing is converted, nothing is ignored."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class CustomerStatement(Statement):
    customer_id: OpaqueId
    state: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = "active"
    name: Words = ""
    email: Annotated[str, Field(max_length=254, pattern=r"^([^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+)?$")] = ""
    phone: Annotated[str, Field(max_length=32, pattern=r"^(\+?[0-9(][0-9 ().\-]{3,30})?$")] = ""
    language: Language = Language.ZH_CN
    contact_verified: bool = False
    guest: bool = False
    since: Moment | None = None


class LineStatement(Statement):
    """`discount_minor` and `tax_minor` are those of the whole line; `tax_minor` outranks `tax_bp`."""

    line_id: OpaqueId
    sku: Words = ""
    title: Words
    category: Words = ""
    quantity: Quantity
    unit_price_minor: NotNegative
    discount_minor: NotNegative = 0
    tax_bp: TaxRate = 0
    tax_minor: NotNegative | None = None
    final_sale: bool = False


class ShippingStatement(Statement):
    """What shipping cost after its own discounts; taxed as the order's lines are, unless it says otherwise."""

    price_minor: NotNegative
    tax_mode: TaxMode | None = None
    tax_bp: TaxRate = 0
    tax_minor: NotNegative | None = None


class PromotionStatement(Statement):
    threshold_minor: NotNegative
    discount_minor: NotNegative


class TenderStatement(Statement):
    """A payment. Store credit and gift cards are their own provider; a charge names the one that took it."""

    tender_id: OpaqueId
    kind: TenderKind = TenderKind.CHARGED
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")] | None = None
    reference: Annotated[Key, Field(min_length=1)]
    captured_minor: Captured

    @property
    def paid_through(self) -> str:
        return self.provider or self.kind.value

    @model_validator(mode="after")
    def _kind_fits_provider(self) -> Self:
        stored_value = {kind.value for kind in TenderKind if kind is not TenderKind.CHARGED}
        if self.kind is TenderKind.CHARGED and (self.provider is None or self.provider in stored_value):
            raise ValueError("a charge names the provider that took it, such as stripe")
        if self.kind is not TenderKind.CHARGED and self.paid_through != self.kind.value:
            raise ValueError(f"the provider of a tender of kind {self.kind.value} is {self.kind.value}; leave it out")
        return self


class OrderStatement(Statement):
    """One order. Amounts are integers of minor units, times ISO 8601 with their zone."""

    order_id: OpaqueId
    currency: Currency
    tax_mode: TaxMode
    bought_at: Moment
    delivered_at: Moment | None = None
    paid: bool
    customer: CustomerStatement
    lines: Annotated[tuple[LineStatement, ...], Field(min_length=1, max_length=1000)]
    order_discount_minor: NotNegative = 0
    order_discount_bp: Annotated[int, Field(ge=0, le=10_000)] = 0
    promotion: PromotionStatement | None = None
    shipping: ShippingStatement | None = None
    tenders: Annotated[tuple[TenderStatement, ...], Field(max_length=50)]
    payment_fingerprint: Key = ""
    address_hash: Key = ""

    @model_validator(mode="after")
    def _delivered_after_bought(self) -> Self:
        if self.delivered_at is not None and self.delivered_at < self.bought_at:
            raise ValueError("delivered_at lies before bought_at")
        return self

    @model_validator(mode="after")
    def _each_tender_once(self) -> Self:
        if len({tender.tender_id for tender in self.tenders}) != len(self.tenders):
            raise ValueError("two tenders have the same tender_id")
        return self
