"""Values that every part of the product shares: money and the closed lists of the trade.

No temporalio import here: the pure rules in `domain` build on this module alone.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")


def storable(text: object) -> object:
    """The same text. Raises ValueError for characters that no database, no JSON and no page can hold.

    PostgreSQL's text takes no NUL, and half of a surrogate pair cannot be written as UTF-8.
    """
    if isinstance(text, str) and _UNSTORABLE.search(text):
        raise ValueError("the text holds a NUL character or half of a surrogate pair; take it out and send it again")
    return text


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, BeforeValidator(storable), Field(json_schema_extra={"pattern": r"^[^\u0000]*$"})]
"""Words that come from outside."""

OpaqueId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:@/\-]+$")]


class Frozen(BaseModel):
    """Base of every contract model: immutable, and an unknown field from a newer caller is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Money(Frozen):
    """An amount as an integer of minor units and its ISO 4217 currency (design: money, rule 1)."""

    minor: int = Field(strict=True, ge=-(2**63), le=2**63 - 1, description="what a database's BIGINT holds")
    currency: Currency


class CaseKind(StrEnum):
    REFUND_ONLY = "refund_only"  # 仅退款
    RETURN_AND_REFUND = "return_and_refund"  # 退货退款
    EXCHANGE = "exchange"  # 换货


class Reason(StrEnum):
    QUALITY_PROBLEM = "quality_problem"
    WRONG_SIZE = "wrong_size"
    WRONG_ITEM = "wrong_item"
    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    NOT_AS_DESCRIBED = "not_as_described"
    NOT_RECEIVED = "not_received"
    CHANGED_MIND = "changed_mind"


class Channel(StrEnum):
    """Where the application came in (P1.1)."""

    ONLINE = "online"
    PHONE = "phone"
    MAIL = "mail"


class Language(StrEnum):
    ZH_CN = "zh-CN"
    EN = "en"


class Role(StrEnum):
    """Who a person acts as; proven by the service that authenticated them."""

    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    WAREHOUSE = "warehouse"
    OPS = "ops"
    ADMIN = "admin"
    POLICY_AUTHOR = "policy_author"


STAFF_ROLES = frozenset(Role) - {Role.CUSTOMER}
"""What an account of the shop's own people can hold."""


class CaseStatus(StrEnum):
    RECEIVED = "received"
    ASSESSING = "assessing"
    NEEDS_EVIDENCE = "needs_evidence"
    UNDER_REVIEW = "under_review"
    AWAITING_CUSTOMER = "awaiting_customer"  # the reviewer asked; the 24-hour clock is paused
    APPROVED = "approved"
    PAYING = "paying"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partly_refunded"
    PAYMENT_FAILED = "payment_failed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OUTCOMES = frozenset(
    {
        CaseStatus.REFUNDED,
        CaseStatus.PARTLY_REFUNDED,
        CaseStatus.REJECTED,
        CaseStatus.WITHDRAWN,
        CaseStatus.EXPIRED,
    }
)
"""A case in one of these waits for nobody; only its aftercare is still open."""


class LegState(StrEnum):
    """One tender's part of a payment (design: payments)."""

    RESERVED = "reserved"
    SUBMITTING = "submitting"
    CONFIRMING = "confirming"  # unknown: may have been executed, being looked up
    PENDING = "pending"
    BLOCKED = "blocked"  # the merchant's side must act
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"


class Movement(StrEnum):
    """How a leg's money goes (P3.2): two different APIs at every provider."""

    REFUND = "refund"  # back by the payment that it came by
    PAYOUT = "payout"  # to a destination that the customer named


class PayoutMethod(StrEnum):
    """Destinations that a customer can name (P3.2). A card is never one: it is only ever the original channel."""

    BANK_TRANSFER = "bank_transfer"
    ALIPAY = "alipay"
    WECHAT_PAY = "wechat_pay"
    STORE_CREDIT = "store_credit"


class HandPaymentAct(StrEnum):
    """What a finance person says of a payment that has no interface; the second one is another person."""

    PAID = "paid"
    CONFIRMED = "confirmed"
    REFUSED = "refused"  # by the second person: the record is wrong, or nothing was paid
    IMPOSSIBLE = "impossible"  # nothing was paid, and it cannot be: the customer is asked for another destination


