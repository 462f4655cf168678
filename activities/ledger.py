"""The postings of a leg, double-entry (design: money, rule 10).

Approving owes the customer; paying settles what is owed out of the provider's clearing account, or by owing stored
value instead; releasing takes an approval back; a reversal undoes a payment. What one leg was paid under a second
number is no cost of returns but owed to us. A posting's id is the leg's number and the event, so that an event that is
recorded twice is posted once.
"""

from __future__ import annotations

from datetime import datetime

from activities.rows import LegRow, Posting
from aftersales.contract.values import Money
from domain.accounts import (
    CUSTOMER_REFUNDS_PAYABLE,
    FEES,
    REFUNDS_OVERPAID,
    SALES_RETURNS,
    WRITE_OFFS,
    settlement,
)


def approved(row: LegRow, now: datetime) -> Posting:
    return _posting(row, "approved", SALES_RETURNS, CUSTOMER_REFUNDS_PAYABLE, now)


def released(row: LegRow, now: datetime) -> Posting:
    return _posting(row, "released", CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS, now)


def paid(row: LegRow, now: datetime) -> Posting:
    return _posting(row, "paid", CUSTOMER_REFUNDS_PAYABLE, settlement(row.leg.provider), now)


def paid_back(row: LegRow, now: datetime) -> Posting:
    """The provider undid an earlier success."""
    return _posting(row, "paid_back", settlement(row.leg.provider), CUSTOMER_REFUNDS_PAYABLE, now)


def owed_again(row: LegRow, now: datetime) -> Posting:
    """A released leg turned out to be paid after all: the ledger follows the provider."""
    return _posting(row, "owed_again", SALES_RETURNS, CUSTOMER_REFUNDS_PAYABLE, now)


def released_again(row: LegRow, now: datetime) -> Posting:
    """A released leg that was paid after all came back: what was owed again for it is taken back, too."""
    return _posting(row, "released_again", CUSTOMER_REFUNDS_PAYABLE, SALES_RETURNS, now)


def overpaid(row: LegRow, now: datetime) -> Posting:
    """Another number of the same leg has paid, too."""
    return _posting(row, "overpaid", REFUNDS_OVERPAID, SALES_RETURNS, now)


def overpayment_returned(row: LegRow, now: datetime) -> Posting:
    """One of two payments of the same leg came back."""
    return _posting(row, "overpayment_returned", SALES_RETURNS, REFUNDS_OVERPAID, now)


def fee(row: LegRow, line_id: str, amount: Money, now: datetime) -> Posting:
    """What the provider kept for moving a leg, as the line of its statement says; the same line again is the same
    posting."""
    kept = _posting(row, "fee", FEES, settlement(row.leg.provider), now, amount)
    return kept.model_copy(update={"posting_id": f"{row.leg.provider}:{line_id}:fee"})


def written_off(row: LegRow, account: str, amount: Money, reason: str, now: datetime) -> Posting:
    """Money of a leg that finance gives up: `account` is relieved of it. Each one is a posting of its own."""
    given_up = _posting(row, f"written_off:{now.isoformat()}", WRITE_OFFS, account, now, amount)
    return given_up.model_copy(update={"note": reason})


def _posting(row: LegRow, event: str, debit: str, credit: str, now: datetime, amount: Money | None = None) -> Posting:
    """Of the leg's whole amount, unless another is given."""
    return Posting(
        posting_id=f"{row.leg.provider_number}:{event}",
        number=row.number,
        order_id=row.order_id,
        tender_id=row.tender_id,
        provider_number=row.leg.provider_number,
        debit=debit,
        credit=credit,
        amount=amount or row.leg.amount,
        posted_at=now,
        note=event,
    )
