"""Money that cannot go back the way it came: the customer names another destination (P3.2; design: payments).

Only a leg whose own way is closed goes elsewhere. One that failed for another reason, a dispute say, stays with
finance: sent elsewhere, it could be paid twice.
"""

from __future__ import annotations

from activities.casefile import CaseFile
from activities.decisions import order_of, out_of_turn
from activities.reserving import Way, reserve_again, start_paying, stranded_legs
from activities.sentences import refusal
from aftersales.contract.messages import PayoutChoice
from aftersales.contract.values import CaseStatus, ErrorCode, Movement, PayoutMethod

STORE_CREDIT_OF = "customer:"
"""Before a customer's id: the account of their store credit, which needs no details of its own."""


async def choose_payout(file: CaseFile, choice: PayoutChoice) -> None:
    """Another attempt of each leg whose way is closed, to the destination that was named.

    Raises AftersalesError: not_now, too_late, payout_not_possible, payee_unknown; AmountRefused.
    """
    if file.row.status is not CaseStatus.PAYMENT_FAILED:
        raise out_of_turn(file)
    stranded = stranded_legs(file)
    if not stranded:
        raise refusal(ErrorCode.PAYOUT_NOT_POSSIBLE, file.language)
    way = await _way_to(file, choice, stranded[0].leg.amount.currency)
    await reserve_again(file, await order_of(file), stranded, way)
    file.note("destination_chosen", after=way.destination, facts={"method": choice.method.value, "by": way.provider})
    start_paying(file, reason_code=file.row.reason_code)


async def _way_to(file: CaseFile, choice: PayoutChoice, currency: str) -> Way:
    provider = file.ways.payer(choice.method, currency)
    if choice.method is PayoutMethod.STORE_CREDIT:
        customer = file.row.start.application.customer_id
        return Way(provider, Movement.PAYOUT, STORE_CREDIT_OF + customer, choice.method.value)
    kept = await file.unit.payee(choice.payee)
    if kept is None or kept.number != file.row.number or kept.method is not choice.method:
        raise refusal(ErrorCode.PAYEE_UNKNOWN, file.language)
    return Way(provider, Movement.PAYOUT, kept.token, kept.masked)
