"""What the policy decides by and what it says (P2.1, P5.1): the tables' inputs and outputs, and the port.

Integers, yes or no, and words of closed lists only. Amounts in minor units.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from activities.types import Timings
from aftersales.contract.values import CaseKind, Channel, Frozen, Reason
from domain.promotions import PromotionChoice
from domain.tenders import TenderOrder


class Shipment(StrEnum):
    """What the warehouse's and the carrier's records say against the customer's complaint (P2.3)."""

    NOT_CHECKED = "not_checked"  # nothing in the complaint asks for it
    MATCHES = "matches"  # what was bought is what was picked, shipped and weighed
    DIFFERS = "differs"  # the records bear the customer out
    NOT_SHIPPED = "not_shipped"
    UNKNOWN = "unknown"  # there is no record
    UNAVAILABLE = "unavailable"  # the source did not answer


class Replacement(StrEnum):
    """Whether what the customer should have had is in stock (P2.5)."""

    NOT_CHECKED = "not_checked"
    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    UNKNOWN = "unknown"  # the customer named no other size, or nobody counts it
    UNAVAILABLE = "unavailable"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    UNKNOWN = "unknown"  # a source of it did not answer: never an approval (P6.1)


class Listed(StrEnum):
    """Whether somebody of the staff put the customer, the payment or the address on a list."""

    NONE = "none"
    ALLOW = "allow"
    BLOCK = "block"


class Goods(Frozen):
    """One kind of goods in the application; what may be done with them depends on it (P2.1)."""

    category: str
    final_sale: bool = False


class Facts(Frozen):
    """What an application is decided by (P1.3, P2.1-P2.5, P6.1).

    `days_since_delivery` is -1 while no delivery is known; the eligibility table says what is counted from then.
    `goods`: each kind once; the strictest one rules. `by_staff`: a person of the staff entered it for a customer.
    """

    reason: Reason
    kind: CaseKind
    amount_minor: int
    currency: str
    days_since_delivery: int
    days_since_purchase: int
    delivered: bool
    goods: Annotated[tuple[Goods, ...], Field(min_length=1)]
    channel: Channel = Channel.ONLINE
    by_staff: bool = False
    goods_back: bool = False
    unused: bool = False
    packaging_intact: bool = False
    evidence_count: int = 0
    picture_count: int = 0  # photos and videos among the evidence
    evidence_reused: bool = False
    account_active: bool = True
    contact_verified: bool = False
    shipment: Shipment = Shipment.NOT_CHECKED
    carrier_delivered: bool = False
    weight_differs: bool = False
    replacement: Replacement = Replacement.NOT_CHECKED
    risk_level: RiskLevel = RiskLevel.LOW
    risk_score: int = 0
    listed: Listed = Listed.NONE
    chargeback_open: bool = False
    source_down: bool = False


class Action(StrEnum):
    """What becomes of an application."""

    APPROVE = "approve"
    APPROVE_AND_LEAVE = "approve_and_leave"  # refunded, and the goods stay with the customer
    OFFER_EXCHANGE = "offer_exchange"
    REJECT = "reject"
    REVIEW = "review"
    ASK_EVIDENCE = "ask_evidence"


APPROVALS = frozenset({Action.APPROVE, Action.APPROVE_AND_LEAVE})
"""Actions that move money without a person."""


class Right(StrEnum):
    """What the law or the shop grants for a kind of goods, strictest first."""

    NONE = "none"  # final sale: nothing
    FAULT_ONLY = "fault_only"  # hygiene goods that were opened, digital, made to order: for a fault of ours
    NO_REASON = "no_reason"  # within its window, without giving a reason


class Eligibility(Frozen):
    """What the eligibility table says of one kind of goods; of several, the strictest of each.

    The window is `window_days` from delivery; where no delivery is known, from `fallback_days` after the purchase.
    """

    right: Right
    window_days: int
    fault_window_days: int
    fallback_days: int


