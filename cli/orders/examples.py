"""Orders of our own making in our own format, to try the product with: fresh ids and dates at every run.

Each is there for one way a refund can go; `EXAMPLES` says which. With them goes what the warehouse says of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from aftersales.contract.values import Language
from domain.allocation import TaxMode
from domain.tenders import TenderKind
from integrations.shop.statement import (
    CustomerStatement,
    LineStatement,
    OrderStatement,
    PromotionStatement,
    ShippingStatement,
    Statement,
    TenderStatement,
)
from integrations.shop.warehouse import ParcelLineStatement, ParcelStatement, StockStatement

SHIPPED_FOR: Final = timedelta(days=2)
UNIT_G: Final = 400
PACKED_IN: Final = timedelta(days=1)
IN_STOCK: Final = {"BOOTS-43": 5, "BOOTS-44": 0, "KETTLE": 12}
"""What could be sent instead; of the boots that were bought, size 42, nothing is counted."""


class _Payment(NamedTuple):
    """What an order file says of a way of paying, and how references of such payments begin."""

    tender_id: str
    begins: str
    provider: str | None = None
    kind: TenderKind = TenderKind.CHARGED


class Means(Enum):
    """What an order was paid by."""

    CARD = _Payment("card", "ch_", "stripe")
    SECOND_CARD = _Payment("second-card", "ch_", "stripe")
    ALIPAY = _Payment("alipay", "2026", "alipay")
    WECHAT = _Payment("wechat", "4200", "wechat")
    TRANSFER = _Payment("transfer", "TR", "bank")
    CASH = _Payment("cash", "COD", "cash")
    GIFT_CARD = _Payment("gift-card", "GC", kind=TenderKind.GIFT_CARD)
    STORE_CREDIT = _Payment("store-credit", "SC", kind=TenderKind.STORE_CREDIT)


@dataclass(frozen=True)
class Example:
    """An order, and what an application for it `shows`. Amounts in minor units. `shipped_sku`: packed by mistake."""

    key: str
    shows: str
    lines: Sequence[LineStatement]
    delivered_days_ago: int | None = 2
    currency: str = "CNY"
    language: Language = Language.ZH_CN
    name: str = "王芳"
    state: str = "active"
    tax_mode: TaxMode = TaxMode.NONE
    shipping_minor: int = 0
    order_discount_minor: int = 0
    promotion: PromotionStatement | None = None
    paid_by: Sequence[Means] = (Means.CARD,)
    second_minor: int = 0
    paid: bool = True
    shipped_sku: str = ""

    @property
    def price_minor(self) -> int:
        on_top = self.tax_mode is TaxMode.EXCLUSIVE
        goods = sum(
            line.quantity * line.unit_price_minor - line.discount_minor + on_top * (line.tax_minor or 0)
            for line in self.lines
        )
        promotion_minor = self.promotion.discount_minor if self.promotion else 0
        return goods + self.shipping_minor - self.order_discount_minor - promotion_minor

    def order(self, now: datetime, run: str) -> OrderStatement:
        order_id = f"EX-{run}-{self.key}"
        delivered_at = None if self.delivered_days_ago is None else now - timedelta(days=self.delivered_days_ago)
        return OrderStatement(
            order_id=order_id,
            currency=self.currency,
            tax_mode=self.tax_mode,
            bought_at=(delivered_at or now) - SHIPPED_FOR,
            delivered_at=delivered_at,
            paid=self.paid,
            customer=CustomerStatement(
                customer_id=f"customer-{self.key}",
                state=self.state,
                name=self.name,
                email=f"{self.key}@customers.example",
                language=self.language,
            ),
            lines=tuple(self.lines),
            order_discount_minor=self.order_discount_minor,
            promotion=self.promotion,
            shipping=ShippingStatement(price_minor=self.shipping_minor, tax_mode=TaxMode.NONE)
            if self.shipping_minor
            else None,
            tenders=self._tenders(run),
        )

    def parcel(self, now: datetime, run: str) -> ParcelStatement:
        """What was sent of it, for a paid order: whatever was bought, but for a mistake."""
        order = self.order(now, run)
        lines = [
            ParcelLineStatement(
                line_id=line.line_id,
                picked_sku=self.shipped_sku or line.sku or line.line_id,
                shipped_sku=self.shipped_sku or line.sku or line.line_id,
                quantity=line.quantity,
                expected_g=line.quantity * UNIT_G,
                weighed_g=line.quantity * UNIT_G,
            )
            for line in order.lines
        ]
        return ParcelStatement(
            order_id=order.order_id,
            carrier="sf",
            tracking=f"SF{run}{self.key}",
            shipped_at=order.bought_at + PACKED_IN,
            delivered_at=order.delivered_at,
            lines=tuple(lines),
        )

    def _tenders(self, run: str) -> tuple[TenderStatement, ...]:
        amounts = (self.price_minor - self.second_minor, self.second_minor)
        return tuple(
            TenderStatement(
                tender_id=means.value.tender_id,
                kind=means.value.kind,
                provider=means.value.provider,
                reference=f"{means.value.begins}{self.key}-{run}{place}",
                captured_minor=captured_minor,
            )
            for place, (means, captured_minor) in enumerate(zip(self.paid_by, amounts, strict=False), start=1)
        )


def _line(
    title: str,
    unit_price_minor: int,
    quantity: int = 1,
    *,
    line_id: str = "1",
    sku: str = "",
    category: str = "home",
    discount_minor: int = 0,
    tax_minor: int | None = None,
    final_sale: bool = False,
) -> LineStatement:
    return LineStatement(
        line_id=line_id,
        sku=sku,
        title=title,
        category=category,
        quantity=quantity,
        unit_price_minor=unit_price_minor,
        discount_minor=discount_minor,
        tax_minor=tax_minor,
        final_sale=final_sale,
    )


_EN: Final = Language.EN
_MUG: Final = _line("马克杯 Mug", 4_900, 2)
_COAT: Final = _line("羊毛大衣 Wool coat", 129_900, category="clothing")

EXAMPLES: Final = (
    Example("mug", "quality problem with a photo, small: approved by rule", [_MUG]),
    Example("cup", "quality problem without a photo: evidence is asked for", [_line("Cup", 3_500, 2)], language=_EN),
    Example("shirt", "changed mind, goods back: approved by rule", [_line("衬衫 Shirt", 19_900, category="clothing")]),
    Example("scarf", "changed mind, goods not back: a person looks", [_line("Scarf", 8_900)], language=_EN, name="Ann"),
    Example("clearance", "final sale, changed mind: rejected", [_line("清仓盘 Plate", 2_500, final_sale=True)]),
    Example("late", "window closed: changed mind after 20 days", [_MUG], delivered_days_ago=20),
    Example("old-fault", "a fault reported after 45 days: a person looks", [_MUG], delivered_days_ago=45),
    Example("too-old", "a fault reported after 120 days: rejected", [_MUG], delivered_days_ago=120),
    Example("coat", "goods back, above the bound of the rules: a person looks", [_COAT]),
    Example("camera", "a fault shown, above the smaller bound", [_line("相机 Camera", 89_900)]),
    Example("transit", "not delivered yet: a person looks where the parcel is", [_MUG], delivered_days_ago=None),
    Example("lost", "said to be delivered, not received", [_line("Lamp", 15_900)], language=_EN, name="Bo"),
    Example(
        "boots",
        "wrong size: goods back, approved by rule; BOOTS-43 is there to exchange, BOOTS-44 is not",
        [_line("靴子 Boots", 39_900, sku="BOOTS-42", category="shoes")],
    ),
    Example(
        "wrong-item",
        "wrong item sent, and the warehouse's records bear the customer out",
        [_line("Kettle", 12_900, sku="KETTLE")],
        language=_EN,
        shipped_sku="TOASTER",
    ),
    Example("right-item", "wrong item sent, it is said: the records do not bear it out", [_line("Iron", 9_900)]),
    Example(
        "two-lines",
        "two lines, a discount and shipping: the shares are exact to the cent",
        [_line("茶壶 Teapot", 9_990, 3, discount_minor=1_000), _line("茶杯 Tea cup", 3_333, 4, line_id="2")],
        shipping_minor=1_200,
        order_discount_minor=1_001,
    ),
    Example(
        "threshold",
        "30 off 300: a return below the threshold",
        [_line("台灯 Lamp", 15_900), _line("灯泡 Bulb", 4_900, 3, line_id="2")],
        promotion=PromotionStatement(threshold_minor=30_000, discount_minor=3_000),
    ),
    Example("yen", "a currency without minor units", [_line("湯呑 Cup", 1_800, 3)], currency="JPY", language=_EN),
    Example(
        "two-cards",
        "paid by two cards, refunded to each",
        [_line("Desk", 59_900)],
        paid_by=(Means.CARD, Means.SECOND_CARD),
        second_minor=20_000,
    ),
    Example("alipay", "paid by Alipay, refunded by it", [_MUG], paid_by=(Means.ALIPAY,)),
    Example("wechat", "paid by WeChat Pay, which answers later", [_MUG], paid_by=(Means.WECHAT,)),
    Example(
        "gift-card",
        "paid by card and gift card: the gift card first",
        [_line("Chair", 29_900)],
        language=_EN,
        name="Eve",
        paid_by=(Means.CARD, Means.GIFT_CARD),
        second_minor=10_000,
    ),
    Example(
        "credit",
        "paid by Alipay and store credit: the store credit first",
        [_line("电水壶 Kettle", 16_900)],
        paid_by=(Means.ALIPAY, Means.STORE_CREDIT),
        second_minor=5_000,
    ),
    Example("transfer", "paid by bank transfer: asked where to, paid by the bank", [_MUG], paid_by=(Means.TRANSFER,)),
    Example("cash", "paid at the door: two finance people pay it back", [_MUG], paid_by=(Means.CASH,)),
    Example(
        "taxed",
        "tax on top of the price",
        [_line("Notebook", 1_999, 3, tax_minor=480)],
        currency="USD",
        language=_EN,
        tax_mode=TaxMode.EXCLUSIVE,
    ),
    Example("blocked", "the account is blocked: a person looks", [_MUG], state="blocked"),
    Example("unpaid", "not paid yet: refused", [_MUG], paid=False, delivered_days_ago=None),
)


def example_lines(now: datetime, run: str) -> str:
    """The examples as a file of our format. `run`, letters and digits, makes the ids unique; `now` has a zone."""
    return _lines(example.order(now, run) for example in EXAMPLES)


def example_shipments(now: datetime, run: str) -> str:
    """What was sent of the same orders, for `aftersales orders shipments`."""
    return _lines(example.parcel(now, run) for example in EXAMPLES if example.paid)


def example_stock(now: datetime) -> str:
    """What is in stock, for `aftersales orders stock`."""
    return _lines(StockStatement(sku=sku, available=left, counted_at=now) for sku, left in IN_STOCK.items())


def _lines(statements: Iterable[Statement]) -> str:
    return "".join(f"{each.model_dump_json(exclude_defaults=True)}\n" for each in statements)
