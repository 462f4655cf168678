"""Amounts: reading what was typed, adding up, writing plainly (design: money, rule 1).

Integers throughout; where a division must round, it rounds half up and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from aftersales.contract.values import Money
from domain.currencies import exponent_of
from domain.errors import AmountTooPrecise, AmountUnreadable, CurrencyMixed

LARGEST_MINOR: Final = 10**15
"""No single amount is larger: it keeps every sum of an order inside a 64-bit column."""

# No sign, no separators, no other script's digits: "17,000" is seventeen to some and much more to others.
_TYPED_AMOUNT: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]+))?")


def parse_amount(typed: str, currency: str) -> Money:
    """Read a typed amount such as `12.30`; surrounding blanks are dropped.

    Raises `AmountUnreadable` (signs, separators, too long), `AmountTooPrecise` (more digits than the currency
    has, even when they are zeros), `CurrencyUnknown`.
    """
    exponent = exponent_of(currency)
    match = _TYPED_AMOUNT.fullmatch(typed.strip())
    if match is None:
        raise AmountUnreadable(typed)
    whole, fraction = match.group(1), match.group(2) or ""
    if len(fraction) > exponent:
        raise AmountTooPrecise(typed, currency, exponent)
    minor = int(whole + fraction.ljust(exponent, "0"))
    if minor > LARGEST_MINOR:
        raise AmountUnreadable(typed)
    return Money(minor=minor, currency=currency)


def to_decimal_string(money: Money) -> str:
    """The amount with all digits of its currency, a point and no separators: `-12.30`, `500`, `1.234`."""
    exponent = exponent_of(money.currency)
    sign = "-" if money.minor < 0 else ""
    digits = str(abs(money.minor)).rjust(exponent + 1, "0")
    if exponent == 0:
        return sign + digits
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def add(first: Money, second: Money) -> Money:
    """The sum. Raises `CurrencyMixed`."""
    refuse_mixed(first, second)
    return Money(minor=first.minor + second.minor, currency=first.currency)


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of any number of amounts, zero of `currency` for none. Raises `CurrencyMixed`."""
    total = Money(minor=0, currency=currency)
    for amount in amounts:
        total = add(total, amount)
    return total


def refuse_mixed(expected: Money, found: Money) -> None:
    """Raises `CurrencyMixed` unless both amounts are in one currency."""
    if expected.currency != found.currency:
        raise CurrencyMixed(expected.currency, found.currency)


def divide_half_up(numerator: int, denominator: int) -> int:
    """The quotient rounded half away from zero; `denominator` > 0. Negative amounts mirror positive ones."""
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude
