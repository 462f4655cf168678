"""All tables. Importing this package fills `metadata`."""

from __future__ import annotations

from storage.tables.base import metadata
from storage.tables.cases import CASE_UNITS, CASES, CLAIMED_REQUESTS, LEGS, SHIPPING_LINE
from storage.tables.journals import AUDIT, AUDIT_HEADS, HEARD_MESSAGES, LEDGER, MAILS, STEPS
from storage.tables.orders import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS
from storage.tables.payees import PAYEES
from storage.tables.portal import EVIDENCE, SPENT_TOKENS, WEBHOOK_INBOX
from storage.tables.reconciliation import (
    RECONCILIATION_FINDINGS,
    RECONCILIATION_LETTERS,
    RECONCILIATION_RUNS,
    STATEMENT_LINES,
)
from storage.tables.stored_value import HAND_PAYMENTS, STORED_VALUE_ENTRIES

__all__ = [
    "ACCOUNTS",
    "AUDIT",
    "AUDIT_HEADS",
    "CASES",
    "CASE_UNITS",
    "CLAIMED_REQUESTS",
    "EVIDENCE",
    "HAND_PAYMENTS",
    "HEARD_MESSAGES",
    "LEDGER",
    "LEGS",
    "MAILS",
    "ORDERS",
    "ORDER_LINES",
    "PAYEES",
    "RECONCILIATION_FINDINGS",
    "RECONCILIATION_LETTERS",
    "RECONCILIATION_RUNS",
    "SHIPPING_LINE",
    "SPENT_TOKENS",
    "STATEMENT_LINES",
    "STEPS",
    "STORED_VALUE_ENTRIES",
    "TENDERS",
    "WEBHOOK_INBOX",
    "metadata",
]
