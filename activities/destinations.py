"""Money that cannot go back the way it came: the customer names another destination (P3.2; design: payments).

Only a leg whose own way is closed goes elsewhere. One that failed for another reason, a dispute say, stays with
finance: sent elsewhere, it could be paid twice. Of an amount that takes two people, none moves to a new destination
until two have agreed to that one; the case waits for them where it is, since news of the old way still counts.
"""

from __future__ import annotations

from typing import Final

from activities.approving import Intended, refuse_disputed, takes_two, void_others
from activities.casefile import SUPERVISORS, CaseFile
from activities.reserving import Way, reserve_again, start_paying, stranded_legs
from activities.rulings import Policy
from activities.sentences import refusal
from activities.turns import order_of, out_of_turn
from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import CaseStatus, ErrorCode, Movement, PayoutMethod, Role, WaitsFor

STORE_CREDIT_OF: Final = "customer:"
"""Before a customer's id: the account of their store credit, which needs no details of its own."""

DESTINATION_CHANGED: Final = "destination_changed"


async def choose_payout(file: CaseFile, choice: PayoutChoice, policy: Policy) -> None:
    """Another attempt of each leg whose way is closed, to the destination that was named; from the threshold on, once
    two people have agreed to it (ASVS 15.4.2), and one that the staff named once somebody else has.

    Raises AftersalesError: not_now, too_late, payout_not_possible, payee_unknown, chargeback_open; AmountRefused.
    """
    if file.row.status is not CaseStatus.PAYMENT_FAILED:
        raise out_of_turn(file)
    stranded = stranded_legs(file)
    if not stranded:
        raise refusal(ErrorCode.PAYOUT_NOT_POSSIBLE, file.language)
    way, order = await way_to(file, choice), await order_of(file)
    await refuse_disputed(file, order)
    file.note("destination_chosen", after=way.destination, facts={"method": choice.method.value, "by": way.provider})
    if file.row.amount and (_by_the_staff(choice) or takes_two(file, file.row.amount, policy)):
        await _wait_for_approval(file, choice, Intended(file.row.amount, way.payee))
    else:
        await reserve_again(file, order, stranded, way)
        start_paying(file, reason_code=file.row.reason_code)
        file.change(payout=None)  # of one that waited for people until now


def _by_the_staff(choice: PayoutChoice) -> bool:
    """In the customer's place, and to an account that may be anybody's."""
    by_customer = choice.proof is not None and choice.proof.role is Role.CUSTOMER
    return not by_customer and choice.method is not PayoutMethod.STORE_CREDIT


async def way_to(file: CaseFile, choice: PayoutChoice) -> Way:
    """How money gets there. Raises AftersalesError(payee_unknown): not kept, erased, or another case's."""
    provider = file.ways.payer(choice.method, _currency(file))
    if choice.method is PayoutMethod.STORE_CREDIT:
        customer = file.row.start.application.customer_id
        return Way(provider, Movement.PAYOUT, STORE_CREDIT_OF + customer, choice.method.value)
    kept = await file.unit.payee(choice.payee)
    if kept is None or kept.number != file.row.number or kept.method is not choice.method:
        raise refusal(ErrorCode.PAYEE_UNKNOWN, file.language)
    return Way(provider, Movement.PAYOUT, kept.token, kept.masked)


def _currency(file: CaseFile) -> str:
    return stranded_legs(file)[0].leg.amount.currency


async def _wait_for_approval(file: CaseFile, choice: PayoutChoice, intended: Intended) -> None:
    await void_others(file, intended)
    file.change(payout=choice)
    file.move(
        CaseStatus.PAYMENT_FAILED,
        WaitsFor.SUPERVISOR,
        assignee=SUPERVISORS,
        due_in_s=file.row.timings.review_escalation_s,
        reason_code=DESTINATION_CHANGED,
    )
