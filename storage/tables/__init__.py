"""All tables. Importing this package fills `metadata`."""

from __future__ import annotations

from storage.tables.base import metadata
from storage.tables.cases import CASE_UNITS, CASES, CLAIMED_REQUESTS, LEGS, SHIPPING_LINE
from storage.tables.journals import AUDIT, AUDIT_HEADS, HEARD_MESSAGES, LEDGER, MAILS, STEPS
from storage.tables.orders import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS
from storage.tables.portal import EVIDENCE, SPENT_TOKENS, WEBHOOK_INBOX

__all__ = [
    "ACCOUNTS",
    "AUDIT",
    "AUDIT_HEADS",
    "CASES",
    "CASE_UNITS",
    "CLAIMED_REQUESTS",
    "EVIDENCE",
    "HEARD_MESSAGES",
    "LEDGER",
    "LEGS",
    "MAILS",
    "ORDERS",
    "ORDER_LINES",
    "SHIPPING_LINE",
    "SPENT_TOKENS",
    "STEPS",
    "TENDERS",
    "WEBHOOK_INBOX",
    "metadata",
]
