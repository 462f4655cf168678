"""Who buys what, how it is paid, what is asked back and what a reviewer says to it: all from one seed.

A refund is always a part of what was paid: a provider refuses a second full one and so would hide a double payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum, auto
from random import Random
from typing import Final, NamedTuple

from aftersales.contract.messages import Application, Item
from aftersales.contract.numbers import number_for
from aftersales.contract.values import Language, Reason
from bench.chaos.storm import Storm
from domain.allocation import DraftLine, OrderDraft, TaxMode
from domain.freezing import freeze
from domain.orders import Account, OrderRecord, RecordLine, RecordTender

CALLER: Final = "chaos"
LINE: Final = "1"
UNITS: Final = 5
HALVES: Final = 2 * UNITS


class Paid(StrEnum):
    """How an order was paid, and what became of that way since."""

    CARD = auto()
    CARD_IN_EURO = auto()
    ALIPAY = auto()
    WECHAT = auto()
    STORE_CREDIT = auto()
    GIFT_CARD = auto()
    GIFT_CARD_AND_CARD = auto()
    TWO_CARDS = auto()
    ALIPAY_LONG_AGO = auto()
    ALIPAY_BUYER_GONE = auto()
    WECHAT_PAYER_GONE = auto()
    BANK_TRANSFER = auto()
    CASH = auto()


class Review(StrEnum):
    """What a reviewer does with an application that the policy does not decide."""

    APPROVE = auto()
    APPROVE_PART = auto()
    REJECT = auto()
    ASK_FIRST = auto()


class _Part(NamedTuple):
    """One payment of an order: `halves` of a unit's price; more than the refund of a unit, but for a first of two."""

    provider: str
    reference: str
    halves: int = HALVES


_PARTS: Final[Mapping[Paid, tuple[_Part, ...]]] = {
    Paid.CARD: (_Part("stripe", "ch_"),),
    Paid.CARD_IN_EURO: (_Part("stripe", "ch_"),),
    Paid.ALIPAY: (_Part("alipay", "ali-"),),
    Paid.WECHAT: (_Part("wechat", "wx-"),),
    Paid.STORE_CREDIT: (_Part("store_credit", "customer:"),),
    Paid.GIFT_CARD: (_Part("gift_card", "gc-"),),
    Paid.GIFT_CARD_AND_CARD: (_Part("gift_card", "gc-", 1), _Part("stripe", "ch_", HALVES - 1)),
    Paid.TWO_CARDS: (_Part("stripe", "ch_", 1), _Part("stripe", "ch_second-", HALVES - 1)),
    Paid.ALIPAY_LONG_AGO: (_Part("alipay", "ali-"),),
    Paid.ALIPAY_BUYER_GONE: (_Part("alipay", "ali-"),),
    Paid.WECHAT_PAYER_GONE: (_Part("wechat", "wx-"),),
    Paid.BANK_TRANSFER: (_Part("bank", "in-"),),
    Paid.CASH: (_Part("cash_on_delivery", "cash-"),),
}
_OFTEN: Final[Mapping[Paid, int]] = {
    Paid.CARD: 14,
    Paid.CARD_IN_EURO: 8,
    Paid.ALIPAY: 15,
    Paid.WECHAT: 15,
    Paid.STORE_CREDIT: 5,
    Paid.GIFT_CARD: 5,
    Paid.GIFT_CARD_AND_CARD: 8,
    Paid.TWO_CARDS: 6,
    Paid.ALIPAY_LONG_AGO: 5,
    Paid.ALIPAY_BUYER_GONE: 4,
    Paid.WECHAT_PAYER_GONE: 5,
    Paid.BANK_TRANSFER: 6,
    Paid.CASH: 4,
}
_REVIEWS: Final = (Review.APPROVE, Review.APPROVE, Review.APPROVE_PART, Review.ASK_FIRST, Review.REJECT)
_REVIEWED: Final = 0.25
_ASKED_TWICE: Final = 0.15
_LONG_AGO: Final = timedelta(days=400)
_LATELY: Final = timedelta(days=5)
_DELIVERED: Final = timedelta(days=2)


@dataclass(frozen=True)
class Wish:
    """One application for one unit. `at`: when it comes, as a share of the time for all of them; `review`: what a
    person says to it, None if the policy decides it alone."""

    key: str
    paid: Paid
    order: OrderRecord
    application: Application
    at: float
    review: Review | None

    @property
    def number(self) -> str:
        return number_for(CALLER, self.key)

    @property
    def unit_minor(self) -> int:
        """What is asked for, in minor units of the order's currency."""
        return sum(tender.captured_minor for tender in self.order.tenders) // UNITS


def plan_of(storm: Storm, now: datetime | None = None) -> tuple[Wish, ...]:
    """As many applications as the storm has refunds, soonest first; some orders are applied for twice."""
    chance, wishes = storm.chance("plan"), list[Wish]()
    ways = _ways(chance)
    while len(wishes) < storm.refunds:
        paid = next(ways)
        order = _order(f"{storm.seed:x}-{len(wishes)}", paid, chance, now or datetime.now(UTC))
        for nth in range(2 if chance.random() < _ASKED_TWICE else 1):
            wishes.append(_wish(order, paid, nth, chance))
    return tuple(sorted(wishes[: storm.refunds], key=lambda wish: wish.at))


def _ways(chance: Random) -> Iterator[Paid]:
    """Every way once, so that a small run has them all, and then each in its share."""
    once = list(_OFTEN)
    chance.shuffle(once)
    yield from once
    while True:
        yield from chance.choices(tuple(_OFTEN), tuple(_OFTEN.values()))


def _order(name: str, paid: Paid, chance: Random, now: datetime) -> OrderRecord:
    price_minor = 2 * chance.randint(700, 2900)
    currency = "EUR" if paid is Paid.CARD_IN_EURO else "CNY"
    draft = DraftLine(line_id=LINE, quantity=UNITS, unit_price_minor=price_minor)
    frozen = freeze(OrderDraft(currency=currency, tax_mode=TaxMode.NONE, lines=(draft,)))
    language = chance.choice(tuple(Language))
    customer = f"c-{name}"
    return OrderRecord(
        order_id=f"X-{name}",
        account=Account(customer_id=customer, email=f"{customer}@customers.example", language=language),
        currency=currency,
        paid=True,
        bought_at=now - (_LONG_AGO if paid is Paid.ALIPAY_LONG_AGO else _LATELY),
        delivered_at=now - _DELIVERED,
        lines=(RecordLine(sku="C", title="Cup", category="home", final_sale=False, frozen=frozen.lines[0]),),
        tenders=tuple(
            RecordTender(
                tender_id=f"t{place}",
                provider=part.provider,
                reference=part.reference + (customer if part.provider == "store_credit" else name),
                captured_minor=part.halves * price_minor // 2,
            )
            for place, part in enumerate(_PARTS[paid])
        ),
    )


def _wish(order: OrderRecord, paid: Paid, nth: int, chance: Random) -> Wish:
    review = chance.choice(_REVIEWS) if chance.random() < _REVIEWED else None
    application = Application(
        order_id=order.order_id,
        customer_id=order.account.customer_id,
        items=(Item(line_id=LINE, quantity=1),),
        reason=Reason.CHANGED_MIND,
        language=order.account.language,
        goods_back=review is None,
        unused=True,
        packaging_intact=True,
    )
    return Wish(f"{order.order_id}-{nth}", paid, order, application, chance.random(), review)
