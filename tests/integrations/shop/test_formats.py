"""What a file is, is seen from its first line; what cannot be read is said before anything is stored."""

from __future__ import annotations

from io import BytesIO

import pytest

from integrations.shop.formats import FormatUnknownError, OrderFormat, read_orders, recognise
from integrations.shop.outcomes import LeftOut
from integrations.shop.retail import AS_IT_STANDS
from tests.integrations.shop.statements import json_lines, order, reasons, retail_file, row, the_order

RETAIL = retail_file(row())


@pytest.mark.parametrize(
    ("content", "suffix", "found"),
    [
        (json_lines(order()), ".txt", OrderFormat.JSON_LINES),
        (b"\n\n" + json_lines(order()), "", OrderFormat.JSON_LINES),
        (b"not an order\n" + json_lines(order()), ".JSONL", OrderFormat.JSON_LINES),
        (RETAIL, ".csv", OrderFormat.RETAIL),
        (b"\xef\xbb\xbf" + RETAIL.replace(b"\n", b"\r\n"), ".txt", OrderFormat.RETAIL),
    ],
)
def test_a_format_is_known_by_its_first_line(content: bytes, suffix: str, found: OrderFormat) -> None:
    file = BytesIO(content)
    assert recognise(file, suffix) is found
    assert the_order(read_orders(file, found, AS_IT_STANDS))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "holds no rows"),
        (b"\n \n", "holds no rows"),
        (b"order,amount\n1,2\n", "InvoiceNo,StockCode"),
        (b'[{"order_id": "SO-1"}]', "one JSON order a line"),
        (RETAIL.decode().encode("utf-16"), "UTF-16"),
        (b"SQLite format 3\0", "no text at all"),
        ("Bestellung für".encode("latin-1"), "not UTF-8"),
    ],
)
def test_what_cannot_be_read_is_refused_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(FormatUnknownError, match=says):
        recognise(BytesIO(content), ".csv")


def test_a_first_line_that_is_no_order_is_named_when_the_file_is_called_json_lines() -> None:
    outcomes = list(read_orders(BytesIO(b"not an order\n"), OrderFormat.JSON_LINES, AS_IT_STANDS))
    assert reasons(outcomes) == [LeftOut.NOT_JSON]
