"""What holds an automatic approval back, whatever the tables say (P5.1, P6.1, P6.2): then a person decides.

The tables may say the same earlier and more kindly; these gates stand behind them, so that no slip in a table moves
money past a ceiling, an open chargeback or a source that is down.
"""

from __future__ import annotations

from datetime import timedelta

from activities.casefile import CaseFile
from activities.precautions import Held, Spending
from activities.rows import Order, OrderLine
from activities.rulings import Ceilings, Facts, Policy, RiskLevel
from activities.weighing import lines_of
from aftersales.contract.values import AmountKind, BreakDown


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
