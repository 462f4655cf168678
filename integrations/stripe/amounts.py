"""Amounts as Stripe counts them (https://docs.stripe.com/currencies, minor units and special cases).

Stripe's exponents are the standard's but for the exceptions below; an amount sent by the wrong one is wrong by
a factor of a hundred.
"""

from __future__ import annotations

from typing import Final

from aftersales.contract.values import Money
from domain.currencies import exponent_of

# Without minor units in life, two digits in Stripe's API; and the ariary the other way round.
STRIPE_EXPONENTS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
THREE_DIGITS: Final = 3


class AmountNotSendableError(ValueError):
    """Stripe has no way to say this amount; it is refused before anything is sent."""


class AmountNotReadableError(ValueError):
    """Stripe names an amount that there is no way to pay in that currency."""


def stripe_minor(amount: Money) -> int:
    """The amount in Stripe's minor units: JPY 500 → 500, ISK 5 → 500, KWD 5.120 → 5120.

    Raises AmountNotSendableError for a fraction that Stripe's currency lacks, CurrencyUnknown.
    """
    ours = exponent_of(amount.currency)
    theirs = STRIPE_EXPONENTS.get(amount.currency, ours)
    our_scale: int = 10**ours
    their_scale: int = 10**theirs
    minor, rest = divmod(amount.minor * their_scale, our_scale)
    # Its partners round three-digit currencies to two: the last digit has to be a zero.
    if rest or (theirs == THREE_DIGITS and minor % 10):
        raise AmountNotSendableError(
            f"Stripe cannot refund {amount.minor} minor units of {amount.currency}: its smallest unit is larger."
        )
    return minor


def money_of(minor: int, currency: str) -> Money:
    """What Stripe says in its minor units, in ours: ISK 500 → 5, MGA 5 → 500; `currency` in any case.

    Raises AmountNotReadableError for a fraction that the currency lacks, CurrencyUnknown.
    """
    code = currency.upper()
    ours = exponent_of(code)
    theirs = STRIPE_EXPONENTS.get(code, ours)
    amount, rest = divmod(minor * 10**ours, 10**theirs)
    if rest:
        raise AmountNotReadableError(f"Stripe names {minor} of {code}, less than that currency's smallest unit.")
    return Money(minor=int(amount), currency=code)
