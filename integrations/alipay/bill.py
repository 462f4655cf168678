"""Alipay's bills as they come: a zip with a GBK table between lines that begin with `#` (design: payments).

The trade bill (业务明细) has refunds, negative; the account bill (账务明细) has transfers, and those that came back as
income.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from activities.ports import StatementLine
from aftersales.contract.values import Money, Movement
from integrations.alipay.gateway import BEIJING
from integrations.alipay.wire import read_yuan

LARGEST_FILE: Final = 256_000_000
ENCODING: Final = "gb18030"
"""What GBK grew into: names have signs that GBK itself lacks."""

TRADE_NUMBER: Final = "支付宝交易号"
ACCOUNT_NUMBER: Final = "账务流水号"
REFUND_NUMBER: Final = "退款批次号/请求号"
OUR_ORDER: Final = "商户订单号"
KIND: Final = "业务类型"
REFUND: Final = "退款"
TRANSFER: Final = "转账"
_COLUMNS: Final = {
    TRADE_NUMBER: (OUR_ORDER, KIND, "完成时间", "订单金额", REFUND_NUMBER, "服务费"),
    ACCOUNT_NUMBER: ("业务流水号", OUR_ORDER, KIND, "发生时间", "收入金额", "支出金额"),
}
Row = Mapping[str, str]


def read_trade_bill(packed: bytes) -> tuple[StatementLine, ...]:
    """The refunds of the trade bill. Raises ValueError, which names the line."""
    return tuple(_each(packed, TRADE_NUMBER))


def read_account_bill(packed: bytes) -> tuple[StatementLine, ...]:
    """The transfers of the account bill, and those that came back. Raises ValueError, which names the line."""
    return tuple(_each(packed, ACCOUNT_NUMBER))


def _each(packed: bytes, first_column: str) -> Iterator[StatementLine]:
    for number, row in _rows(_table(packed, first_column), first_column):
        try:
            line = _refund(row, number) if first_column == TRADE_NUMBER else _transfer(row)
        except ValueError as error:
            raise ValueError(f"Line {number} of Alipay's bill: {error}") from error
        if line is not None:
            yield line


def _table(packed: bytes, first_column: str) -> str:
    """The file with the table in it; beside it lies one with totals alone."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as files:
            for each in files.infolist():
                if each.file_size > LARGEST_FILE:
                    raise ValueError(f"Alipay's bill holds a file of {each.file_size} bytes.")
                text = files.read(each).decode(ENCODING)
                if any(line.startswith(f"{first_column},") for line in text.splitlines()):
                    return text
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, UnicodeDecodeError) as error:
        raise ValueError(f"Alipay's bill is no zip file with a table in GBK: {error}") from error
    raise ValueError(f"Alipay's bill has no table that begins with {first_column}.")


def _rows(text: str, first_column: str) -> Iterator[tuple[int, Row]]:
    """Number in the file and values by column, the unit in a column's name left out; up to the closing `#` line."""
    names: list[str] = []
    for number, values in _lines(text):
        if values[0].startswith("#"):
            if names:
                return
        elif not names:
            names = _names(values, first_column)
        elif len(values) != len(names):
            raise ValueError(f"Line {number} of Alipay's bill has {len(values)} values instead of {len(names)}.")
        else:
            yield number, dict(zip(names, values, strict=True))
    raise ValueError("Alipay's bill ends before its closing line: it was cut off.")


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text))
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise ValueError(f"Line {reader.line_num} of Alipay's bill is no CSV: {error}") from error


def _names(values: list[str], first_column: str) -> list[str]:
    names = [value.partition("（")[0] for value in values]
    missing = [name for name in (first_column, *_COLUMNS[first_column]) if name not in names]
    if missing:
        raise ValueError(f"Alipay's bill lacks the column {missing[0]}.")
    return names


def _refund(row: Row, number: int) -> StatementLine | None:
    if row[KIND] != REFUND:
        return None
    ours, at = row[REFUND_NUMBER], row["完成时间"]
    amount = _signed(row["订单金额"])
    fee = _signed(row["服务费"] or "0.00")
    return StatementLine(
        provider="alipay",
        line_id=f"{row[TRADE_NUMBER]}/{ours or f'{at}/{number}'}",
        booked_at=_moment(at),
        amount=_size(amount),
        provider_number=ours,
        reference=row[TRADE_NUMBER],
        movement=Movement.REFUND,
        # A refund is negative; one that was taken back is an income.
        returned=amount.minor > 0,
        # Negative: kept by Alipay; positive: the fee of the sale given back to us.
        fee=_size(fee) if fee.minor < 0 else None,
    )


def _transfer(row: Row) -> StatementLine | None:
    if not row[KIND].startswith(TRANSFER) or not row[OUR_ORDER]:
        return None
    got, spent = _signed(row["收入金额"] or "0.00"), _signed(row["支出金额"] or "0.00")
    return StatementLine(
        provider="alipay",
        line_id=row[ACCOUNT_NUMBER] + ("/in" if got.minor else ""),
        booked_at=_moment(row["发生时间"]),
        amount=_size(got if got.minor else spent),
        provider_number=row[OUR_ORDER],
        reference=row["业务流水号"],
        movement=Movement.PAYOUT,
        returned=bool(got.minor),
    )


def _signed(text: str) -> Money:
    """`-12.30` as -1230 fen. Raises ValueError."""
    if text.startswith("-"):
        return Money(minor=-read_yuan(text[1:]).minor, currency="CNY")
    return read_yuan(text.removeprefix("+"))


def _size(amount: Money) -> Money:
    return Money(minor=abs(amount.minor), currency=amount.currency)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
