"""All tables. Importing this package fills `metadata`."""

from __future__ import annotations

from storage.tables.assessments import ASSESSMENTS
from storage.tables.audit import AUDIT, AUDIT_HEADS, AUDIT_SEALS, AUDIT_WORDS, PEOPLE
from storage.tables.base import metadata
from storage.tables.cases import CASE_UNITS, CASES, CLAIMED_REQUESTS, LEGS, SHIPPING_LINE
from storage.tables.ceilings import APPROVALS, BREAKERS, BUDGET_USES, BUDGETS, PULSES
from storage.tables.evidence import EVIDENCE, EVIDENCE_CHECKS, EVIDENCE_CONTENTS, LIKENESS_BANDS
from storage.tables.journals import HEARD_MESSAGES, LEDGER, MAILS, STEPS
from storage.tables.orders import ACCOUNTS, ORDER_LINES, ORDERS, TENDERS
from storage.tables.payees import PAYEES
from storage.tables.policies import POLICY_VERSIONS
from storage.tables.portal import SPENT_TOKENS, WEBHOOK_INBOX
from storage.tables.reconciliation import (
    RECONCILIATION_FINDINGS,
    RECONCILIATION_LETTERS,
    RECONCILIATION_RUNS,
    STATEMENT_LINES,
)
from storage.tables.risk import CASE_MARKS, CHARGEBACKS, LIST_ENTRIES
from storage.tables.shop_facts import SHIPMENTS, SHIPPED_LINES, STOCK
from storage.tables.staff import (
    LOGIN_ATTEMPTS,
    STAFF_ACCOUNTS,
    STAFF_GROUPS,
    STAFF_MEMBERS,
    STAFF_ROLES,
    STAFF_SESSIONS,
)
from storage.tables.stored_value import HAND_PAYMENTS, STORED_VALUE_ENTRIES

__all__ = [
    "ACCOUNTS",
    "APPROVALS",
    "ASSESSMENTS",
    "AUDIT",
    "AUDIT_HEADS",
    "AUDIT_SEALS",
    "AUDIT_WORDS",
    "BREAKERS",
    "BUDGETS",
    "BUDGET_USES",
    "CASES",
    "CASE_MARKS",
    "CASE_UNITS",
    "CHARGEBACKS",
    "CLAIMED_REQUESTS",
    "EVIDENCE",
    "EVIDENCE_CHECKS",
    "EVIDENCE_CONTENTS",
    "HAND_PAYMENTS",
    "HEARD_MESSAGES",
    "LEDGER",
    "LEGS",
    "LIKENESS_BANDS",
    "LIST_ENTRIES",
    "LOGIN_ATTEMPTS",
    "MAILS",
    "ORDERS",
    "ORDER_LINES",
    "PAYEES",
    "PEOPLE",
    "POLICY_VERSIONS",
    "PULSES",
    "RECONCILIATION_FINDINGS",
    "RECONCILIATION_LETTERS",
    "RECONCILIATION_RUNS",
    "SHIPMENTS",
    "SHIPPED_LINES",
    "SHIPPING_LINE",
    "SPENT_TOKENS",
    "STAFF_ACCOUNTS",
    "STAFF_GROUPS",
    "STAFF_MEMBERS",
    "STAFF_ROLES",
    "STAFF_SESSIONS",
    "STATEMENT_LINES",
    "STEPS",
    "STOCK",
    "STORED_VALUE_ENTRIES",
    "TENDERS",
    "WEBHOOK_INBOX",
    "metadata",
]
