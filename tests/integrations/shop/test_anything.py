"""Whatever stands in a file: no reader fails, and every row of it has exactly one outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.orders import OrderRecord
from integrations.shop.formats import OrderFormat, Outcome, read_orders
from integrations.shop.outcomes import OrderRead, RowProblem
from integrations.shop.retail import AS_IT_STANDS
from integrations.shop.retail_rows import NOT_GOODS, RetailReturn
from tests.integrations.shop.statements import order, retail_file, row

ANY_LINE = st.binary(max_size=60).map(lambda raw: raw.replace(b"\n", b" "))
ANY_CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(("", "-1", "6", "2.55", "0.0", "17850.0", "C536379", "536366", "POST", *sorted(NOT_GOODS))),
)
ANY_VALUE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def outcomes_of(content: bytes, found: OrderFormat) -> list[Outcome]:
    return list(read_orders(BytesIO(content), found, AS_IT_STANDS))


def rows_of(outcomes: Sequence[Outcome]) -> list[int]:
    """The number of every row that an outcome speaks of."""
    rows: list[int] = []
    for outcome in outcomes:
        match outcome:
            case OrderRead():
                rows += [source.number for source in outcome.rows]
            case RetailReturn():
                rows.append(outcome.source.number)
            case RowProblem():
                rows.append(outcome.row)
    return sorted(rows)


def numbers_of(lines: Sequence[bytes], first: int) -> list[int]:
    return [number for number, line in enumerate(lines, start=first) if line.strip(b"\r\n \t")]


def paid_and_worth(record: OrderRecord) -> tuple[int, int]:
    goods = [line.frozen.worth() for line in record.lines]
    shipping_minor = record.shipping.worth_minor if record.shipping else 0
    return (
        sum(tender.captured_minor for tender in record.tenders),
        sum(worth.net_minor + worth.tax_minor for worth in goods) + shipping_minor,
    )


@given(lines=st.lists(ANY_LINE, max_size=6))
def test_any_bytes_are_accounted_for_line_by_line(lines: list[bytes]) -> None:
    content = b"{}\n" + b"\n".join(lines)
    assert rows_of(outcomes_of(content, OrderFormat.JSON_LINES)) == [1, *numbers_of(lines, 2)]
    content = retail_file() + b"\n".join(lines)
    assert rows_of(outcomes_of(content, OrderFormat.RETAIL)) == numbers_of(lines, 2)


@given(changes=st.lists(st.dictionaries(st.sampled_from(tuple(order())), ANY_VALUE, min_size=1), max_size=4))
def test_orders_with_any_value_in_any_field_are_taken_whole_or_left_out_whole(changes: list[dict[str, Any]]) -> None:
    content = "\n".join(json.dumps(order(**change)) for change in changes).encode()
    outcomes = outcomes_of(content, OrderFormat.JSON_LINES)
    assert rows_of(outcomes) == list(range(1, len(changes) + 1))
    for outcome in outcomes:
        if isinstance(outcome, OrderRead):
            paid, worth = paid_and_worth(outcome.record)
            assert paid == worth


@given(
    changes=st.lists(
        st.dictionaries(
            st.sampled_from(("InvoiceNo", "StockCode", "Description", "Quantity", "UnitPrice", "CustomerID")),
            ANY_CELL.filter(lambda cell: "\n" not in cell and "\r" not in cell),
        ),
        max_size=6,
    )
)
def test_retail_rows_with_any_cell_anywhere_are_each_accounted_for_once(changes: list[dict[str, str]]) -> None:
    outcomes = outcomes_of(retail_file(*(row(**change) for change in changes)), OrderFormat.RETAIL)
    assert rows_of(outcomes) == list(range(2, len(changes) + 2))
    for outcome in outcomes:
        if isinstance(outcome, OrderRead):
            paid, worth = paid_and_worth(outcome.record)
            assert paid == worth > 0
