"""`vectors/money.json`, and the orders it speaks of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from domain.allocation import DraftLine, DraftShipping, FrozenOrder, OrderDraft, TaxMode
from domain.freezing import freeze

Case = dict[str, Any]

OWN_COPY: Final = Path(__file__).parent / "vectors" / "money.json"
VECTORS: Final[dict[str, list[Case]]] = json.loads(OWN_COPY.read_text(encoding="utf-8"))
WITHIN_THE_ORDER: Final = frozenset({"S4", "S5"})
"""Caps that the pure rules know; the others hold over an order's payments, on the database."""


def cases(section: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", VECTORS[section], ids=[case["id"] for case in VECTORS[section]])


def case_of(section: str, case_id: str) -> Case:
    return next(case for case in VECTORS[section] if case["id"] == case_id)


def order_of(stated: Case) -> FrozenOrder:
    lines = [
        DraftLine(
            line_id=str(number),
            quantity=line["quantity"],
            unit_price_minor=line["unit_price"],
            tax_bp=line.get("tax_percent", 0) * 100,
        )
        for number, line in enumerate(stated["lines"], start=1)
    ]
    return freeze(
        OrderDraft(
            currency=stated["currency"],
            tax_mode=TaxMode(stated["tax"]),
            lines=tuple(lines),
            order_discount_minor=stated.get("order_discount", 0),
            order_discount_bp=stated.get("order_discount_percent", 0) * 100,
            shipping=shipping_of(stated.get("shipping")),
        )
    )


def shipping_of(stated: Case | None) -> DraftShipping | None:
    if stated is None:
        return None
    return DraftShipping(
        price_minor=stated["price"], tax_mode=TaxMode(stated["tax"]), tax_bp=stated["tax_percent"] * 100
    )
