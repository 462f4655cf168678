"""What a reviewer decides, and what follows from it (P2.6, P2.8).

Every function refuses before it writes.
"""

from __future__ import annotations

from datetime import timedelta

from activities.amounts import Grant, holds_shipping
from activities.casefile import EXTENDED, SUPERVISORS, CaseFile
from activities.reserving import failed_legs, give_up, release_all, reserve, reserve_again, start_paying
from activities.rows import Order
from activities.sentences import refusal, status_words
from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Decision, Item
from aftersales.contract.values import (
    OUTCOMES,
    CaseStatus,
    DecisionKind,
    ErrorCode,
    WaitsFor,
)
from domain.errors import AmountRefused

APPROVED_BY_A_PERSON = "approved_by_reviewer"
REJECTED_BY_A_PERSON = "rejected_by_reviewer"
GIVEN_UP = "payment_given_up"
IN_REVIEW = frozenset({CaseStatus.UNDER_REVIEW, CaseStatus.AWAITING_CUSTOMER})


def out_of_turn(file: CaseFile) -> AftersalesError:
    """The refusal of a message that its status has no room for: too late, or not now."""
    status = file.row.status
    late = status in OUTCOMES or status is CaseStatus.PAYING
    code = ErrorCode.TOO_LATE if late else ErrorCode.NOT_NOW
    return refusal(code, file.language, status=status_words(status, file.language))


async def decide(file: CaseFile, decision: Decision) -> None:
    """Raises AftersalesError and DomainError as refusals: decision_incomplete, too_late, not_now, amounts."""
    missing = decision.missing_field()
    if missing is not None:
        raise refusal(ErrorCode.DECISION_INCOMPLETE, file.language, field=missing)
    if file.row.status is CaseStatus.PAYMENT_FAILED:
        await _decide_on_payment(file, decision)
    elif file.row.status in IN_REVIEW:
        await _decide_on_review(file, decision)
    else:
        raise out_of_turn(file)


async def _decide_on_review(file: CaseFile, decision: Decision) -> None:
    match decision.kind:
        case DecisionKind.APPROVE | DecisionKind.APPROVE_PART:
            await _approve(file, decision)
        case DecisionKind.REJECT:
            await release_all(file, GIVEN_UP)
            _reject(file, decision, REJECTED_BY_A_PERSON)
        case DecisionKind.ASK:
            file.move(
                CaseStatus.AWAITING_CUSTOMER,
                WaitsFor.CUSTOMER,
                assignee=file.row.assignee,
                due_in_s=file.row.timings.evidence_window_s,
                reason_code=decision.reason_code,
                explanation=decision.explanation,
            )
        case DecisionKind.EXTEND:
            _extend(file, decision)
        case DecisionKind.HAND_OVER:
            _hand_over(file, WaitsFor.AGENT, decision.hand_to)
        case DecisionKind.ESCALATE:
            _hand_over(file, WaitsFor.SUPERVISOR, SUPERVISORS)


async def _decide_on_payment(file: CaseFile, decision: Decision) -> None:
    """Money that did not arrive: another attempt, or giving it up; what was paid stays paid."""
    match decision.kind:
        case DecisionKind.APPROVE:
            await reserve_again(file, await order_of(file), failed_legs(file))
            start_paying(file, reason_code=file.row.reason_code)
        case DecisionKind.REJECT if file.paid_minor():
            await give_up(file)
            file.move(
                CaseStatus.PARTLY_REFUNDED,
                reason_code=decision.reason_code or GIVEN_UP,
                explanation=decision.explanation,
            )
        case DecisionKind.REJECT:
            await give_up(file)
            await release_all(file, GIVEN_UP)
            _reject(file, decision, GIVEN_UP)
        case _:
            raise out_of_turn(file)


async def _approve(file: CaseFile, decision: Decision) -> None:
    order = await order_of(file)
    grant = Grant(
        file.row.start.application.items,
        file.row.start.application.amount,
        shipping=holds_shipping(file.row.break_down),
    )
    if decision.kind is DecisionKind.APPROVE_PART:
        grant = _part_of(file, order, grant, decision)
    await reserve(file, order, grant)
    start_paying(file, reason_code=decision.reason_code or APPROVED_BY_A_PERSON, explanation=decision.explanation)


def _part_of(file: CaseFile, order: Order, whole: Grant, decision: Decision) -> Grant:
    """Fewer units, or an amount inside them; never more than was asked for."""
    _refuse_foreign_items(file, decision.items)
    asked, given = whole.amount, decision.amount
    if asked is not None and given is not None and given.minor > asked.minor:
        raise AmountRefused(given.minor, asked.minor, order.currency)
    return Grant(decision.items or whole.items, given or asked, shipping=whole.shipping and given is None)


def _refuse_foreign_items(file: CaseFile, items: tuple[Item, ...]) -> None:
    asked = {item.line_id: item.quantity for item in file.row.start.application.items}
    for item in items:
        largest = asked.get(item.line_id)
        if largest is None:
            raise refusal(ErrorCode.ITEM_NOT_IN_ORDER, file.language, line=item.line_id)
        if item.quantity > largest:
            raise refusal(
                ErrorCode.QUANTITY_TOO_HIGH,
                file.language,
                line=item.line_id,
                asked=item.quantity,
                largest=largest,
            )


def _reject(file: CaseFile, decision: Decision, otherwise: str) -> None:
    reason_code = decision.reason_code or otherwise
    file.move(CaseStatus.REJECTED, reason_code=reason_code, explanation=decision.explanation)


def _extend(file: CaseFile, decision: Decision) -> None:
    """More time to decide; the customer is told the new moment by whoever runs the ladder (P2.7)."""
    start = max(file.row.due_at or file.now, file.now)
    due_at = start + timedelta(hours=decision.handling_hours)
    file.change(handling_hours=file.row.handling_hours + decision.handling_hours, due_at=due_at)
    hours = {"handling_hours": decision.handling_hours}
    file.note(EXTENDED, after=due_at.isoformat(), reason=decision.reason_code, facts=hours)


def _hand_over(file: CaseFile, waits_for: WaitsFor, assignee: str) -> None:
    """To another group or a higher role; while the customer is asked, the case goes on waiting for them."""
    waits_for = file.row.waits_for if file.row.status is CaseStatus.AWAITING_CUSTOMER else waits_for
    file.note("handed_over", before=file.row.assignee, after=assignee)
    file.change(waits_for=waits_for, assignee=assignee)


async def order_of(file: CaseFile) -> Order:
    """The case's order, locked. Raises AftersalesError(order_unknown)."""
    order = await file.unit.order(file.row.start.application.order_id, besides=file.row.number)
    if order is None:
        raise refusal(ErrorCode.ORDER_UNKNOWN, file.language)
    return order
