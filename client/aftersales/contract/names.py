"""Wire names: the workflow, its queues and its search attributes. They only grow."""

from __future__ import annotations

from typing import Any

from temporalio.common import SearchAttributeKey

REFUND_CASE = "RefundCase"

QUEUE_CASES = "cases"
QUEUE_NOTIFICATIONS = "notifications"
QUEUE_EVIDENCE = "evidence"

MEMO_BODY = "application_digest"


def payments_queue(provider: str) -> str:
    """One queue a provider, so that one provider's outage fills no other's slots."""
    return f"payments-{provider}"


STATUS = SearchAttributeKey.for_keyword("CaseStatus")
KIND = SearchAttributeKey.for_keyword("CaseKind")
REASON = SearchAttributeKey.for_keyword("CaseReason")
ORDER = SearchAttributeKey.for_keyword("OrderId")
CUSTOMER = SearchAttributeKey.for_keyword("CustomerId")
CHANNEL = SearchAttributeKey.for_keyword("CaseChannel")
PROVIDER = SearchAttributeKey.for_keyword("PaymentProvider")
ASSIGNEE = SearchAttributeKey.for_keyword("CaseAssignee")
AMOUNT = SearchAttributeKey.for_int("AmountMinor")
REVIEW_DEADLINE = SearchAttributeKey.for_datetime("ReviewDeadline")

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    STATUS,
    KIND,
    REASON,
    ORDER,
    CUSTOMER,
    CHANNEL,
    PROVIDER,
    ASSIGNEE,
    AMOUNT,
    REVIEW_DEADLINE,
)
"""All that the product registers: opaque ids, no personal data; eight of ten possible keywords."""
