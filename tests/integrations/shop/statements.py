"""Lines of our order format, and rows of the retail layout, for the tests of this folder and of the import."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from io import BytesIO, StringIO

from integrations.shop.json_lines import read_json_lines
from integrations.shop.outcomes import LeftOut, OrderRead, RowProblem
from integrations.shop.retail import AS_IT_STANDS, RetailOptions, read_retail
from integrations.shop.retail_rows import COLUMNS, RetailReturn


def order(**changes: object) -> dict[str, object]:
    """Two cups at 50.00 and shipping at 8.00, less 1.00, paid by one card."""
    stated: dict[str, object] = {
        "order_id": "SO-1",
        "currency": "CNY",
        "tax_mode": "none",
        "bought_at": "2026-03-01T09:00:00+08:00",
        "delivered_at": "2026-03-03T12:00:00Z",
        "paid": True,
        "customer": {"customer_id": "c-1", "name": "王芳", "email": "wang@example.com", "language": "zh-CN"},
        "lines": [line()],
        "order_discount_minor": 100,
        "shipping": {"price_minor": 800},
        "tenders": [tender(10_700)],
    }
    return stated | changes


def line(**changes: object) -> dict[str, object]:
    return {"line_id": "1", "title": "茶杯", "quantity": 2, "unit_price_minor": 5_000, **changes}


def tender(captured_minor: int, **changes: object) -> dict[str, object]:
    stated = {"tender_id": "card", "provider": "stripe", "reference": "ch_1", "captured_minor": captured_minor}
    return stated | changes


def json_lines(*orders: dict[str, object] | str | bytes) -> bytes:
    """A file; what is no order yet stands in it as it is."""
    return b"\n".join(_line_bytes(each) for each in orders)


def _line_bytes(each: dict[str, object] | str | bytes) -> bytes:
    if isinstance(each, bytes):
        return each
    return (each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)).encode()


def read(*orders: dict[str, object] | str | bytes) -> list[OrderRead | RowProblem]:
    return list(read_json_lines(BytesIO(json_lines(*orders))))


def row(**changes: str) -> tuple[str, ...]:
    """Six lanterns of one customer, bought on invoice 536365."""
    cells = dict(
        zip(
            COLUMNS,
            ("536365", "85123A", "LANTERN", "6", "2010-12-01 08:26:00", "2.55", "17850.0", "United Kingdom"),
            strict=True,
        )
    )
    return tuple((cells | changes).values())


def retail_file(*rows: Iterable[str] | str, header: bool = True) -> bytes:
    """A file of rows; a string stands in it as it is."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(COLUMNS)
    for each in rows:
        if isinstance(each, str):
            text.write(f"{each}\n")
        else:
            writer.writerow(each)
    return text.getvalue().encode()


def read_rows(
    *rows: Iterable[str] | str, options: RetailOptions = AS_IT_STANDS
) -> list[OrderRead | RetailReturn | RowProblem]:
    return list(read_retail(BytesIO(retail_file(*rows)), options))


def the_problem(outcomes: Iterable[object]) -> RowProblem:
    """The only outcome, a row that was left out."""
    (only,) = outcomes
    assert isinstance(only, RowProblem), only
    return only


def the_order(outcomes: Iterable[object]) -> OrderRead:
    """The only order among the outcomes."""
    (only,) = (outcome for outcome in outcomes if isinstance(outcome, OrderRead))
    return only


def reasons(outcomes: Iterable[object]) -> list[LeftOut]:
    return [outcome.reason for outcome in outcomes if isinstance(outcome, RowProblem)]
