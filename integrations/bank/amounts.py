"""Amounts as banks write them: decimals with a point, by the currency's own digits (design: money, rule 1)."""

from __future__ import annotations

import re
from typing import Final

from aftersales.contract.values import Money
from domain.currencies import exponent_of
from domain.errors import CurrencyUnknown

_DECIMAL: Final = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,5}))?")


def amount_text(amount: Money) -> str:
    """Minor units as a decimal: EUR 1050 → "10.50", JPY 500 → "500", KWD 5120 → "5.120". Raises CurrencyUnknown."""
    digits = exponent_of(amount.currency)
    whole, rest = divmod(amount.minor, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def money_of(text: str, currency: str) -> Money:
    """A bank's decimal in minor units; zeros behind the currency's last digit are let pass.

    Raises ValueError for anything else than an amount in a currency that there is.
    """
    found = _DECIMAL.fullmatch(text)
    try:
        digits = exponent_of(currency)
    except CurrencyUnknown as error:
        raise ValueError(str(error)) from error
    fraction = (found[2] or "").rstrip("0") if found else ""
    if found is None or len(fraction) > digits:
        raise ValueError(f"{text[:40]!r} is no amount in {currency}")
    return Money(minor=int(found[1] + fraction.ljust(digits, "0")), currency=currency)
