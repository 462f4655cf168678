"""The refund workflow as callers see it: typed names without server code.

The worker registers its implementation under the same names; a test compares the two.
"""

from __future__ import annotations

from typing import NoReturn

from temporalio import workflow

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
from aftersales.contract.views import CaseView


def _answered_by_a_worker(said: object) -> NoReturn:
    raise RuntimeError(f"{type(said).__name__}: this class only names the workflow; a worker answers")


@workflow.defn(name=REFUND_CASE)
class RefundCaseHandle:
    """One refund, return or exchange, from the application until nothing can happen to it any more."""

    @workflow.run
    async def run(self, start: CaseStart) -> CaseResult:
        """Closes weeks after the outcome; whoever waits for the outcome follows the status instead."""
        _answered_by_a_worker(start)

    @workflow.signal
    async def review(self, decision: Decision) -> None:
        """A decision by fire and forget; accepted even while no worker runs."""

    @workflow.signal
    async def payment_changed(self, hint: PaymentChanged) -> None:
        """A provider has news of a payment."""

    @workflow.update
    async def decide(self, decision: Decision) -> Answer:
        """A decision whose sender waits for the answer."""
        _answered_by_a_worker(decision)

    @workflow.update
    async def supply_evidence(self, message: EvidenceSupplied) -> Answer:
        """What the customer was asked for."""
        _answered_by_a_worker(message)

    @workflow.update
    async def withdraw(self, message: Withdrawal) -> Answer:
        """Give the case up, wherever nothing irreversible has happened."""
        _answered_by_a_worker(message)

    @workflow.update
    async def appeal(self, message: Appeal) -> Answer:
        """Ask once for another look at a rejection (P2.8)."""
        _answered_by_a_worker(message)

    @workflow.update
    async def answer_survey(self, message: SurveyAnswer) -> Answer:
        """How it was (P4.2)."""
        _answered_by_a_worker(message)

    @workflow.update
    async def choose_payout(self, message: PayoutChoice) -> Answer:
        """Where money is to go that cannot go back the way it came (P3.2)."""
        _answered_by_a_worker(message)

    @workflow.update
    async def record_hand_payment(self, message: HandPayment) -> Answer:
        """What finance did about a payment that has no interface (P3.3)."""
        _answered_by_a_worker(message)

    @workflow.update
    async def claim(self, message: Claim) -> Answer:
        """Somebody works on the case, for a while (P6.2)."""
        _answered_by_a_worker(message)

    @workflow.query
    def view(self) -> CaseView:
        """The case as it stands."""
        _answered_by_a_worker(self)
