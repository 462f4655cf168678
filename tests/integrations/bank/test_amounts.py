"""Amounts between minor units and the bank's decimals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aftersales.contract.values import Money
from domain.currencies import EXPONENTS
from domain.errors import CurrencyUnknown
from integrations.bank.amounts import amount_text, money_of


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1_050, "EUR", "10.50"),
        (5, "CNY", "0.05"),
        (500, "JPY", "500"),
        (5_120, "KWD", "5.120"),
        (12_345, "CLF", "1.2345"),
    ],
)
def test_an_amount_has_as_many_digits_as_its_currency(minor: int, currency: str, text: str) -> None:
    assert amount_text(Money(minor=minor, currency=currency)) == text


@given(st.integers(min_value=1, max_value=10**15 - 1), st.sampled_from(sorted(EXPONENTS)))
def test_what_was_written_is_read_as_the_same(minor: int, currency: str) -> None:
    amount = Money(minor=minor, currency=currency)
    assert money_of(amount_text(amount), currency) == amount


@pytest.mark.parametrize(("text", "minor"), [("10", 1_000), ("10.5", 1_050), ("10.500", 1_050), ("0.01", 1)])
def test_banks_may_write_fewer_digits_or_zeros_behind_the_last(text: str, minor: int) -> None:
    assert money_of(text, "EUR") == Money(minor=minor, currency="EUR")


@pytest.mark.parametrize(
    "text", ["", "10,50", "1.234.50", "-1", "+1", "1e3", "10.505", ".5", "10.", " 10", "٣", "NaN", "1" * 16, "1\n"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no amount in EUR"):
        money_of(text, "EUR")


def test_a_currency_that_does_not_exist_is_refused_both_ways() -> None:
    with pytest.raises(ValueError, match="XXX"):
        money_of("1.00", "XXX")
    with pytest.raises(CurrencyUnknown):
        amount_text(Money(minor=1, currency="XXX"))
