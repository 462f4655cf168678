"""Facts of an ordinary case, and a packaged version copied so that a test can spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activities.ports import Facts
from aftersales.contract.values import CaseKind, Reason
from policy.loader import PACKAGED

Document = dict[str, Any]
Spoil = Callable[[Document], object]

ORDINARY = Facts(
    reason=Reason.QUALITY_PROBLEM,
    kind=CaseKind.REFUND_ONLY,
    amount_minor=9990,
    currency="CNY",
    days_since_delivery=3,
    days_since_purchase=5,
    delivered=True,
    evidence_count=1,
    final_sale=False,
    goods_back=False,
    unused=False,
    category="gifts",
    account_active=True,
)


def facts(**changes: object) -> Facts:
    """An ordinary case, changed and checked."""
    return Facts.model_validate({**ORDINARY.model_dump(), **changes})


def spoilt(folder: Path, file: str, spoil: Spoil) -> Path:
    """A copy of version v1 in `folder`, with one of its files changed."""
    for source in (PACKAGED / "v1").glob("*.json"):
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
