"""The layout of *Online Retail*: rows become orders, returns are handed out, the rest is named row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest

from domain.allocation import FrozenShipping
from integrations.shop.outcomes import LeftOut, OrderRead, RowProblem
from integrations.shop.retail import RetailOptions, newest_purchase, read_retail, shift_to
from integrations.shop.retail_rows import NOT_GOODS, RetailReturn
from tests.integrations.shop.statements import read_rows, reasons, retail_file, row, the_order, the_problem

BOUGHT = datetime(2010, 12, 1, 8, 26, tzinfo=UTC)


def lines_of(*rows: tuple[str, ...]) -> list[tuple[str, int, int]]:
    """Line id, quantity and price of the one order that these rows are."""
    return [
        (line.frozen.line_id, line.frozen.quantity, line.frozen.runs[0].goods_minor)
        for line in the_order(read_rows(*rows)).record.lines
    ]


def test_rows_of_an_invoice_are_one_order_in_the_sequence_of_its_lines() -> None:
    mug = row(StockCode="71053", Quantity="2", UnitPrice="3.4")
    order = the_order(read_rows(row(), mug))
    assert [line.frozen.line_id for line in order.record.lines] == ["85123A", "71053"]
    assert [source.number for source in order.rows] == [2, 3]
    assert order.record.tenders[0].captured_minor == 6 * 255 + 2 * 340


def test_what_the_layout_does_not_say_is_set_by_rule() -> None:
    record = the_order(read_rows(row())).record
    assert (record.order_id, record.currency, record.paid) == ("536365", "GBP", True)
    assert (record.bought_at, record.delivered_at) == (BOUGHT, BOUGHT + timedelta(days=1))
    assert (record.account.customer_id, record.account.email) == ("17850", "customer-17850@retail.example")
    tender = record.tenders[0]
    assert (tender.provider, tender.reference, tender.captured_minor) == ("stripe", "ch_536365", 1_530)


def test_the_same_item_twice_at_one_price_is_one_line() -> None:
    assert lines_of(row(), row(StockCode="71053"), row(StockCode="85123a", Quantity="3")) == [
        ("85123A", 9, 255),
        ("71053", 6, 255),
    ]


def test_the_same_item_at_another_price_is_a_line_of_its_own() -> None:
    assert lines_of(row(), row(UnitPrice="2.1"), row(Quantity="1")) == [("85123A", 7, 255), ("85123A-2", 6, 210)]


def test_postage_is_the_shipping_of_the_order() -> None:
    postage = row(StockCode="POST", Description="POSTAGE", Quantity="3", UnitPrice="18.0")
    record = the_order(read_rows(row(), postage)).record
    assert record.shipping == FrozenShipping(net_minor=5_400)
    assert record.tenders[0].captured_minor == 1_530 + 5_400
    assert len(record.lines) == 1


def test_postage_without_goods_is_no_order() -> None:
    problem = the_problem(read_rows(row(StockCode="POST")))
    assert (problem.reason, problem.field) == (LeftOut.NOT_GOODS, "StockCode")


def test_an_order_bought_over_two_minutes_was_bought_at_the_first() -> None:
    later = row(InvoiceDate="2010-12-01 08:27:00", StockCode="71053")
    assert the_order(read_rows(later, row())).record.bought_at == BOUGHT


def test_a_row_without_a_description_is_called_by_its_stock_code() -> None:
    assert the_order(read_rows(row(Description=" "))).record.lines[0].title == "85123A"


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"CustomerID": ""}, LeftOut.NO_CUSTOMER, "CustomerID"),
        ({"CustomerID": "Smith"}, LeftOut.BAD_VALUE, "CustomerID"),
        ({"UnitPrice": "0.0"}, LeftOut.NO_PRICE, "UnitPrice"),
        ({"UnitPrice": "-2.55"}, LeftOut.BAD_NUMBER, "UnitPrice"),
        ({"UnitPrice": "2,55"}, LeftOut.BAD_NUMBER, "UnitPrice"),
        ({"UnitPrice": "0.001"}, LeftOut.BAD_NUMBER, "UnitPrice"),
        ({"UnitPrice": "1e3"}, LeftOut.BAD_NUMBER, "UnitPrice"),
        ({"Quantity": "-6"}, LeftOut.NEGATIVE_QUANTITY, "Quantity"),
        ({"Quantity": "0"}, LeftOut.NEGATIVE_QUANTITY, "Quantity"),
        ({"Quantity": "six"}, LeftOut.BAD_NUMBER, "Quantity"),
        ({"Quantity": "1.5"}, LeftOut.BAD_NUMBER, "Quantity"),
        ({"Quantity": "100001"}, LeftOut.BAD_NUMBER, "Quantity"),
        ({"InvoiceDate": "12/1/2010 8:26"}, LeftOut.BAD_DATE, "InvoiceDate"),
        ({"InvoiceDate": "2010-02-30 08:26:00"}, LeftOut.BAD_DATE, "InvoiceDate"),
        ({"InvoiceNo": "A563185"}, LeftOut.BAD_VALUE, "InvoiceNo"),
        ({"StockCode": ""}, LeftOut.BAD_VALUE, "StockCode"),
        ({"StockCode": "GIFT BOX"}, LeftOut.BAD_VALUE, "StockCode"),
        ({"Description": "BELL \x07"}, LeftOut.BAD_VALUE, ""),
        ({"InvoiceNo": "C536379", "Quantity": "1"}, LeftOut.BAD_NUMBER, "Quantity"),
    ],
)
def test_a_row_that_is_no_purchase_is_named_by_its_field(changes: dict[str, str], reason: LeftOut, field: str) -> None:
    problem = the_problem(read_rows(row(**changes)))
    assert (problem.row, problem.reason, problem.field) == (2, reason, field)


@pytest.mark.parametrize("code", sorted(NOT_GOODS))
def test_what_is_not_goods_is_left_out_and_costs_the_order_nothing_else(code: str) -> None:
    outcomes = read_rows(row(), row(StockCode=code.lower()))
    assert reasons(outcomes) == [LeftOut.NOT_GOODS]
    assert the_order(outcomes).record.tenders[0].captured_minor == 1_530


@pytest.mark.parametrize("text", ["536365,85123A", "536365" + "," * 8, '536365,"LANTERN', '536365,"a"b,c,d,e,f,g,h'])
def test_a_row_of_other_columns_or_open_quotes_takes_no_row_with_it(text: str) -> None:
    outcomes = read_rows(text, row())
    assert reasons(outcomes) == [LeftOut.COLUMN_COUNT]
    assert the_order(outcomes).rows[0].number == 3


def test_a_description_may_hold_commas_and_quotes() -> None:
    title = 'HOOK, 1 HANGER, "MAGIC"'
    assert the_order(read_rows(row(Description=title))).record.lines[0].title == title


def test_a_row_of_another_customer_is_left_out_of_the_invoice() -> None:
    outcomes = read_rows(row(), row(CustomerID="12583.0"))
    assert reasons(outcomes) == [LeftOut.OTHER_CUSTOMER]
    assert the_order(outcomes).record.tenders[0].captured_minor == 1_530


def test_rows_that_stand_apart_from_their_invoice_are_left_out() -> None:
    outcomes = read_rows(row(), row(InvoiceNo="536366"), row(Quantity="1"))
    assert reasons(outcomes) == [LeftOut.APART]
    assert [one.record.order_id for one in outcomes if isinstance(one, OrderRead)] == ["536365", "536366"]


def test_bad_rows_and_returns_inside_an_invoice_do_not_cut_it_in_two() -> None:
    outcomes = read_rows(row(), row(CustomerID=""), row(InvoiceNo="C536366", Quantity="-1"), row(Quantity="1"))
    assert [source.number for source in the_order(outcomes).rows] == [2, 5]


def test_an_invoice_of_more_lines_than_an_order_has_is_named_whole() -> None:
    outcomes = read_rows(*(row(StockCode=str(10_000 + place)) for place in range(1_001)))
    assert reasons(outcomes) == [LeftOut.CONTRADICTION] * 1_001


def test_a_return_is_handed_out_with_its_item_in_capitals() -> None:
    (returned,) = read_rows(row(InvoiceNo="C536379", StockCode="85123a", Quantity="-2"))
    assert isinstance(returned, RetailReturn)
    assert (returned.invoice, returned.stock_code, returned.quantity) == ("C536379", "85123A", 2)
    assert (returned.returned_at, returned.customer_id) == (BOUGHT, "17850")


def test_returns_without_customer_or_of_no_goods_are_handed_out_too() -> None:
    codes = ["D", "BANK CHARGES"]
    returns = read_rows(*(row(InvoiceNo="C1", StockCode=code, CustomerID="", Quantity="-1") for code in codes))
    assert [one.stock_code for one in returns if isinstance(one, RetailReturn)] == codes


def test_all_dates_are_shifted_by_one_number_of_days() -> None:
    rows = [row(), row(InvoiceNo="C536379", Quantity="-2", InvoiceDate="2010-12-02 10:00:00")]
    order, returned = sorted(read_rows(*rows, options=RetailOptions(shift_days=10)), key=str)
    assert isinstance(order, OrderRead)
    assert isinstance(returned, RetailReturn)
    assert order.record.bought_at == BOUGHT + timedelta(days=10)
    assert returned.returned_at == datetime(2010, 12, 12, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize("hours", [0, 1, 23])
def test_the_shift_makes_the_newest_purchase_so_many_days_old(hours: int) -> None:
    now = datetime(2026, 3, 2, hours, 15, tzinfo=UTC)
    outcomes = read_rows(row(), row(InvoiceNo="536366", InvoiceDate="2010-12-05 15:28:00"))
    newest = newest_purchase(outcomes)
    assert newest is not None
    age = now - (newest + timedelta(days=shift_to(newest, now, days_ago=2)))
    assert timedelta(days=2) <= age < timedelta(days=3)


def test_a_tag_makes_every_order_and_its_charge_another_one() -> None:
    record = the_order(read_rows(row(), options=RetailOptions(tag="run7"))).record
    assert (record.order_id, record.tenders[0].reference) == ("run7-536365", "ch_run7-536365")
    with pytest.raises(ValueError, match="letters and digits"):
        RetailOptions(tag="run/7")


def test_files_put_one_after_another_keep_their_headers() -> None:
    content = retail_file(row()) + retail_file(row(InvoiceNo="536366"))
    outcomes = list(read_retail(BytesIO(content)))
    assert not [one for one in outcomes if isinstance(one, RowProblem)]
    assert len(outcomes) == 2
