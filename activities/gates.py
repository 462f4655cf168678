"""What holds an automatic approval back, whatever the tables say (P5.1, P6.1, P6.2): then a person decides.

The tables may say the same earlier and more kindly; these gates stand behind them, so that no slip in a table moves
money past a ceiling, an open chargeback or a source that is down.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final, NamedTuple

from activities.casefile import CaseFile
from activities.precautions import Held, Spending
from activities.rows import Order, OrderLine
from activities.rulings import APPROVALS, Action, Ceilings, Facts, Policy, RiskLevel
from activities.weighing import lines_of
from aftersales.contract.values import AmountKind, BreakDown, CaseKind

OF_THE_HOUR: Final = frozenset(
    {
        Held.CUSTOMER_CEILING,
        Held.ORDER_CEILING,
        Held.CUSTOMER_BUDGET,
        Held.PRODUCT_BUDGET,
        Held.DAY_BUDGET,
        Held.BREAKER_OPEN,
    }
)
"""What holds an approval back for the money of other cases; with other facts the case is taken to have met the same."""


class Gates(NamedTuple):
    """The gates as they stand for one case. `held`: why its approval was held back; `besides_minor`: what it comes to
    besides the amount of its facts (shipping, a fee)."""

    ceilings: Ceilings
    held: tuple[str, ...] = ()
    besides_minor: int = 0

    def done(self, facts: Facts, ruled: Action) -> Action:
        """Returns and exchanges are made by people, only to turn one down or to ask takes none; a no is enforced for
        customers and advice to the staff."""
        if ruled is Action.ASK_EVIDENCE:
            return ruled
        if ruled is Action.REJECT:
            return Action.REVIEW if facts.by_staff else ruled
        if facts.kind is not CaseKind.REFUND_ONLY:
            return Action.REVIEW
        return Action.REVIEW if ruled in APPROVALS and self._hold(facts) else ruled

    def amounts(self) -> tuple[int, ...]:
        ends = (self.ceilings.automatic_case, self.ceilings.four_eyes - 1)
        return tuple(end - self.besides_minor + step for end in ends for step in (0, 1))

    def _hold(self, facts: Facts) -> bool:
        of_the_case = by_the_facts(facts) or by_the_case(facts.amount_minor + self.besides_minor, self.ceilings)
        return bool(of_the_case or OF_THE_HOUR.intersection(self.held))


async def held_back(file: CaseFile, order: Order, facts: Facts, amounts: BreakDown, policy: Policy) -> tuple[Held, ...]:
    """Why the approval may not be made by rule, every reason there is; none: it is counted against the budgets."""
    ceilings = policy.ceilings(order.currency)
    held = [*by_the_facts(facts), *by_the_case(amounts.total.minor, ceilings)]
    held += await _by_what_was_granted(file, order, amounts.total.minor, ceilings)
    if (await file.unit.breaker(file.now, policy.breaking)).open:
        held.append(Held.BREAKER_OPEN)
    if held:
        return tuple(held)
    over = await file.unit.spend(_spending(file, order, amounts), ceilings)
    return (over,) if over else ()


def by_the_facts(facts: Facts) -> list[Held]:
    """What is known of the application alone."""
    found = {
        Held.CHARGEBACK_OPEN: facts.chargeback_open,
        Held.SOURCE_DOWN: facts.source_down,
        Held.RISK_HIGH: facts.risk_level is RiskLevel.HIGH,
        Held.RISK_UNKNOWN: facts.risk_level is RiskLevel.UNKNOWN,
    }
    return [why for why, holds in found.items() if holds]


def by_the_case(amount_minor: int, ceilings: Ceilings) -> list[Held]:
    """What its amount alone is too much for."""
    above = [Held.AUTOMATIC_CEILING] if amount_minor > ceilings.automatic_case else []
    return [*above, Held.FOUR_EYES] if amount_minor >= ceilings.four_eyes else above


async def _by_what_was_granted(file: CaseFile, order: Order, amount_minor: int, ceilings: Ceilings) -> list[Held]:
    unit, number = file.unit, file.row.number
    since = file.now - timedelta(days=ceilings.period_days)
    of_customer = await unit.granted_to_customer(order.account.customer_id, order.currency, since, besides=number)
    of_order = await unit.granted_of_order(order.order_id, besides=number)
    above = [Held.CUSTOMER_CEILING] if of_customer + amount_minor > ceilings.customer_period else []
    return [*above, Held.ORDER_CEILING] if of_order + amount_minor > ceilings.order else above


def _spending(file: CaseFile, order: Order, amounts: BreakDown) -> Spending:
    return Spending(
        number=file.row.number,
        at=file.now,
        customer_id=order.account.customer_id,
        amount=amounts.total,
        products=tuple(sorted(_by_product(file, order, amounts).items())),
    )


def _by_product(file: CaseFile, order: Order, amounts: BreakDown) -> dict[str, int]:
    """What each SKU gives back, whatever is kept of the whole; never below zero."""
    skus = {line.line_id: _product(order, line) for line in lines_of(file.row.start.application, order)}
    totals = dict.fromkeys(skus.values(), 0)
    for line in amounts.lines:
        if line.line_id in skus and line.kind is not AmountKind.DEDUCTION:
            totals[skus[line.line_id]] += line.amount_minor
    return {sku: max(minor, 0) for sku, minor in totals.items()}


def _product(order: Order, line: OrderLine) -> str:
    """Where the shop states no SKU, the line's id stands for it: such a line is a product of its own, or the first
    lines of all orders would be one."""
    return f"{order.order_id}/{line.line_id}" if line.sku == line.line_id else line.sku
