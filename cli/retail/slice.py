"""What is applied for when a file of the retail layout is run: its returns, then a part of every other order.

Pure and deterministic: the same file, policy, tag and moment give the same applications and the same ends.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from activities.gates import by_the_case
from activities.rulings import APPROVALS, Action, Facts, Goods, Policy, RiskLevel
from activities.weighing import NO_DELIVERY
from aftersales.contract.messages import Application, Item
from aftersales.contract.values import ErrorCode, Language, Money, Reason
from domain.deadlines import days_since
from domain.orders import OrderRecord, RecordLine
from integrations.shop.outcomes import OrderRead, RowProblem
from integrations.shop.retail import AS_IT_STANDS, RetailOptions
from integrations.shop.retail_rows import RetailReturn

RETURN_RULE: Final = (
    "Every row of a C invoice is an application: a quality problem, the goods given back. It is for the latest "
    "purchase before it, by the same customer, of the same item, of which enough units are left. If there is none, it "
    "names what the customer would name: the latest earlier order with the item (more units than were bought, or an "
    "item that is not in it), or, without any earlier order, the number of the C invoice, which is no order."
)
PARTIAL_RULE: Final = (
    "Every other order gives one unit back, unused and in its packaging, for a change of mind: of the cheapest line "
    "with two units or more, else of the first line if the order has several. An order of a single unit gives back "
    "half its price, rounded down. Lines whose unit costs more than the rules may approve are passed over if another "
    "one is there."
)
HELD_RULE: Final = (
    "What becomes of each is what the policy in force says. A refund may go to a person instead, for what was decided "
    "before it: where the same customer's other cases make the risk high, or a budget, a ceiling or the breaker holds "
    "it back."
)

NOBODY: Final = "unknown"
_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9._\-]")


class Expected(StrEnum):
    """What must become of an application."""

    REFUNDED = "refunded"
    REVIEWED = "reviewed"  # a person decides
    ASKED = "asked"  # the customer is asked for evidence, or whether an exchange would do
    REFUSED = "refused"


_ENDS: Final = {
    Action.APPROVE: Expected.REFUNDED,
    Action.APPROVE_AND_LEAVE: Expected.REFUNDED,
    Action.REVIEW: Expected.REVIEWED,
    Action.OFFER_EXCHANGE: Expected.ASKED,
    Action.ASK_EVIDENCE: Expected.ASKED,
    Action.REJECT: Expected.REFUSED,
}


class PlannedCase(NamedTuple):
    """An application with its request key, and what must become of it.

    `reason_code` is the one that the case must carry then, `at_high_risk` the one that it may carry instead, under
    review, where the customer's other cases speak against it. An unknown order is looked up again for the policy's
    `order_lookup_s` before it is refused.
    """

    request_key: str
    application: Application
    expected: Expected
    reason_code: str
    at_high_risk: str = ""


class RetailFile(NamedTuple):
    """A file of the retail layout, read whole."""

    orders: tuple[OrderRecord, ...]
    returns: tuple[RetailReturn, ...]
    left_out: tuple[RowProblem, ...]


def gather(outcomes: Iterable[OrderRead | RetailReturn | RowProblem]) -> RetailFile:
    found = list(outcomes)
    return RetailFile(
        tuple(one.record for one in found if isinstance(one, OrderRead)),
        tuple(one for one in found if isinstance(one, RetailReturn)),
        tuple(one for one in found if isinstance(one, RowProblem)),
    )


def plan(
    file: RetailFile, now: datetime, policy: Policy, options: RetailOptions = AS_IT_STANDS
) -> tuple[PlannedCase, ...]:
    """Returns by `RETURN_RULE`, earliest first, then refunds by `PARTIAL_RULE`, in the file's sequence.

    `options` are those the file was read with; `now` is when the applications are made, `policy` what is in force then.
    """
    shop = _Shop(file.orders, now, policy, options)
    returns = [shop.returned(row) for row in sorted(file.returns, key=lambda row: (row.returned_at, row.source.number))]
    partial = [shop.partial(order) for order in file.orders if order.order_id not in shop.refunded]
    return (*returns, *partial)


@dataclass
class _Shop:
    """The orders of the file, and how many units the returns have left of each line."""

    orders: Sequence[OrderRecord]
    now: datetime
    policy: Policy
    options: RetailOptions
    refunded: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._by_customer: dict[str, list[OrderRecord]] = defaultdict(list)
        for order in sorted(self.orders, key=lambda order: order.bought_at, reverse=True):
            self._by_customer[order.account.customer_id].append(order)
        self._left = {
            (order.order_id, line.frozen.line_id): line.frozen.quantity for order in self.orders for line in order.lines
        }

    def returned(self, row: RetailReturn) -> PlannedCase:
        earlier = [order for order in self._by_customer[row.customer_id] if order.bought_at < row.returned_at]
        for order in earlier:
            for line in _lines_of(order, row.stock_code):
                if self._left[order.order_id, line.frozen.line_id] >= row.quantity:
                    return self._found(row, order, line)
        return self._not_found(row, earlier)

    def partial(self, order: OrderRecord) -> PlannedCase:
        line = _line_to_give_back(order, self.policy.ceilings(order.currency).automatic_case)
        unit_minor = line.frozen.worth(0, 1).net_minor
        single = sum(each.frozen.quantity for each in order.lines) == 1
        half = Money(minor=unit_minor // 2, currency=order.currency) if single and unit_minor > 1 else None
        application = Application(
            order_id=order.order_id,
            customer_id=order.account.customer_id,
            items=(Item(line_id=line.frozen.line_id, quantity=1),),
            reason=Reason.CHANGED_MIND,
            description=f"One of {line.title} is not needed after all.",
            language=Language.EN,
            amount=half,
            goods_back=True,
            unused=True,
            packaging_intact=True,
        )
        return self._decided(f"{order.order_id}/part", application, order, line, half.minor if half else unit_minor)

    def _found(self, row: RetailReturn, order: OrderRecord, line: RecordLine) -> PlannedCase:
        first = line.frozen.quantity - self._left[order.order_id, line.frozen.line_id]
        self._left[order.order_id, line.frozen.line_id] -= row.quantity
        self.refunded.add(order.order_id)
        application = _return_application(row, order.order_id, line.frozen.line_id)
        amount_minor = line.frozen.worth(first, row.quantity).net_minor
        return self._decided(self._key(row), application, order, line, amount_minor)

    def _not_found(self, row: RetailReturn, earlier: Sequence[OrderRecord]) -> PlannedCase:
        """What is wrong is true whichever case comes first: never a wait for units that another return takes."""
        for order in earlier:
            for line in _lines_of(order, row.stock_code):
                if row.quantity > line.frozen.quantity:
                    return self._refused(row, order.order_id, line.frozen.line_id, ErrorCode.QUANTITY_TOO_HIGH)
        others = [order for order in earlier if not _lines_of(order, row.stock_code)]
        if others:
            return self._refused(row, others[0].order_id, _as_id(row.stock_code), ErrorCode.ITEM_NOT_IN_ORDER)
        return self._refused(row, self._no_order(row), _as_id(row.stock_code), ErrorCode.ORDER_UNKNOWN)

    def _refused(self, row: RetailReturn, order_id: str, line_id: str, code: ErrorCode) -> PlannedCase:
        application = _return_application(row, order_id, line_id)
        return PlannedCase(self._key(row), application, Expected.REFUSED, code.value)

    def _no_order(self, row: RetailReturn) -> str:
        named = self.options.order_id(row.invoice.removeprefix("C"))
        return self.options.order_id(NOBODY) if named in {order.order_id for order in self.orders} else named

    def _key(self, row: RetailReturn) -> str:
        return self.options.order_id(f"{row.invoice}/row-{row.source.number}")

    def _decided(
        self, key: str, application: Application, order: OrderRecord, line: RecordLine, amount_minor: int
    ) -> PlannedCase:
        """By the policy, as long as nothing speaks against the customer; and its reason if something does."""
        facts = _facts(application, order, line, amount_minor, self.now)
        ruling = self.policy.rule(facts)
        expected = _ENDS[ruling.action]
        if ruling.action in APPROVALS and by_the_case(amount_minor, self.policy.ceilings(order.currency)):
            expected = Expected.REVIEWED
        at_high_risk = self.policy.rule(facts.model_copy(update={"risk_level": RiskLevel.HIGH}))
        return PlannedCase(key, application, expected, ruling.reason_code, at_high_risk.reason_code)


def _lines_of(order: OrderRecord, stock_code: str) -> list[RecordLine]:
    return [line for line in order.lines if line.sku == stock_code]


def _as_id(stock_code: str) -> str:
    return _NOT_IN_IDS.sub("-", stock_code)


def _return_application(row: RetailReturn, order_id: str, line_id: str) -> Application:
    return Application(
        order_id=order_id,
        customer_id=row.customer_id or NOBODY,
        items=(Item(line_id=line_id, quantity=row.quantity),),
        reason=Reason.QUALITY_PROBLEM,
        description=f"Given back on {row.invoice}: {row.quantity} of {row.stock_code} ({row.title}).",
        language=Language.EN,
        goods_back=True,
    )


def _line_to_give_back(order: OrderRecord, most_minor: int) -> RecordLine:
    affordable = [line for line in order.lines if line.frozen.worth(0, 1).net_minor <= most_minor]
    lines = affordable or list(order.lines)
    several = [line for line in lines if line.frozen.quantity > 1]
    return min(several, key=lambda line: line.frozen.worth(0, 1).net_minor) if several else lines[0]


def _facts(
    application: Application, order: OrderRecord, line: RecordLine, amount_minor: int, applied_at: datetime
) -> Facts:
    """What the policy is asked with, of a customer of whom nothing bad is known."""
    return Facts(
        reason=application.reason,
        kind=application.kind,
        amount_minor=amount_minor,
        currency=order.currency,
        days_since_delivery=NO_DELIVERY if order.delivered_at is None else days_since(order.delivered_at, applied_at),
        days_since_purchase=days_since(order.bought_at, applied_at),
        delivered=order.delivered_at is not None,
        goods=(Goods(category=line.category, final_sale=line.final_sale),),
        goods_back=application.goods_back,
        unused=application.unused,
        packaging_intact=application.packaging_intact,
    )