class Standpoint(Frozen):
    """Where an application stands by its eligibility: `days_counted` since the window began (negative: not yet)."""

    right: Right
    days_counted: int
    in_window: bool
    in_fault_window: bool


class EvidenceRule(Frozen):
    """What has to be shown for a reason (P2.2): so many pieces, and so many of them pictures or videos."""

    pieces: int
    pictures: int


class Fired(Frozen):
    """The row of a table that held."""

    table: str
    row: str


class Ruling(Frozen):
    """What the policy says of an application, all its tables together.

    `row` is the row of the decision table; `fired` names those of all tables, in the sequence in which they were
    asked. `restocking_fee_bp`: of the goods, in hundredths of a per cent. `group`: who reviews it, if anybody does.
    """

    action: Action
    row: str
    reason_code: str
    refund_shipping: bool = False
    restocking_fee_bp: int = 0
    promotion: PromotionChoice = PromotionChoice.KEEP
    tender_order: TenderOrder = TenderOrder.STORED_VALUE_FIRST
    group: str = "agents"
    fired: tuple[Fired, ...] = ()
    standpoint: Standpoint | None = None
    evidence: EvidenceRule | None = None


class Change(Frozen):
    """What would have changed the outcome: with `fact` being `otherwise` instead of `now`, `action` would have been
    done, `row` of the decision table having held."""

    fact: str
    now: str
    otherwise: str
    action: Action
    row: str


class Ceilings(Frozen):
    """How much money may move in one currency without more people (P5.1, P6.2), in minor units; 0: none at all.

    `automatic_*`: what the rules alone may approve, per case, customer and day, product and day, and per day over all.
    `*_case`: the largest case that one person of the role may approve. From `four_eyes` on, two different people
    approve. `customer_period`: what one customer may be refunded within `period_days`, `order`: of one order; above
    them it is for finance, by four eyes.
    """

    automatic_case: int
    automatic_customer_day: int
    automatic_product_day: int
    automatic_day: int
    agent_case: int
    supervisor_case: int
    finance_case: int
    four_eyes: int
    customer_period: int
    period_days: int
    order: int


class RiskRules(Frozen):
    """Points for each sign of fraud, and from how many on an application counts as of medium or of high risk (P6.1)."""

    points: Mapping[str, int]
    medium_from: int
    high_from: int


class Breaking(Frozen):
    """When automatic approval stops by itself (P5.1). Rates in per cent, over the last hour against the `days` before.

    It breaks when, of at least `least_cases` in the hour, automatic refunds were `refund_rate_percent` of the usual
    hourly number, or when of at least `least_calls` to providers `failure_percent` failed.
    """

    days: int
    least_cases: int
    refund_rate_percent: int
    least_calls: int
    failure_percent: int


class Doing(Protocol):
    """What is done about a version's word."""

    def done(self, facts: Facts, ruled: Action) -> Action: ...
    def amounts(self) -> tuple[int, ...]:
        """Values of `amount_minor` on both sides of where that turns."""
        ...


class Policy(Protocol):
    """One version of the policy, known by its content hash."""

    @property
    def content_hash(self) -> str: ...
    @property
    def risk(self) -> RiskRules: ...
    @property
    def breaking(self) -> Breaking: ...
    def timings(self, reason: Reason, kind: CaseKind) -> Timings: ...
    def ceilings(self, currency: str) -> Ceilings: ...
    def rule(self, facts: Facts) -> Ruling: ...
    def changes(self, facts: Facts, ruling: Ruling, gates: Doing) -> tuple[Change, ...]:
        """What would have led to something else being done, each by one fact alone; the nearest values, at most a
        handful."""
        ...


class Policies(Protocol):
    """All versions. A case keeps the one it was applied under (P2.1)."""

    async def in_force(self, at: datetime) -> Policy:
        """The published version that is in force at a moment."""
        ...

    async def version(self, content_hash: str) -> Policy | None:
        """The version with that hash; None if it is nowhere to be found."""
        ...

    async def shadow(self) -> Policy | None:
        """The draft that runs beside the live version and decides nothing."""
        ...
