"""What a reviewer decides, and what follows from it (P2.6, P2.8, P6.2).

Every function refuses before it writes.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from activities.amounts import Grant, amounts_of
from activities.approving import Intended, agreed, agreed_before, refuse_disputed, takes_two, void_all
from activities.casefile import AGENTS, EXTENDED, FINANCE, SUPERVISORS, CaseFile, role_of
from activities.claiming import let_go, refuse_claimed
from activities.destinations import way_to
from activities.reserving import (
    as_asked,
    failed_legs,
    give_up,
    promotion_choice,
    release_all,
    reserve,
    reserve_again,
    start_paying,
    stranded_legs,
)
from activities.rows import LegRow, Order
from activities.rulings import APPROVALS, Action, Policy
from activities.sentences import advice_words, in_a_row, refusal
from activities.turns import DECIDABLE, order_of, out_of_turn
from aftersales.contract.messages import Decision, Item, Proof
from aftersales.contract.values import (
    CaseStatus,
    DecisionKind,
    ErrorCode,
    WaitsFor,
)
from domain.errors import AmountRefused

APPROVED_BY_A_PERSON: Final = "approved_by_reviewer"
REJECTED_BY_A_PERSON: Final = "rejected_by_reviewer"
GIVEN_UP: Final = "payment_given_up"
OVERRIDE: Final = "override"
GROUPS: Final = frozenset({AGENTS, SUPERVISORS, FINANCE, "warehouse"})
"""Groups that are always there."""

_GRANTS: Final = frozenset({DecisionKind.APPROVE, DecisionKind.APPROVE_PART})
_PASSES_ON: Final = _GRANTS | {DecisionKind.HAND_OVER, DecisionKind.ESCALATE}
"""After these somebody else is to decide, if anybody: a claim would keep them from it."""


async def decide(file: CaseFile, decision: Decision, policy: Policy, proof: Proof) -> None:
    """`policy`: the version of the case, for its ceilings; `proof`: of who decides.

    Raises AftersalesError and DomainError as refusals: decision_incomplete, too_late, not_now, claimed_by_another,
    reason_needed, group_unknown, amounts, and those of `activities.approving.agreed`.
    """
    missing = decision.missing_field()
    if missing is not None:
        raise refusal(ErrorCode.DECISION_INCOMPLETE, file.language, field=missing)
    if file.row.status not in DECIDABLE:
        raise out_of_turn(file)
    refuse_claimed(file, proof.actor)
    if file.row.status is CaseStatus.PAYMENT_FAILED:
        await _decide_on_payment(file, decision, policy, proof)
    else:
        await _decide_on_review(file, decision, policy, proof)
    if file.row.status not in DECIDABLE or decision.kind in _PASSES_ON:
        let_go(file)


async def _decide_on_review(file: CaseFile, decision: Decision, policy: Policy, proof: Proof) -> None:
    _mark_an_override(file, decision)
    match decision.kind:
        case DecisionKind.APPROVE | DecisionKind.APPROVE_PART:
            await _approve(file, decision, policy, proof)
        case DecisionKind.REJECT:
            await release_all(file, GIVEN_UP)
            await void_all(file, REJECTED_BY_A_PERSON)
            _reject(file, decision, REJECTED_BY_A_PERSON)
        case DecisionKind.ASK:
            await _ask(file, decision)
        case DecisionKind.EXTEND if file.row.status is CaseStatus.AWAITING_CUSTOMER:
            raise out_of_turn(file)  # the clock that it would move stands still
        case DecisionKind.EXTEND:
            _extend(file, decision)
        case DecisionKind.HAND_OVER:
            await _refuse_unknown_group(file, decision.hand_to)
            _hand_over(file, decision.hand_to)
        case DecisionKind.ESCALATE:
            _hand_over(file, SUPERVISORS)


async def _decide_on_payment(file: CaseFile, decision: Decision, policy: Policy, proof: Proof) -> None:
    """Money that did not arrive: another attempt, or giving it up; what was paid stays paid."""
    part = bool(decision.items or decision.amount)
    match decision.kind:
        case DecisionKind.APPROVE if not part:
            await _pay_again(file, decision, policy, proof)
        case DecisionKind.REJECT if file.paid_minor():
            await _give_up(file)
            file.move(
                CaseStatus.PARTLY_REFUNDED,
                reason_code=decision.reason_code or GIVEN_UP,
                explanation=decision.explanation,
            )
        case DecisionKind.REJECT:
            await _give_up(file)
            await release_all(file, GIVEN_UP)
            _reject(file, decision, GIVEN_UP)
        case _:
            raise out_of_turn(file)


async def _give_up(file: CaseFile) -> None:
    await give_up(file)
    await void_all(file, GIVEN_UP)
    file.change(payout=None)


async def _approve(file: CaseFile, decision: Decision, policy: Policy, proof: Proof) -> None:
    order = await order_of(file)
    grant = _part_of(file, order, as_asked(file), decision)
    amount = amounts_of(order, grant, promotion_choice(file)).total
    if await agreed(file, order, Intended(amount), policy, proof):
        await reserve(file, order, grant)
        start_paying(file, reason_code=decision.reason_code or APPROVED_BY_A_PERSON, explanation=decision.explanation)


async def _pay_again(file: CaseFile, decision: Decision, policy: Policy, proof: Proof) -> None:
    """By the way that failed, or to the destination that was named and that people have yet to agree to.

    What two people agreed to is tried again on one word; nothing about it has changed.
    """
    order, stranded = await order_of(file), stranded_legs(file)
    choice = file.row.payout if stranded else None
    legs = stranded if choice else failed_legs(file)
    way = await way_to(file, choice) if choice else None
    await refuse_disputed(file, order)
    if not await _may_move(file, order, way.payee if way else _payee_of(legs), policy, proof):
        return
    await reserve_again(file, order, legs, way)
    start_paying(file, reason_code=decision.reason_code or APPROVED_BY_A_PERSON if choice else file.row.reason_code)
    file.change(payout=None)


async def _may_move(file: CaseFile, order: Order, payee: str, policy: Policy, proof: Proof) -> bool:
    amount = file.row.amount
    assert amount is not None, "what failed was a payment of an amount"
    intended = Intended(amount, payee)
    awaits_two = file.row.payout is not None or takes_two(file, amount, policy)
    if not awaits_two or agreed_before(file, intended):
        return True
    return await agreed(file, order, intended, policy, proof)


def _payee_of(legs: list[LegRow]) -> str:
    """The destination they went to, empty for the original channel."""
    return next((row.payee for row in legs if row.payee), "")


def _part_of(file: CaseFile, order: Order, whole: Grant, decision: Decision) -> Grant:
    """Fewer units, or an amount inside them, whatever the decision is called; never more than was asked for."""
    items = _items_of(file, decision)
    asked, given = whole.amount, decision.amount
    if asked is not None and given is not None and given.minor > asked.minor:
        raise AmountRefused(given.minor, asked.minor, order.currency)
    return whole._replace(items=items or whole.items, amount=given or asked, shipping=whole.shipping and given is None)


def _items_of(file: CaseFile, decision: Decision) -> tuple[Item, ...]:
    """The units that are named, each line once."""
    asked = {item.line_id: item.quantity for item in file.row.start.application.items}
    units: Counter[str] = Counter()
    for item in decision.items:
        units[item.line_id] += item.quantity
    for line, quantity in units.items():
        largest = asked.get(line)
        if largest is None:
            raise refusal(ErrorCode.ITEM_NOT_IN_ORDER, file.language, line=line)
        if quantity > largest:
            raise refusal(ErrorCode.QUANTITY_TOO_HIGH, file.language, line=line, asked=quantity, largest=largest)
    return tuple(Item(line_id=line, quantity=quantity) for line, quantity in units.items())


def _reject(file: CaseFile, decision: Decision, otherwise: str) -> None:
    reason_code = decision.reason_code or otherwise
    file.move(CaseStatus.REJECTED, reason_code=reason_code, explanation=decision.explanation)


async def _ask(file: CaseFile, decision: Decision) -> None:
    """Whoever approved already looks again at what the customer answers. A second question takes the place of one that
    is not answered yet, with a window of its own; the same one again would be told to nobody."""
    waits = file.row.status is CaseStatus.AWAITING_CUSTOMER
    if waits and file.row.explanation == decision.explanation:
        raise refusal(ErrorCode.NOT_NOW, file.language, key="asked_already")
    await void_all(file, "customer_asked")
    if waits:
        file.to_review(file.row.assignee)
    file.move(
        CaseStatus.AWAITING_CUSTOMER,
        WaitsFor.CUSTOMER,
        assignee=file.row.assignee,
        due_in_s=file.row.timings.evidence_window_s,
        reason_code=decision.reason_code,
        explanation=decision.explanation,
    )


def _mark_an_override(file: CaseFile, decision: Decision) -> None:
    """The policy is advice to the staff (P5.1): who decides otherwise says why, and the case is marked.

    Raises AftersalesError(reason_needed).
    """
    advice = _advice(file)
    against = decision.kind in _GRANTS and advice is Action.REJECT
    against = against or (decision.kind is DecisionKind.REJECT and advice in APPROVALS)
    if advice is None or not against:
        return
    if not (decision.reason_code.strip() and decision.explanation.strip()):
        raise refusal(ErrorCode.REASON_NEEDED, file.language, advice=advice_words(advice, file.language))
    file.change(overridden=True)
    file.note(OVERRIDE, before=advice.value, after=decision.kind.value, reason=decision.reason_code)


def _advice(file: CaseFile) -> Action | None:
    """What the policy said, whatever was then done about it; None if it was never asked."""
    verdict = file.row.verdict
    return Action(verdict.advice or verdict.action) if verdict else None


async def _refuse_unknown_group(file: CaseFile, group: str) -> None:
    """Nor one of the shop's own that nobody is in: the case would wait there unseen. Raises
    AftersalesError(group_unknown)."""
    if group in GROUPS:
        return
    known = GROUPS.union(await file.unit.staffed_groups())
    if group not in known:
        named = in_a_row(sorted(known), file.language)
        raise refusal(ErrorCode.GROUP_UNKNOWN, file.language, group=group, groups=named)


def _extend(file: CaseFile, decision: Decision) -> None:
    """More time to decide; the customer is told the new moment by whoever runs the ladder (P2.7)."""
    start = max(file.row.due_at or file.now, file.now)
    due_at = start + timedelta(hours=decision.handling_hours)
    file.change(handling_hours=file.row.handling_hours + decision.handling_hours, due_at=due_at)
    hours = {"handling_hours": decision.handling_hours}
    file.note(EXTENDED, after=due_at.isoformat(), reason=decision.reason_code, facts=hours)


def _hand_over(file: CaseFile, group: str) -> None:
    """To another group or a higher role; while the customer is asked, the case goes on waiting for them."""
    asked = file.row.status is CaseStatus.AWAITING_CUSTOMER
    file.note("handed_over", before=file.row.assignee, after=group)
    file.change(waits_for=file.row.waits_for if asked else role_of(group), assignee=group)
