"""What keeps money from moving too easily: approvals by people, budgets of the rules, risk, and the record of why.

Rows of the unit of work. Amounts in minor units, times in UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from activities.particulars import NOTHING_ASKED, Particulars
from activities.rulings import Action, Breaking, Ceilings, Change, Facts, Fired, Listed, RiskLevel, Ruling
from aftersales.contract.messages import Number
from aftersales.contract.values import Frozen, Money
from domain.chargebacks import ChargebackState


class Held(StrEnum):
    """Why an automatic approval was held back and went to a person."""

    CHARGEBACK_OPEN = "chargeback_open"
    SOURCE_DOWN = "source_down"
    RISK_HIGH = "risk_high"
    RISK_UNKNOWN = "risk_unknown"
    AUTOMATIC_CEILING = "automatic_ceiling"
    CUSTOMER_CEILING = "customer_ceiling"
    ORDER_CEILING = "order_ceiling"
    FOUR_EYES = "four_eyes"
    CUSTOMER_BUDGET = "customer_budget"
    PRODUCT_BUDGET = "product_budget"
    DAY_BUDGET = "day_budget"
    BREAKER_OPEN = "breaker_open"
    ENTERED_BY_STAFF = "entered_by_staff"  # the policy's no is only advice to the staff


class RiskPart(Frozen):
    """One sign of fraud, the points it counts, and what was seen (`3 refunds in 30 days`)."""

    sign: str
    points: int
    seen: str = ""


class Risk(Frozen):
    """A score whose parts are listed (P6.1)."""

    level: RiskLevel = RiskLevel.LOW
    score: int = 0
    parts: tuple[RiskPart, ...] = ()


class Disagreement(Frozen):
    """What the version in the shadow would have done instead."""

    policy_hash: str
    action: Action
    fired: tuple[Fired, ...] = ()
    failure: str = ""  # it could not decide, and this is why


class AssessmentRow(Frozen):
    """Everything that an automatic decision was made from (P5.1): `ruling` is the policy's word, `action` what was done
    about it, `held` why the two differ. `sequence` counts the assessments of a case from 1."""

    number: Number
    sequence: int
    at: datetime
    policy_hash: str
    customer_id: str
    order_id: str
    amount: Money
    facts: Facts
    ruling: Ruling
    action: Action
    held: tuple[Held, ...] = ()
    changes: tuple[Change, ...] = ()
    risk: Risk = Risk()
    particulars: Particulars = NOTHING_ASKED
    shadow: Disagreement | None = None


class Approval(Frozen):
    """One person's yes, good for this amount and destination only (P6.2; ASVS 15.4.2). `destination`: the payee's
    token, empty for the original channel."""

    number: Number
    actor: str
    role: str
    amount: Money
    destination: str
    at: datetime


class Lease(Frozen):
    """Who works on a case, and until when nobody else may decide it."""

    holder: str
    until: datetime


class Spending(Frozen):
    """An automatic approval about to be made, as the budgets count it. `products`: SKU -> minor units."""

    number: Number
    at: datetime
    customer_id: str
    amount: Money
    products: tuple[tuple[str, int], ...]

    @property
    def day(self) -> date:
        return self.at.date()


class Breaker(Frozen):
    """Whether the rules may approve by themselves. Open is stopped, until a person closes it (P5.1).

    `why`: one of `domain.budgets.Cause`, or a person's words. `seen` of the last hour was too much `against` the usual
    number of an hour, or of that many calls; both 0 where a person opened it.
    """

    open: bool = False
    why: str = ""
    changed_at: datetime | None = None
    changed_by: str = "system"
    seen: int = 0
    against: int = 0


class CustomerHistory(Frozen):
    """What this database knows of a customer, the payment and the address, besides the case at hand (P6.1).

    `orders`, `refunded_orders`: refund rate is counted per order. `keep_items`: refunds without a return;
    `empty_boxes`: parcels that came back without the goods. `by_*`: cases opened within `days`.
    """

    orders: int = 0
    refunded_orders: int = 0
    days: int = 30
    by_customer: int = 0
    by_payment: int = 0
    by_address: int = 0
    keep_items: int = 0
    empty_boxes: int = 0
    not_received: int = 0
    refunded_minor: int = 0


class Precautions(Protocol):
    """What a unit of work knows of money that moved, people who agreed, and customers who were seen before."""

    # --- why it was decided so (P5.1)

    async def store_assessment(self, assessment: AssessmentRow) -> None: ...
    async def assessments(self, number: str) -> tuple[AssessmentRow, ...]:
        """Of the case, oldest first."""
        ...

    # --- risk (P6.1)

    async def history(self, order_id: str, customer_id: str, at: datetime, besides: str) -> CustomerHistory:
        """Of the customer, the order's payment fingerprint and its address, without the case `besides`."""
        ...

    async def listed(self, order_id: str, customer_id: str, at: datetime) -> Listed:
        """Block outranks allow; what has expired by `at` counts no more."""
        ...

    async def guesses(self, order_id: str, since: datetime, besides: str) -> int:
        """Applications since then to which the order was unknown, or is so far."""
        ...

    async def chargeback_open(self, order_id: str) -> bool:
        """Whether a payment of the order is being disputed at its provider, or the dispute was lost: a refund as well
        would pay twice."""
        ...

    async def chargeback(self, order_id: str) -> ChargebackState | None:
        """The same, with what became of it: open, if one of several is, or lost; None: nothing is in the way."""
        ...

    # --- ceilings (P6.2): the customer is locked until the transaction ends, so that they hold under concurrency

    async def granted_to_customer(self, customer_id: str, currency: str, since: datetime, besides: str) -> int:
        """Minor units that cases of the customer were granted since then: paid, or reserved to be."""
        ...

    async def granted_of_order(self, order_id: str, besides: str) -> int: ...

    async def approvals(self, number: str) -> tuple[Approval, ...]:
        """Those that count, oldest first; of an account of ours while it may still say so."""
        ...

    async def add_approval(self, approval: Approval) -> None: ...
    async def staffed_groups(self) -> tuple[str, ...]:
        """Groups of the shop's own in which somebody is whose account is active, besides those that are always
        there."""
        ...

    async def void_approvals(self, number: str, at: datetime) -> int:
        """None of the case's approvals counts any more from then on; how many did."""
        ...

    # --- budgets of the rules and the breaker (P5.1)

    async def spend(self, spending: Spending, ceilings: Ceilings) -> Held | None:
        """Count an automatic approval against its budgets of the day, or say which one it would exceed and count
        nothing. The counters' rows are locked until the transaction ends."""
        ...

    async def keep_of_budgets(self, number: str, minor: int) -> None:
        """Of what the case took of budgets no more than this counts from now on, of the days that it was taken from;
        more again, if more was paid after all. Asked for the same again it changes nothing."""
        ...

    async def breaker(self, at: datetime, breaking: Breaking) -> Breaker:
        """As it stands; opened now, and logged, if the last hour calls for it. Ask before `spend`: locks have a
        sequence."""
        ...

    async def turn_breaker(self, breaker: Breaker) -> bool:
        """Open or close it; False if it stands so already."""
        ...
