"""What becomes of the rows of an order file: every one of them is in an order, is a return, or is left out by name."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from domain.orders import OrderRecord


class LeftOut(StrEnum):
    """Why a row is not part of an order. The values stand in reports and in files of rejected rows."""

    NOT_UTF8 = "not_utf8"
    TOO_LONG = "too_long"
    NOT_JSON = "not_json"
    BAD_VALUE = "bad_value"
    CONTRADICTION = "contradiction"  # each value is fine, together they are not an order
    DUPLICATE_ORDER = "duplicate_order"
    CONFLICT = "conflict"  # another order is stored under this id
    COLUMN_COUNT = "column_count"
    BAD_NUMBER = "bad_number"
    BAD_DATE = "bad_date"
    NO_CUSTOMER = "no_customer"
    OTHER_CUSTOMER = "other_customer"
    NOT_GOODS = "not_goods"
    NEGATIVE_QUANTITY = "negative_quantity"
    NO_PRICE = "no_price"
    APART = "apart"  # the rows of its invoice ended earlier in the file
    RETURN = "return"
    UNKNOWN_ORDER = "unknown_order"  # a parcel of an order, or of a line, that is not stored
    OUTDATED = "outdated"  # a later count of the stock is known


class SourceRow(NamedTuple):
    """A row as it stands in the file. `number` counts its lines from 1, the header included."""

    number: int
    text: str

    def left_out(self, reason: LeftOut, sentence: str, field: str = "") -> RowProblem:
        return RowProblem(self.number, reason, field, sentence, self.text)


class RowProblem(NamedTuple):
    """A row that is left out. `field` is empty when the row as a whole is wrong."""

    row: int
    reason: LeftOut
    field: str
    sentence: str
    text: str


class RowLeftOutError(Exception):
    """Raised while a row is read; whoever reads the file turns it into a `RowProblem` and goes on."""

    def __init__(self, reason: LeftOut, sentence: str, field: str = "") -> None:
        super().__init__(sentence)
        self.reason = reason
        self.field = field


class OrderRead(NamedTuple):
    """An order with the rows that it was made of."""

    record: OrderRecord
    rows: tuple[SourceRow, ...]
