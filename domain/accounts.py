"""The ledger's accounts (design: money, rule 10).

A refund is posted in two moves, each one row: what is owed to the customer (debit `SALES_RETURNS`, credit
`CUSTOMER_REFUNDS_PAYABLE`), and what a provider paid out (debit `CUSTOMER_REFUNDS_PAYABLE`, credit the
provider's clearing account). A reversal is the second move turned round, never a change of the first.
"""

from __future__ import annotations

from typing import Final

SALES_RETURNS: Final = "sales_returns"
"""What refunds cost the shop."""

CUSTOMER_REFUNDS_PAYABLE: Final = "customer_refunds_payable"
"""Promised to customers and not yet paid out."""

REFUNDS_OVERPAID: Final = "refunds_overpaid"
"""Paid out a second time for one leg: no cost of returns, but money that is to be got back."""

CLEARING_PREFIX: Final = "clearing:"


def clearing(provider: str) -> str:
    """The account of the money that one provider moves for us; credited when it pays a refund out."""
    return CLEARING_PREFIX + provider
