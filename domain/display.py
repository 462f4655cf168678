"""Amounts as people read them, in their language (P4.1). For eyes only: nothing parses this text again."""

from __future__ import annotations

from decimal import Decimal

from babel import Locale
from babel.numbers import parse_pattern

from aftersales.contract.values import Language, Money
from domain.currencies import exponent_of
from domain.money import to_decimal_string


def display_amount(money: Money, language: Language) -> str:
    """Such as `¥1,299.00` or `US$12.30`, with every digit the currency has. Raises `CurrencyUnknown`.

    The digits come from ISO 4217 and not from CLDR, which drops those whose coins are out of use: a customer
    must see the very amount that is paid.
    """
    locale = Locale.parse(language.value, sep="-")
    digits = exponent_of(money.currency)
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (digits, digits)
    amount = Decimal(to_decimal_string(money))
    text: str = pattern.apply(amount, locale, currency=money.currency, currency_digits=False)
    return text
