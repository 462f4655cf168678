"""Payments that finance makes where no interface exists: one person pays, another one confirms (P3.2, P3.3).

Every function refuses before it writes.
"""

from __future__ import annotations

from typing import Final

from activities.approving import refuse_disputed
from activities.casefile import Actor, CaseFile
from activities.reserving import release_others
from activities.rows import HandPaymentRow, HandPaymentState
from activities.sentences import refusal
from activities.speakers import same_person
from activities.turns import order_of
from activities.types import TO_BE_CONFIRMED, TO_BE_PAID
from aftersales.contract.messages import HandPayment
from aftersales.contract.values import ErrorCode, HandPaymentAct, LegState

_ACTS_ON: Final = {
    HandPaymentAct.PAID: HandPaymentState.TO_PAY,
    HandPaymentAct.CONFIRMED: HandPaymentState.PAID,
    HandPaymentAct.REFUSED: HandPaymentState.PAID,
    HandPaymentAct.IMPOSSIBLE: HandPaymentState.TO_PAY,
}
_WAITS_AS: Final = {HandPaymentState.TO_PAY: TO_BE_PAID, HandPaymentState.PAID: TO_BE_CONFIRMED}


async def record_hand_payment(file: CaseFile, message: HandPayment, by: Actor) -> None:
    """Write down what a finance person did; the role was checked before (`activities.speakers`).

    What is refused is to be paid again, unless the money went another way meanwhile. Raises AftersalesError:
    payment_unknown, not_now, decision_incomplete (paid without a reference, impossible without a reason), same_person,
    evidence_unknown, chargeback_open (only for paid: what was paid before the dispute is confirmed as what it is).
    """
    row = await file.unit.hand_payment(message.provider_number)
    if row is None or row.number != file.row.number:
        raise refusal(ErrorCode.PAYMENT_UNKNOWN, file.language, payment=message.provider_number)
    if row.state is not _ACTS_ON[message.act]:
        raise refusal(ErrorCode.NOT_NOW, file.language, key=f"hand_payment_{row.state.value}")
    changed = await _changed(file, row, message, by)
    await file.unit.update_hand_payment(changed)
    await _say_who_is_next(file, changed)
    if message.act is HandPaymentAct.REFUSED:
        await _take_back_if_paid_otherwise(file)
    file.note(
        "hand_payment",
        before=row.state.value,
        after=changed.state.value,
        reason=message.act.value,
        facts={"provider_number": row.provider_number, "reference": changed.reference or row.reference},
        actor=by,
    )


async def _say_who_is_next(file: CaseFile, payment: HandPaymentRow) -> None:
    """In the leg at once, so that no letter that was late asks for a payment that is made (P4.1)."""
    waits_as = _WAITS_AS.get(payment.state)
    pending = [row for row in file.legs if row.leg.state is LegState.PENDING]
    for row in [row for row in pending if waits_as and row.leg.provider_number == payment.provider_number]:
        await file.change_leg(row, {"failure_code": waits_as})


async def _take_back_if_paid_otherwise(file: CaseFile) -> None:
    for row in [row for row in file.legs if row.leg.state is LegState.SUCCEEDED]:
        await release_others(file, row)


async def _changed(file: CaseFile, row: HandPaymentRow, message: HandPayment, by: Actor) -> HandPaymentRow:
    if message.act is HandPaymentAct.PAID:
        return await _paid(file, row, message, by)
    if message.act is HandPaymentAct.IMPOSSIBLE:
        return _given_up(file, row, message)
    if same_person(by.name, row.paid_by):
        raise refusal(ErrorCode.SAME_PERSON, file.language)
    if message.act is HandPaymentAct.CONFIRMED:
        confirmed = {"state": HandPaymentState.CONFIRMED, "confirmed_by": by.name, "confirmed_at": file.now}
        return row.model_copy(update=confirmed)
    to_pay = {"state": HandPaymentState.TO_PAY, "paid_by": "", "paid_at": None, "reference": "", "evidence": ()}
    return row.model_copy(update=to_pay)


def _given_up(file: CaseFile, row: HandPaymentRow, message: HandPayment) -> HandPaymentRow:
    """No money moves by it, so one person's word is enough; the log keeps whose."""
    if not message.explanation:
        raise refusal(ErrorCode.DECISION_INCOMPLETE, file.language, field="explanation")
    return row.model_copy(update={"state": HandPaymentState.IMPOSSIBLE})


async def _paid(file: CaseFile, row: HandPaymentRow, message: HandPayment, by: Actor) -> HandPaymentRow:
    await refuse_disputed(file, await order_of(file))
    reference = " ".join(message.reference.split())
    if not reference:
        raise refusal(ErrorCode.DECISION_INCOMPLETE, file.language, field="reference")
    if not await file.unit.evidence_known(message.evidence, file.row.number, file.row.start.application.customer_id):
        raise refusal(ErrorCode.EVIDENCE_UNKNOWN, file.language)
    paid = {"state": HandPaymentState.PAID, "paid_by": by.name, "paid_at": file.now}
    return row.model_copy(update=paid | {"reference": reference, "evidence": message.evidence})
