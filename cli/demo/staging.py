"""Orders and applications of the scenes, fresh for each run, so that the demo can be run again on its old data."""

from __future__ import annotations

from datetime import datetime, timedelta

from activities.rows import Account
from aftersales.contract.messages import Application, Item
from aftersales.contract.numbers import number_for
from cli.demo.scene import Part, Scene
from domain.allocation import DraftLine, OrderDraft, TaxMode
from domain.freezing import freeze
from storage.orders import OrderRecord, RecordLine, RecordTender

LINE_ID = "1"
_PAYMENTS = {"stripe": "ch_", "alipay": "2026", "wechat": "4200"}
"""How the references of a provider's payments begin."""


def part_of(scene: Scene, run: str, caller: str) -> Part:
    """Who and what a scene is about in this run: its customer got nothing back in any other, which would count."""
    key = f"{run}-{scene.key}"
    return Part(
        number=number_for(caller, key),
        order_id=f"SO-{key}",
        customer_id=f"customer-{key}",
        charge=f"{_PAYMENTS[scene.paid_by[0]]}{key}",
    )


def order_of(scene: Scene, part: Part, now: datetime) -> OrderRecord:
    """The order as the shop knows it: one line, paid once or twice, delivered some days ago."""
    goods, delivered = scene.goods, now - timedelta(days=scene.delivered_days_ago)
    draft = DraftLine(line_id=LINE_ID, quantity=goods.quantity, unit_price_minor=goods.price_minor)
    frozen = freeze(OrderDraft(currency=scene.currency, tax_mode=TaxMode.NONE, lines=(draft,)))
    line = RecordLine(
        sku=scene.key, title=goods.title, category=goods.category, final_sale=goods.final_sale, frozen=frozen.lines[0]
    )
    return OrderRecord(
        order_id=part.order_id,
        account=Account(
            customer_id=part.customer_id, email=f"{part.customer_id}@customers.example", language=scene.language
        ),
        currency=scene.currency,
        paid=True,
        bought_at=delivered - timedelta(days=2),
        delivered_at=delivered,
        lines=(line,),
        tenders=_tenders(scene, part),
    )


def _tenders(scene: Scene, part: Part) -> tuple[RecordTender, ...]:
    total = scene.goods.price_minor * scene.goods.quantity
    amounts = (total - scene.second_minor, scene.second_minor)
    references = (part.charge, f"{part.charge}-2")
    return tuple(
        RecordTender(tender_id=reference, provider=provider, reference=reference, captured_minor=minor)
        for provider, reference, minor in zip(scene.paid_by, references, amounts, strict=False)
    )


def application_of(scene: Scene, part: Part) -> Application:
    """What the customer asks for; somebody else's order is asked for by a customer who did not buy it."""
    asks = dict(scene.asks)
    item = Item(line_id=LINE_ID, quantity=int(str(asks.pop("quantity", 1))))
    customer = "customer-nosy" if scene.somebody_elses else part.customer_id
    return Application.model_validate(
        {
            "order_id": part.order_id,
            "customer_id": customer,
            "items": (item,),
            "reason": scene.reason,
            "language": scene.language,
            **asks,
        }
    )
