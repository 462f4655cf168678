"""The table of exponents against two independent ones (design: money, rule 1)."""

from __future__ import annotations

from babel.numbers import get_currency_precision
from iso4217 import Currency

from domain.currencies import EXPONENTS

# CLDR shows no digits where the small coins are out of use; the standard still counts in them.
CLDR_SHOWS_FEWER = {"AFN", "ALL", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SOS", "SYP", "YER"}


def test_the_table_is_the_standards_own_less_what_has_no_minor_units() -> None:
    standard = {str(entry.code): entry.exponent for entry in Currency if entry.exponent is not None}
    assert dict(EXPONENTS) == standard


def test_cldr_agrees_except_where_it_hides_small_coins() -> None:
    other = {code for code, exponent in EXPONENTS.items() if get_currency_precision(code) != exponent}
    assert other == CLDR_SHOWS_FEWER
    assert all(get_currency_precision(code) < EXPONENTS[code] for code in other)


def test_the_exponents_people_get_wrong() -> None:
    expected = {"JPY": 0, "KRW": 0, "CNY": 2, "USD": 2, "KWD": 3, "CLF": 4}
    assert {code: EXPONENTS[code] for code in expected} == expected
