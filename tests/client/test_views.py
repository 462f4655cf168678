"""What of a case a customer may see (P5.1, P6.1)."""

from __future__ import annotations

from datetime import UTC, datetime

from aftersales.contract.numbers import number_for
from aftersales.contract.values import CaseKind, CaseStatus, Channel, Reason
from aftersales.contract.views import ApprovalView, CaseView, VerdictView

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
HELD = VerdictView(action="review", policy_hash="5" * 64, row="row-1", reason_code="blocked", held=("risk_high",))
SEEN_BY_STAFF = CaseView(
    number=number_for("shop", "1"),
    status=CaseStatus.UNDER_REVIEW,
    kind=CaseKind.REFUND_ONLY,
    reason=Reason.QUALITY_PROBLEM,
    order_id="order-1",
    customer_id="C-7",
    channel=Channel.ONLINE,
    opened_at=NOW,
    verdict=HELD,
    reason_code="block_listed",
    explanation="We are looking at it.",
    approvals=(ApprovalView(actor="agent-1", role="agent", at=NOW),),
    claimed_by="agent-2",
    claimed_until=NOW,
)


def test_a_customer_sees_the_words_and_no_sign_of_fraud_nor_who_of_the_staff_has_it() -> None:
    shown = SEEN_BY_STAFF.for_customer()
    assert shown.explanation == "We are looking at it."
    for hidden in ("risk_high", "block", "row-1", "agent-"):
        assert hidden not in shown.model_dump_json()
