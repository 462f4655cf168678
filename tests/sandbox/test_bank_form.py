"""What the sandbox's bank takes for an order, and what it refuses at the door."""

from __future__ import annotations

import json

import pytest

from sandbox.bank.errors import BankError
from sandbox.bank.form import order_of
from sandbox.bank.objects import amount_text
from tests.sandbox.bank import IBAN, order_body

ACCOUNT = "DE02120300000000202051"


def body(**changes: object) -> bytes:
    return json.dumps(order_body(**{"debtor_account": ACCOUNT, **changes})).encode()


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("10.50", "EUR", 1_050),
        ("10.5", "EUR", 1_050),
        ("10", "EUR", 1_000),
        ("500", "JPY", 500),
        ("5.120", "KWD", 5_120),
        ("0.01", "CNY", 1),
        ("999999999999999", "USD", 99_999_999_999_999_900),
    ],
)
def test_an_amount_is_read_by_the_digits_of_its_currency(amount: str, currency: str, minor: int) -> None:
    assert order_of(body(amount=amount, currency=currency)).amount_minor == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(1_050, "EUR", "10.50"), (5, "EUR", "0.05"), (500, "JPY", "500"), (5_120, "KWD", "5.120")],
)
def test_an_amount_is_written_with_all_digits_of_its_currency(minor: int, currency: str, text: str) -> None:
    assert amount_text(minor, currency) == text


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": 10.5}, 400, "FF01"),
        ({"amount": "-1"}, 400, "FF01"),
        ({"amount": "1e3"}, 400, "FF01"),
        ({"amount": "٣"}, 400, "FF01"),
        ({"amount": "10.505"}, 422, "AM12"),
        ({"amount": "0.5", "currency": "JPY"}, 422, "AM12"),
        ({"amount": "0.00"}, 422, "AM01"),
        ({"currency": "eur"}, 400, "FF01"),
        ({"end_to_end_id": "x" * 36}, 400, "FF01"),
        ({"end_to_end_id": ""}, 400, "FF01"),
        ({"end_to_end_id": "with_underscore"}, 400, "FF01"),
        ({"end_to_end_id": None}, 400, "FF01"),
        ({"remittance": ""}, 400, "FF01"),
        ({"remittance": "x" * 141}, 400, "FF01"),
        ({"debtor_account": "?"}, 400, "FF01"),
        ({"creditor": "somebody"}, 400, "FF01"),
        ({"creditor": {"iban": IBAN}}, 400, "FF01"),
        ({"creditor": {"name": " ", "iban": IBAN}}, 400, "FF01"),
        ({"creditor": {"name": "Erika"}}, 400, "FF01"),
        ({"creditor": {"name": "Erika", "iban": "DE88370400440532013000"}}, 422, "AC01"),
        ({"creditor": {"name": "Erika", "iban": "DE89 3704 0044 0532 0130 00"}}, 422, "AC01"),
        ({"creditor": {"name": "Erika", "iban": 5}}, 422, "AC01"),
        ({"creditor": {"name": "Erika", "iban": IBAN, "bic": "COBA"}}, 422, "RC01"),
        ({"creditor": {"name": "Erika", "account_number": "12ab"}}, 400, "FF01"),
        ({"creditor": {"name": "Erika", "account_number": "123456", "bank_code": "1"}}, 400, "FF01"),
    ],
)
def test_what_no_bank_takes_is_refused_with_its_reason(change: dict[str, object], status: int, code: str) -> None:
    with pytest.raises(BankError) as refused:
        order_of(body(**change))
    assert (refused.value.status, refused.value.code) == (status, code)


@pytest.mark.parametrize("nonsense", [b"", b"[]", b"null", b"{", b"\xff", b'"word"'])
def test_a_body_that_is_no_object_is_refused(nonsense: bytes) -> None:
    with pytest.raises(BankError) as refused:
        order_of(nonsense)
    assert refused.value.status == 400


def test_a_chinese_account_comes_with_its_banks_code() -> None:
    creditor = {"name": "王小明", "account_number": "6222020200112233446", "bank_code": "102100099996"}
    order = order_of(body(currency="CNY", creditor=creditor))
    assert (order.account, order.bank_code, order.name) == ("6222020200112233446", "102100099996", "王小明")


def test_an_iban_may_come_with_its_bic() -> None:
    creditor = {"name": "Erika", "iban": IBAN, "bic": "COBADEFFXXX"}
    assert order_of(body(creditor=creditor)).bank_code == "COBADEFFXXX"
