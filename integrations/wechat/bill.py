"""WeChat Pay's refund bill: comma-separated, a back-quote before each value, and totals in the last two lines.

https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html. Values are not quoted, so a comma may
stand inside one (the goods' name): the values are told apart by the comma together with the back-quote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from activities.ports import StatementLine
from aftersales.contract.values import Money

BEIJING: Final = timezone(timedelta(hours=8))
REFUND_ID: Final = "微信退款单号"
OUR_NUMBER: Final = "商户退款单号"
ASKED_AT: Final = "退款申请时间"
ASKED_AMOUNT: Final = "申请退款金额"  # what we asked for; 退款金额 lacks what a coupon paid
CURRENCY: Final = "货币种类"
STATUS: Final = "退款状态"
NEEDED: Final = (REFUND_ID, OUR_NUMBER, ASKED_AT, ASKED_AMOUNT, CURRENCY, STATUS)
COUNT: Final = "总交易单数"

# A bill shows the state of the morning after and is never written again: what is still under way counts as moved, for
# no later bill will name it; what was closed or found abnormal lies with the merchant.
_MOVED: Final = frozenset({"SUCCESS", "PROCESSING"})
_NOT_MOVED: Final = frozenset({"CLOSED", "REFUNDCLOSE", "FAIL", "ABNORMAL", "CHANGE"})
_YUAN: Final = re.compile(r"([0-9]{1,12})\.([0-9]{2})")


def lines_of_bill(text: str, provider: str) -> tuple[StatementLine, ...]:
    """The refunds of a day. Raises ValueError, which names the line, for what cannot be read or is incomplete."""
    lines = text.removeprefix("\ufeff").splitlines()
    header = lines[0].split(",") if lines else []
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise ValueError(f"WeChat Pay's refund bill, line 1: the column {missing[0]} is missing.")
    totals = next((place for place, line in enumerate(lines) if line.startswith(COUNT)), None)
    if totals is None or totals + 1 >= len(lines):
        raise ValueError(f"WeChat Pay's refund bill ends without its totals after {len(lines)} lines; fetch it again.")
    count = _values(lines[totals + 1])[0]
    if count != str(totals - 1):
        raise ValueError(
            f"WeChat Pay's refund bill, line {totals + 2}: {count} refunds announced, {totals - 1} listed."
        )
    found = [_line(number, line, header, provider) for number, line in enumerate(lines[1:totals], start=2)]
    return tuple(line for line in found if line is not None)


def _line(number: int, line: str, header: list[str], provider: str) -> StatementLine | None:
    values = _values(line)
    try:
        if len(values) != len(header):
            raise ValueError(f"{len(values)} values for {len(header)} columns")
        return _statement_line(dict(zip(header, values, strict=True)), provider)
    except ValueError as error:
        raise ValueError(f"WeChat Pay's refund bill, line {number}: {error}.") from error


def _statement_line(row: Mapping[str, str], provider: str) -> StatementLine | None:
    if row[STATUS] in _NOT_MOVED:
        return None
    if row[STATUS] not in _MOVED:
        raise ValueError(f"the status {row[STATUS]!r} is not known")
    asked_at = datetime.strptime(row[ASKED_AT], "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    return StatementLine(
        provider=provider,
        line_id=row[REFUND_ID],
        booked_at=asked_at.astimezone(UTC),
        amount=Money(minor=_fen(row[ASKED_AMOUNT]), currency=row[CURRENCY]),
        provider_number=row[OUR_NUMBER],
        reference=row[REFUND_ID],
    )


def _values(line: str) -> list[str]:
    return line.removeprefix("`").split(",`")


def _fen(yuan: str) -> int:
    found = _YUAN.fullmatch(yuan)
    if found is None:
        raise ValueError(f"{yuan!r} is no amount in yuan")
    return int(found[1]) * 100 + int(found[2])
