"""What a scene of the demo is: goods, a customer's wish, and what must come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aftersales.contract.values import CaseStatus, Language, Reason
from cli.demo.cast import Cast

Play = Callable[[Cast, "Part"], Awaitable[None]]


@dataclass(frozen=True)
class Goods:
    """An order's only kind of goods. `price_minor` is for one unit."""

    title: str
    price_minor: int
    quantity: int = 2
    category: str = "home"
    final_sale: bool = False


@dataclass(frozen=True)
class Part:
    """One scene's case in one run: its number, order, customer and the reference of its first payment."""

    number: str
    order_id: str
    customer_id: str
    charge: str


async def nobody(_cast: Cast, _part: Part) -> None:
    """Nobody does anything."""


@dataclass(frozen=True, eq=False)
class Scene:
    """`asks`: fields of the application beside order, customer and item. `before` and `play`: what people and the
    provider do, before the application and after it. `paid_by`: the providers of the order's payments, in the sequence
    in which they were charged; the second one paid `second_minor`.
    """

    key: str
    shows: str
    goods: Goods
    reason: Reason
    ends: CaseStatus
    asks: Mapping[str, object] = field(default_factory=dict)
    before: Play = nobody
    play: Play = nobody
    currency: str = "CNY"
    language: Language = Language.EN
    delivered_days_ago: int = 2
    paid_by: tuple[str, ...] = ("stripe",)
    second_minor: int = 0
    somebody_elses: bool = False


BACK = {"goods_back": True, "unused": True, "packaging_intact": True}
MUG = Goods("马克杯 Mug", 4_900)
LAMP = Goods("台灯 Desk lamp", 15_900, category="lighting")
COAT = Goods("大衣 Winter coat", 89_900, category="clothing")
PLATE = Goods("瓷盘 Plate", 1_800)
PIANO = Goods("钢琴 Piano", 1_290_000, quantity=1, category="music")
