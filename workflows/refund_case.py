"""The refund case: the implementation behind `aftersales.contract.handles.RefundCaseHandle`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.types import Message
    from aftersales.contract.messages import (
        Answer,
        Appeal,
        CaseResult,
        CaseStart,
        Claim,
        Decision,
        EvidenceSupplied,
        HandPayment,
        PaymentChanged,
        PayoutChoice,
        SurveyAnswer,
        Withdrawal,
    )
    from aftersales.contract.names import REFUND_CASE
    from aftersales.contract.values import CaseStatus, Frozen, MessageKind
    from aftersales.contract.views import CaseView

    # Module by module: what `from workflows import …` names is not passed through, but loaded anew for each case.
    from workflows.aftercare import care
    from workflows.case import Case, Heard
    from workflows.intake import take_in, wait_for_evidence
    from workflows.payment import pay, wait_for_a_way
    from workflows.review import review, wait_for_customer
    from workflows.sight import view

STAGES: dict[CaseStatus, Callable[[Case], Awaitable[None]]] = {
    CaseStatus.RECEIVED: take_in,
    CaseStatus.NEEDS_EVIDENCE: wait_for_evidence,
    CaseStatus.UNDER_REVIEW: review,
    CaseStatus.AWAITING_CUSTOMER: wait_for_customer,
    CaseStatus.PAYING: pay,
    CaseStatus.PAYMENT_FAILED: wait_for_a_way,
    CaseStatus.REFUNDED: care,
    CaseStatus.PARTLY_REFUNDED: care,
    CaseStatus.REJECTED: care,
    CaseStatus.WITHDRAWN: care,
    CaseStatus.EXPIRED: care,
}
"""The stage that a case is in, by its status; each ends when the status is another, or the case is closed."""


SaidT = TypeVar("SaidT", bound=Frozen)
SelfT = TypeVar("SelfT")


def _readable_only(handler: Callable[[SelfT, SaidT], None]) -> Callable[[SelfT, SaidT], None]:
    """A signal without a body, or with two, is dropped like any other that cannot be read; called with it, the handler
    would stop the case for good."""

    @wraps(handler)
    def guarded(case: SelfT, *said: SaidT) -> None:
        if _readable(said):
            handler(case, *said)
        else:
            workflow.logger.warning("a signal without just one message was dropped")

    return guarded


def _readable_or_failed(
    handler: Callable[[SelfT, SaidT], Awaitable[Answer]],
) -> Callable[[SelfT, SaidT], Awaitable[Answer]]:
    """The same of an update, whose sender is told."""

    @wraps(handler)
    async def guarded(case: SelfT, *said: SaidT) -> Answer:
        if not _readable(said):
            sentence = "An update takes just one message, as aftersales.contract.messages has it; nothing was done."
            raise ApplicationError(sentence, non_retryable=True)
        return await handler(case, *said)

    return guarded


def _readable(said: tuple[Frozen, ...]) -> bool:
    return len(said) == 1 and isinstance(said[0], Frozen)


@workflow.defn(name=REFUND_CASE)
class RefundCase:
    """One refund, return or exchange, from the application until nothing can happen to it any more."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self.case = Case(start=start, opened_at=workflow.now())

    @workflow.run
    async def run(self, start: CaseStart) -> CaseResult:
        """Stage after stage until the case is closed, then the last answers and letters."""
        case = self.case
        while not case.closed:
            await STAGES[case.standing.status](case)
        await case.drain()
        return CaseResult(
            number=start.number,
            status=case.standing.status,
            refunded=case.refunded,
            closed_at=workflow.now(),
        )

    @workflow.signal(name="review", description="A reviewer's decision, without waiting for an answer")
    @_readable_only
    def review(self, decision: Decision) -> None:
        self.case.put(MessageKind.DECISION, decision)

    @workflow.signal(name="payment_changed", description="The provider has news; the case asks it")
    @_readable_only
    def payment_changed(self, hint: PaymentChanged) -> None:
        self.case.news.hear(hint.provider_number)

    @workflow.update(name="decide", description="A reviewer's decision, answered")
    @_readable_or_failed
    async def decide(self, decision: Decision) -> Answer:
        return await self._heard(MessageKind.DECISION, decision)

    @workflow.update(name="supply_evidence", description="What the customer was asked for")
    @_readable_or_failed
    async def supply_evidence(self, message: EvidenceSupplied) -> Answer:
        return await self._heard(MessageKind.EVIDENCE, message)

    @workflow.update(name="withdraw", description="The customer gives the case up")
    @_readable_or_failed
    async def withdraw(self, message: Withdrawal) -> Answer:
        return await self._heard(MessageKind.WITHDRAWAL, message)

    @workflow.update(name="appeal", description="One more look at a rejection")
    @_readable_or_failed
    async def appeal(self, message: Appeal) -> Answer:
        return await self._heard(MessageKind.APPEAL, message)

    @workflow.update(name="answer_survey", description="How it was, from 1 to 5")
    @_readable_or_failed
    async def answer_survey(self, message: SurveyAnswer) -> Answer:
        return await self._heard(MessageKind.SURVEY_ANSWER, message)

    @workflow.update(name="choose_payout", description="Where money goes that cannot go back the way it came")
    @_readable_or_failed
    async def choose_payout(self, message: PayoutChoice) -> Answer:
        return await self._heard(MessageKind.PAYOUT_CHOICE, message)

    @workflow.update(name="record_hand_payment", description="What finance did about a payment without an interface")
    @_readable_or_failed
    async def record_hand_payment(self, message: HandPayment) -> Answer:
        return await self._heard(MessageKind.HAND_PAYMENT, message)

    @workflow.update(name="claim", description="Somebody works on the case, for a while")
    @_readable_or_failed
    async def claim(self, message: Claim) -> Answer:
        return await self._heard(MessageKind.CLAIM, message)

    @workflow.query(name="view", description="The case as it stands")
    def view(self) -> CaseView:
        case = self.case
        return view(case.start, case.standing, case.opened_at, case.waiting, case.due_at, closed=case.closed)

    async def _heard(self, kind: MessageKind, message: Message) -> Answer:
        heard: Heard = self.case.put(kind, message)
        await workflow.wait_condition(lambda: heard.answer is not None)
        assert heard.answer is not None
        return heard.answer
