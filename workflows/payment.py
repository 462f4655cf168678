"""Paying, and what becomes of a payment later: stages of the case (P3.2, P3.3; design: payments).

How one leg goes is in `workflows.leg`. A new number is sent only after a proven failure of every earlier one, and a
provider's late word is believed whenever it comes.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.types import Elapse, Leg, OutcomeKind, Stage, StepName
    from aftersales.contract.values import CaseStatus, LegState, WaitsFor
    from domain.rails import BY_HAND
    from workflows.case import Case, Woken
    from workflows.leg import Payment, may_overtake

_OPEN = (
    LegState.RESERVED,
    LegState.SUBMITTING,
    LegState.CONFIRMING,
    LegState.PENDING,
    LegState.BLOCKED,
)
_UNSENT = (LegState.RESERVED, LegState.BLOCKED)
_PAID = (CaseStatus.REFUNDED, CaseStatus.PARTLY_REFUNDED)
_MOVES = (OutcomeKind.SUCCEEDED, OutcomeKind.PENDING)
_IN_DOUBT = (LegState.SUBMITTING, LegState.CONFIRMING)
_NEWS_TO = {
    OutcomeKind.SUCCEEDED: (LegState.FAILED, LegState.PENDING, *_IN_DOUBT),
    OutcomeKind.PENDING: (LegState.FAILED, *_IN_DOUBT),
    OutcomeKind.REVERSED: (LegState.SUCCEEDED, LegState.PENDING, *_IN_DOUBT),
    OutcomeKind.REJECTED: (LegState.PENDING, *_IN_DOUBT),
    OutcomeKind.NEEDS_PAYEE: (LegState.PENDING, *_IN_DOUBT),
}
"""What is recorded of a leg that nobody is paying just now, by the state it was left in."""
_AGREE = "two people to agree to where the money goes"
_ASKED = "the customer to name another destination for the money"
_UNANSWERED = (OutcomeKind.UNKNOWN, OutcomeKind.RETRY_SAME, OutcomeKind.NEEDS_MERCHANT)
_AFTER_PAYING = {
    CaseStatus.REFUNDED: Stage.REFUNDED,
    CaseStatus.PARTLY_REFUNDED: Stage.REFUNDED,
    CaseStatus.PAYMENT_FAILED: Stage.PAYMENT_FAILED,
    CaseStatus.WITHDRAWN: Stage.WITHDRAWN,
}
_GIVEN_UP = {
    CaseStatus.REJECTED: Stage.REJECTED,
    CaseStatus.PARTLY_REFUNDED: Stage.REFUNDED,
    CaseStatus.WITHDRAWN: Stage.WITHDRAWN,
}


async def pay(case: Case) -> None:
    """Send every open leg, one after the other, and record what became of each."""
    case.show(waiting="")
    while case.standing.status is CaseStatus.PAYING:
        open_legs = [leg for leg in case.standing.legs if leg.state in _OPEN]
        assert open_legs, "a case that is paying has a leg to pay"
        if await _may_be_sent(case, open_legs[0]):
            await Payment(case, open_legs[0]).settle()
        await _ask_about_news(case, (LegState.SUCCEEDED,))  # a reversal is written down whatever else waits
    await _ask_about_news(case)  # of one leg, that came while another was being paid
    stage = _AFTER_PAYING.get(case.standing.status)
    if stage and not _asks_for_a_destination(case):  # that letter tells what happened, too
        case.tell(stage)


async def wait_for_a_way(case: Case) -> None:
    """The money did not move, or came back: the customer names another destination, to which two people agree if the
    amount takes them, or a person decides whether it is tried again or given up.

    Meanwhile the provider may say that it moved after all; then there is nothing left to decide.
    """
    told = False
    while case.standing.status is CaseStatus.PAYMENT_FAILED:
        if case.standing.waits_for is WaitsFor.CUSTOMER:
            told = await _wait_for_a_destination(case)
            continue
        if _takes_agreement(case):
            told = await _wait_for_agreement(case)
            continue
        case.show(waiting="finance to try the payment again or to give it up")
        if await case.converse(done=lambda: has_news(case)) is Woken.DONE:
            told = await look_into_news(case)
    stage = _GIVEN_UP.get(case.standing.status)
    if stage and not told:
        case.tell(stage)


async def _wait_for_a_destination(case: Case) -> bool:
    """Ask the customer where the money is to go, remind once, then leave it to finance (P3.2).

    News that changes nothing for the customer neither asks again nor gives more time. Gives whether the customer was
    told of news that came meanwhile.
    """
    timings, asked_at = case.standing.timings, case.entered_at()
    reminder = asked_at + timedelta(seconds=timings.payout_reminder_s)
    end = asked_at + timedelta(seconds=timings.payout_window_s)
    case.show(waiting=_ASKED, due_at=end)
    case.announce(Stage.DESTINATION_NEEDED, due_at=end)
    while _asks_for_a_destination(case):
        until = reminder if workflow.now() < reminder else end
        woken = await case.converse(until=until, done=lambda: has_news(case))
        if woken is Woken.DONE:
            if await look_into_news(case):
                return True
            case.show(waiting=_ASKED, due_at=end)
        elif woken is Woken.ELAPSED and until == reminder:
            case.announce(Stage.DESTINATION_REMINDER, due_at=end)
        elif woken is Woken.ELAPSED:
            await _leave_it_to_finance(case)
    return False


async def _wait_for_agreement(case: Case) -> bool:
    """Two people are to agree before a large amount is tried again or goes elsewhere, and hear of it every day (P6.2).

    Gives whether the customer was told of news that came meanwhile: then there may be nothing left to agree to.
    """
    timings = case.standing.timings
    due = workflow.now() + timedelta(seconds=timings.review_escalation_s)
    case.announce(Stage.SECOND_APPROVAL, due_at=due)
    while _takes_agreement(case):
        case.show(waiting=_AGREE, due_at=due)
        approvals = case.standing.approvals
        woken = await case.converse(until=due, done=lambda: has_news(case))
        if woken is Woken.DONE:
            if await look_into_news(case):
                return True
        elif woken is Woken.ELAPSED:
            due = workflow.now() + timedelta(seconds=timings.review_repeat_s)
            case.tell(Stage.SECOND_APPROVAL, due_at=due)
        elif _takes_agreement(case) and case.standing.approvals != approvals:
            case.tell(Stage.SECOND_APPROVAL, due_at=due)
    return False


def _takes_agreement(case: Case) -> bool:
    """Nobody or one person has agreed so far. With two it is finance that is waited for, as after any failure."""
    standing = case.standing
    waits = standing.waits_for is WaitsFor.SUPERVISOR or len(standing.approvals) == 1
    return standing.status is CaseStatus.PAYMENT_FAILED and waits


def _asks_for_a_destination(case: Case) -> bool:
    return case.standing.status is CaseStatus.PAYMENT_FAILED and case.standing.waits_for is WaitsFor.CUSTOMER


async def _leave_it_to_finance(case: Case) -> None:
    elapsed = Elapse(
        number=case.number, round=case.next_round(StepName.ELAPSE), now=workflow.now(), what="no_destination"
    )
    await case.step(StepName.ELAPSE, elapsed)
    case.tell(Stage.PAYMENT_FAILED)


def has_news(case: Case) -> bool:
    """Whether a provider hinted at news of any payment of the case."""
    return case.news.of_any((*case.standing.legs, *case.standing.earlier))


async def look_into_news(case: Case) -> bool:
    """Ask for each payment that the hints may be about, believe only the answers, and tell the customer of a change.

    To the customer a leg is paid or not, by whatever number: a second payment of it is finance's business, and so is
    one of two that came back. Gives whether the customer was told.
    """
    reversed_before, paid_before = _reversed(case), _paid_legs(case)
    await _ask_about_news(case)
    came_back = {number: leg for number, leg in _reversed(case).items() if number not in reversed_before}
    if set(came_back.values()) - _paid_legs(case):
        if not _asks_for_a_destination(case):  # that letter tells of it, too
            case.tell(Stage.REVERSED)
    elif _paid_legs(case) - paid_before and case.standing.status in _PAID:
        case.tell(Stage.REFUNDED)
    else:
        return False
    return True


async def _may_be_sent(case: Case, leg: Leg) -> bool:
    """Whether every earlier number of the leg has failed for good: its provider is asked once more before a new one,
    and whenever it has news while people have yet to pay the new one by hand.

    It may have changed its mind since it said no, and its message may not have reached us.
    """
    unsent = leg.state in _UNSENT
    for failed in case.standing.earlier:
        has_news = leg.provider == BY_HAND and case.news.of(failed)
        if not may_overtake(failed, leg) or not (unsent or has_news):
            continue
        earlier = Payment(case, failed, in_doubt=True)
        outcome = await earlier.learn(wait_out_conflict=unsent)
        if outcome.kind in _MOVES:
            await earlier.record(outcome)
        if outcome.kind in _MOVES or case.standing.status is not CaseStatus.PAYING:
            return False
    return True


async def _ask_about_news(case: Case, states: Collection[LegState] = frozenset(LegState)) -> None:
    """A number that failed may have paid after all, and one that paid may have been reversed."""
    status = case.standing.status
    for leg in (*case.standing.legs, *case.standing.earlier):
        if leg.state not in states or not case.news.of(leg) or case.standing.status is not status:
            continue
        payment = Payment(case, leg, in_doubt=True)
        outcome = await payment.learn()
        if leg.state in _NEWS_TO.get(outcome.kind, ()):
            await payment.record(outcome)
        elif outcome.kind in _UNANSWERED:  # a person's word came first; it is asked for again in the next stage
            case.news.hear(leg.provider_number)


def _paid_legs(case: Case) -> set[int]:
    return {leg.leg for leg in case.standing.legs if leg.state is LegState.SUCCEEDED}


def _reversed(case: Case) -> dict[str, int]:
    """The numbers that came back, each with the leg it was sent for."""
    attempts = (*case.standing.legs, *case.standing.earlier)
    return {leg.provider_number: leg.leg for leg in attempts if leg.state is LegState.REVERSED}
