"""How many digits each ISO 4217 currency has after the point (design: money, rule 1).

The standard's own table as data: CLDR's display digits differ for currencies whose small coins are out of
use, and an amount stored with the wrong exponent is wrong by a factor of a hundred. Units of account
without minor units (gold, special drawing rights, test codes) are left out: nobody pays in them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from domain.errors import CurrencyUnknown

_CODES_BY_EXPONENT: Final = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
        "CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
        "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD "
        "LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB "
        "PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP "
        "SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW "
        "ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

EXPONENTS: Final = MappingProxyType(
    {code: exponent for exponent, codes in _CODES_BY_EXPONENT.items() for code in codes.split()}
)
"""ISO 4217 code to digits after the point."""


def exponent_of(currency: str) -> int:
    """Digits after the point: JPY 0, CNY 2, KWD 3. Raises `CurrencyUnknown`."""
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise CurrencyUnknown(currency)
    return exponent
