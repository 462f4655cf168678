"""The ledger's accounts (design: money, rule 10).

A refund is posted in two moves, each one row: what is owed to the customer (debit `SALES_RETURNS`, credit
`CUSTOMER_REFUNDS_PAYABLE`), and what settled it (debit `CUSTOMER_REFUNDS_PAYABLE`, credit the provider's `settlement`
account). A reversal is the second move turned round, never a change of the first. What a provider keeps (debit
`FEES`) and what is given up (debit `WRITE_OFFS`) is credited without the customer: it refunds nothing.
"""

from __future__ import annotations

from typing import Final

from domain.rails import GIFT_CARD, STORE_CREDIT

SALES_RETURNS: Final = "sales_returns"
"""What refunds cost the shop."""

CUSTOMER_REFUNDS_PAYABLE: Final = "customer_refunds_payable"
"""Promised to customers and not yet paid out."""

REFUNDS_OVERPAID: Final = "refunds_overpaid"
"""Paid out a second time for one leg: no cost of returns, but money that is to be got back."""

FEES: Final = "fees"
"""What providers keep for moving money, as their statements say."""

WRITE_OFFS: Final = "write_offs"
"""Money that finance has given up getting back, or has no better account for."""

CLEARING_PREFIX: Final = "clearing:"
STORED_VALUE_PREFIX: Final = "stored_value:"
SETTLEMENT_PREFIXES: Final = (CLEARING_PREFIX, STORED_VALUE_PREFIX)

_OWED_BY_US: Final = frozenset({STORE_CREDIT, GIFT_CARD})


def clearing(provider: str) -> str:
    """The account of the money that one provider moves for us; credited when it pays a refund out."""
    return CLEARING_PREFIX + provider


def stored_value(provider: str) -> str:
    """What we owe the holders of store credit or gift cards; credited when value is put back."""
    return STORED_VALUE_PREFIX + provider


def settlement(provider: str) -> str:
    """The account that is credited when the provider settles what is owed: money leaves by its clearing account, or
    stays with us as value that we owe in another form."""
    return stored_value(provider) if provider in _OWED_BY_US else clearing(provider)