class DecisionKind(StrEnum):
    APPROVE = "approve"
    APPROVE_PART = "approve_part"
    REJECT = "reject"
    ASK = "ask"
    EXTEND = "extend"
    HAND_OVER = "hand_over"
    ESCALATE = "escalate"


class MessageKind(StrEnum):
    """What a person can say to a case."""

    DECISION = "decision"
    EVIDENCE = "evidence"
    WITHDRAWAL = "withdrawal"
    APPEAL = "appeal"
    SURVEY_ANSWER = "survey_answer"
    PAYOUT_CHOICE = "payout_choice"
    HAND_PAYMENT = "hand_payment"
    CLAIM = "claim"


class WaitsFor(StrEnum):
    """Which party a case waits for; `nobody` while the system itself is at work."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    FINANCE = "finance"
    PROVIDER = "provider"
    SHOP = "shop"


class EvidenceRef(Frozen):
    """A piece of evidence by reference; its bytes never enter a workflow's history."""

    sha256: Sha256
    media_type: Annotated[str, Field(pattern=r"^[a-z]+/[a-z0-9.+\-]+$", max_length=80)]
    size_bytes: Annotated[int, Field(gt=0, le=200_000_000)]


class AmountKind(StrEnum):
    """What one line of a refund's break-down stands for (P3.1)."""

    GOODS = "goods"
    DISCOUNT = "discount"
    TAX = "tax"
    SHIPPING = "shipping"
    DEDUCTION = "deduction"
    PROMOTION = "promotion"


class AmountLine(Frozen):
    """One line of a break-down; `amount_minor` is signed, discounts and deductions are negative."""

    kind: AmountKind
    line_id: str | None = None
    quantity: int = 0
    amount_minor: int
    note: str = ""


class BreakDown(Frozen):
    """How a refund's total comes about, line by line, as customer and agent see it (P3.1)."""

    lines: tuple[AmountLine, ...]
    total: Money


class ErrorCode(StrEnum):
    """The closed vocabulary of what can go wrong; `aftersales.contract.errors` says what each means."""

    ORDER_UNKNOWN = "order_unknown"
    NOT_YOUR_ORDER = "not_your_order"
    ORDER_NOT_PAID = "order_not_paid"
    ITEM_NOT_IN_ORDER = "item_not_in_order"
    QUANTITY_TOO_HIGH = "quantity_too_high"
    UNIT_ALREADY_CLAIMED = "unit_already_claimed"
    AMOUNT_REFUSED = "amount_refused"
    WRONG_CURRENCY = "wrong_currency"
    REQUEST_KEY_REUSED = "request_key_reused"
    PROOF_MISSING = "proof_missing"
    PROOF_INVALID = "proof_invalid"
    ROLE_NOT_ALLOWED = "role_not_allowed"
    FRESH_LOGIN_NEEDED = "fresh_login_needed"
    NOT_YOUR_CASE = "not_your_case"
    NOT_NOW = "not_now"
    TOO_LATE = "too_late"
    CASE_CLOSED = "case_closed"
    CASE_UNKNOWN = "case_unknown"
    APPEAL_USED = "appeal_used"
    SURVEY_ANSWERED = "survey_answered"
    EVIDENCE_UNKNOWN = "evidence_unknown"
    DECISION_INCOMPLETE = "decision_incomplete"
    PAYEE_UNKNOWN = "payee_unknown"
    PAYOUT_NOT_POSSIBLE = "payout_not_possible"
    PAYMENT_UNKNOWN = "payment_unknown"
    SAME_PERSON = "same_person"
    CEILING_EXCEEDED = "ceiling_exceeded"
    CLAIMED_BY_ANOTHER = "claimed_by_another"
    CHARGEBACK_OPEN = "chargeback_open"
    REASON_NEEDED = "reason_needed"
    GROUP_UNKNOWN = "group_unknown"
    NUMBER_INVALID = "number_invalid"
    NOBODY_ANSWERS = "nobody_answers"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    STEP_CONFLICT = "step_conflict"
