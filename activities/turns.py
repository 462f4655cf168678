"""Whether it is somebody's turn: the statuses in which people decide, the refusal of what comes out of turn, the turn
that comes back to the agents, and the order that a decision is about."""

from __future__ import annotations

from typing import Final

from activities.casefile import CaseFile
from activities.resuming import review_so_far
from activities.rows import Order
from activities.sentences import refusal, status_words
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import OUTCOMES, CaseStatus, ErrorCode

IN_REVIEW: Final = frozenset({CaseStatus.UNDER_REVIEW, CaseStatus.AWAITING_CUSTOMER})
DECIDABLE: Final = IN_REVIEW | {CaseStatus.PAYMENT_FAILED}
"""Statuses in which somebody of the staff decides."""


def out_of_turn(file: CaseFile) -> AftersalesError:
    """The refusal of a message that its status has no room for: too late, or not now."""
    status = file.row.status
    late = status in OUTCOMES or status is CaseStatus.PAYING
    code = ErrorCode.TOO_LATE if late else ErrorCode.NOT_NOW
    return refusal(code, file.language, status=status_words(status, file.language))


async def back_to_review(file: CaseFile, group: str) -> None:
    """The customer was asked, and the agents' clock goes on where it stood still (P2.7)."""
    clock, _ = review_so_far(await file.unit.log(file.row.number), file.row.timings.ladder)
    file.to_review(group)
    if clock:
        file.change(due_at=clock.resume(file.now).deadline(file.row.timings.ladder))


async def order_of(file: CaseFile) -> Order:
    """The case's order, locked. Raises AftersalesError(order_unknown)."""
    order = await file.unit.order(file.row.start.application.order_id, besides=file.row.number)
    if order is None:
        raise refusal(ErrorCode.ORDER_UNKNOWN, file.language)
    return order
