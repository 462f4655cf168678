"""One row of the *Online Retail* layout: read, or refused by name (`docs/order-files.md`)."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, NamedTuple

from aftersales.contract.values import Money
from domain.errors import MoneyError
from domain.money import parse_amount
from integrations.shop.outcomes import LeftOut, RowLeftOutError, SourceRow

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
CURRENCY: Final = "GBP"
POSTAGE: Final = "POST"
NOT_GOODS: Final = frozenset({"AMAZONFEE", "B", "BANK CHARGES", "C2", "CRUK", "D", "DOT", "M", "S"})
"""Fees, discounts, samples, carriage and corrections of the books; `POSTAGE` is shipping."""

LARGEST_QUANTITY: Final = 100_000
"""What an application can ask for of one line."""

_INVOICE: Final = re.compile(r"C?[0-9]{1,10}")
_STOCK_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,31}")
_CUSTOMER: Final = re.compile(r"([0-9]{1,12})(?:\.0)?")
_QUANTITY: Final = re.compile(r"-?[0-9]{1,9}")
_DATE: Final = "%Y-%m-%d %H:%M:%S"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class RetailReturn(NamedTuple):
    """A row of a `C` invoice: so many units of an item came back. `customer_id` may be empty, `quantity` is positive.

    `stock_code` is in capitals, as in the orders; it may be no goods at all (a discount taken back).
    """

    source: SourceRow
    invoice: str
    stock_code: str
    title: str
    quantity: int
    returned_at: datetime
    customer_id: str


class Purchase(NamedTuple):
    """A row of an order. `stock_code` is in capitals: the shop writes one code both ways."""

    source: SourceRow
    invoice: str
    stock_code: str
    title: str
    quantity: int
    bought_at: datetime
    price: Money
    customer_id: str

    @property
    def is_postage(self) -> bool:
        return self.stock_code == POSTAGE


def is_header(text: str) -> bool:
    return text.startswith(COLUMNS[0]) and tuple(next(csv.reader([text]))) == COLUMNS


def parse_row(source: SourceRow) -> Purchase | RetailReturn:
    """Raises `RowLeftOutError` with the first thing that is wrong."""
    invoice, code, title, quantity_text, date, price, customer, _country = _cells(source.text)
    _refuse_unless(_INVOICE.fullmatch(invoice), LeftOut.BAD_VALUE, "InvoiceNo", invoice, "an invoice number")
    _refuse_unless(_STOCK_CODE.fullmatch(code), LeftOut.BAD_VALUE, "StockCode", code, "a stock code")
    _refuse_unless(_QUANTITY.fullmatch(quantity_text), LeftOut.BAD_NUMBER, "Quantity", quantity_text, "a whole number")
    quantity, at, code, title = int(quantity_text), _moment(date), code.upper(), title.strip() or code
    if invoice.startswith("C"):
        return _return(RetailReturn(source, invoice, code, title, -quantity, at, _customer(customer)))
    customer_id = _customer(customer)
    if not customer_id:
        raise RowLeftOutError(LeftOut.NO_CUSTOMER, "The row names no customer.", "CustomerID")
    _refuse_quantity(quantity)
    if code in NOT_GOODS:
        raise RowLeftOutError(LeftOut.NOT_GOODS, f"{code} is not goods ({title}).", "StockCode")
    _refuse_unless(" " not in code, LeftOut.BAD_VALUE, "StockCode", code, "the stock code of goods")
    return Purchase(source, invoice, code, title, quantity, at, _price(price), customer_id)


def _cells(text: str) -> list[str]:
    # Each line is parsed alone: a quote that is never closed would else swallow every row after it.
    try:
        cells = next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise RowLeftOutError(LeftOut.COLUMN_COUNT, f"The row's quotes do not fit together ({error}).") from error
    if len(cells) != len(COLUMNS):
        raise RowLeftOutError(LeftOut.COLUMN_COUNT, f"The row has {len(cells)} columns instead of {len(COLUMNS)}.")
    if _CONTROL.search(text):
        raise RowLeftOutError(LeftOut.BAD_VALUE, "The row holds control characters.")
    return cells


def _return(row: RetailReturn) -> RetailReturn:
    if not 0 < row.quantity <= LARGEST_QUANTITY:
        raise RowLeftOutError(LeftOut.BAD_NUMBER, f"A return of {row.quantity} units is none.", "Quantity")
    return row


def _refuse_quantity(quantity: int) -> None:
    if quantity <= 0:
        raise RowLeftOutError(LeftOut.NEGATIVE_QUANTITY, f"{quantity} units cannot be bought.", "Quantity")
    if quantity > LARGEST_QUANTITY:
        raise RowLeftOutError(LeftOut.BAD_NUMBER, f"{quantity} units are over {LARGEST_QUANTITY}.", "Quantity")


def _customer(cell: str) -> str:
    """The customer without the `.0` that a spreadsheet gave it; empty if the row names none."""
    if not cell.strip():
        return ""
    found = _CUSTOMER.fullmatch(cell)
    if found is None:
        raise RowLeftOutError(LeftOut.BAD_VALUE, f"{cell!r} is not a customer number.", "CustomerID")
    return found.group(1)


@lru_cache(maxsize=64)
def _moment(cell: str) -> datetime:
    """The shop's clock was London's in winter, so its times are UTC."""
    try:
        return datetime.strptime(cell, _DATE).replace(tzinfo=UTC)
    except ValueError as error:
        sentence = f"{cell!r} is not a date; it is written 2010-12-01 08:26:00."
        raise RowLeftOutError(LeftOut.BAD_DATE, sentence, "InvoiceDate") from error


@lru_cache(maxsize=4096)
def _price(cell: str) -> Money:
    try:
        price = parse_amount(cell, CURRENCY)
    except MoneyError as error:
        raise RowLeftOutError(LeftOut.BAD_NUMBER, error.message, "UnitPrice") from error
    if price.minor == 0:
        raise RowLeftOutError(LeftOut.NO_PRICE, "The price is 0.", "UnitPrice")
    return price


def _refuse_unless(holds: object, reason: LeftOut, field: str, cell: str, wanted: str) -> None:
    if not holds:
        raise RowLeftOutError(reason, f"{cell!r} is not {wanted}.", field)
