"""The refund bill as WeChat Pay writes it, and what is wrong with one by its line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities.ports import StatementLine
from aftersales.contract.values import Money
from integrations.wechat.bill import lines_of_bill

HEADER = "交易时间,货币种类,退款申请时间,微信退款单号,商户退款单号,退款金额,退款状态,商品名称,申请退款金额"
TOTALS = "总交易单数,应结订单总金额,退款总金额"


def row(
    refund_id: str = "503", status: str = "SUCCESS", asked: str = "2026-11-22 00:00:07", yuan: str = "12.34"
) -> str:
    """One refund of the bill; the goods' name holds a comma."""
    values = ("2026-11-22 00:00:07", "CNY", asked, refund_id, f"leg-{refund_id}", "11.00", status, "杯,红", yuan)
    return ",".join(f"`{value}" for value in values)


def bill(*rows: str, count: int | None = None) -> str:
    """A bill of those refunds, in the lines of another system and with its mark."""
    number = len(rows) if count is None else count
    return "\ufeff" + "\r\n".join([HEADER, *rows, TOTALS, f"`{number},`0.00,`12.34", ""])


def test_a_refund_of_the_bill_is_a_line_by_our_number() -> None:
    assert lines_of_bill(bill(row()), "wechat") == (
        StatementLine(
            provider="wechat",
            line_id="503",
            booked_at=datetime(2026, 11, 21, 16, 0, 7, tzinfo=UTC),
            amount=Money(minor=1_234, currency="CNY"),
            provider_number="leg-503",
            reference="503",
        ),
    )


def test_what_is_under_way_counts_and_what_never_moved_does_not() -> None:
    states = ("SUCCESS", "PROCESSING", "CLOSED", "REFUNDCLOSE", "FAIL", "ABNORMAL", "CHANGE")
    lines = lines_of_bill(bill(*(row(refund_id=state, status=state) for state in states)), "wechat")
    assert [line.line_id for line in lines] == ["SUCCESS", "PROCESSING"]


def test_a_bill_without_refunds_is_empty() -> None:
    assert lines_of_bill(bill(), "wechat") == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: the column 微信退款单号 is missing"),
        (bill(row()).replace("申请退款金额", "金额"), "line 1: the column 申请退款金额 is missing"),
        (f"{HEADER}\n{row()}\n", "ends without its totals"),
        (f"{HEADER}\n{row()}\n{TOTALS}", "ends without its totals"),
        (bill(row(), count=2), "line 4: 2 refunds announced, 1 listed"),
        (bill(row(), row(status="NEW_WORD")), "line 3: the status 'NEW_WORD' is not known"),
        (bill(row(yuan="12.3")), "line 2: '12.3' is no amount in yuan"),
        (bill(row(yuan="-12.34")), "line 2: '-12.34' is no amount in yuan"),
        (bill(row(asked="yesterday")), "line 2: time data"),
        (bill(row().rpartition(",`")[0]), "line 2: 8 values for 9 columns"),
    ],
)
def test_what_cannot_be_read_is_named_by_its_line(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        lines_of_bill(text, "wechat")
