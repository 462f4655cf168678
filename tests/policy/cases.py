"""Facts of an ordinary case, and a packaged version copied so that a test can spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from activities.rulings import Facts, Goods, Listed, Replacement, RiskLevel, Shipment
from aftersales.contract.values import CaseKind, Channel, Reason
from policy.document import Document as TableDocument
from policy.errors import PolicyError
from policy.loader import PACKAGED
from policy.sheets import AnswerT_co, Sheet
from policy.table import Table

Document = dict[str, Any]
Spoil = Callable[[Document], object]
V1: Final = PACKAGED / "v1"

ORDINARY: Final = Facts(
    reason=Reason.QUALITY_PROBLEM,
    kind=CaseKind.REFUND_ONLY,
    amount_minor=9990,
    currency="CNY",
    days_since_delivery=3,
    days_since_purchase=5,
    delivered=True,
    goods=(Goods(category="gifts"),),
    evidence_count=1,
    picture_count=1,
)

# Drawn near the bounds of the tables as well: that is where a row would contradict the next.
AMOUNTS: Final = st.one_of(
    st.integers(0, 10**12), st.sampled_from([0, 500, 501, 2_000, 2_001, 20_000, 20_001, 100_000, 100_001])
)
DAYS: Final = st.one_of(st.integers(-1, 4000), st.sampled_from([-1, 0, 7, 8, 30, 31, 90, 91]))
GOODS: Final = st.builds(
    Goods, category=st.sampled_from(["gifts", "hygiene", "digital", "custom"]), final_sale=st.booleans()
)


@st.composite
def any_case(draw: st.DrawFn) -> Facts:
    """Facts that agree with each other: what was delivered some days ago was delivered."""
    since_delivery, pictures = draw(DAYS), draw(st.integers(0, 3))
    return Facts(
        reason=draw(st.sampled_from(Reason)),
        kind=draw(st.sampled_from([CaseKind.REFUND_ONLY, *CaseKind])),
        amount_minor=draw(AMOUNTS),
        currency=draw(st.sampled_from(["CNY", "GBP", "JPY", "KWD", "USD"])),
        days_since_delivery=since_delivery,
        days_since_purchase=max(since_delivery, 0) + draw(st.integers(0, 200)),
        delivered=since_delivery >= 0,
        goods=tuple(draw(st.lists(GOODS, min_size=1, max_size=3))),
        channel=draw(st.sampled_from(Channel)),
        by_staff=draw(st.booleans()),
        goods_back=draw(st.booleans()),
        unused=draw(st.booleans()),
        packaging_intact=draw(st.booleans()),
        evidence_count=pictures + draw(st.integers(0, 2)),
        picture_count=pictures,
        evidence_reused=draw(st.sampled_from([False, False, False, True])),
        account_active=draw(st.sampled_from([True, True, True, False])),
        shipment=draw(st.sampled_from(Shipment)),
        carrier_delivered=draw(st.booleans()),
        replacement=draw(st.sampled_from(Replacement)),
        risk_level=draw(st.sampled_from([RiskLevel.LOW, RiskLevel.LOW, *RiskLevel])),
        risk_score=draw(st.integers(0, 200)),
        listed=draw(st.sampled_from([Listed.NONE, *Listed])),
        chargeback_open=draw(st.sampled_from([False, False, False, True])),
        source_down=draw(st.sampled_from([False, False, False, True])),
    )


def facts(**changes: object) -> Facts:
    """An ordinary case, changed and checked; `category` and `final_sale` are those of its goods."""
    goods = {name: changes.pop(name) for name in ("category", "final_sale") if name in changes}
    if goods:
        changes["goods"] = (Goods.model_validate({"category": "gifts", **goods}),)
    return Facts.model_validate({**dict(ORDINARY), **changes})


def read_document(sheet: str) -> Document:
    """A table of version v1 as its file has it."""
    found: Document = json.loads((V1 / f"{sheet}.json").read_text(encoding="utf-8"))
    return found


def spoilt(folder: Path, file: str, spoil: Spoil) -> Path:
    """A copy of version v1 in `folder`, with one of its files changed."""
    for source in V1.glob("*.json"):
        content = json.loads(source.read_text(encoding="utf-8"))
        if source.name == file:
            spoil(content)
        (folder / source.name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def table_of(document: Document) -> Document:
    """The decision table inside a document."""
    table: Document = document["nodes"][1]["content"]
    return table


def row_of(document: Document, row: str) -> Document:
    """One row of the decision table."""
    found: Document = next(rule for rule in table_of(document)["rules"] if rule["_id"] == row)
    return found


def table_or_refusal(sheet: Sheet[AnswerT_co], document: Document) -> Table[AnswerT_co] | PolicyError:
    """What comes of loading a table."""
    text = json.dumps(document)
    try:
        return Table(sheet, TableDocument.model_validate_json(text), text)
    except PolicyError as refusal:
        return refusal
