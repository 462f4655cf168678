"""A refund case of a few lines under the contract's names, so that the client is tested without the product."""

from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from aftersales.contract.errors import AftersalesError
    from aftersales.contract.messages import (
        Answer,
        Appeal,
        CaseResult,
        CaseStart,
        Decision,
        EvidenceSupplied,
        HandPayment,
        PaymentChanged,
        PayoutChoice,
        Proven,
        SurveyAnswer,
        Withdrawal,
    )
    from aftersales.contract.names import REFUND_CASE, STATUS
    from aftersales.contract.values import OUTCOMES, CaseStatus, DecisionKind, ErrorCode
    from aftersales.contract.views import CaseView
    from aftersales.proof import Keyring, ProofKey

KEY = ProofKey("shop-1", "a secret of the tests alone")
SLOW_PAYMENT = "slow-"
"""Orders of this prefix are refunded only when the provider has news."""
NO_ANSWER_NOTE = "never answer this"
_MOMENT = timedelta(milliseconds=300)
_DECIDED = {DecisionKind.APPROVE: CaseStatus.PAYING, DecisionKind.REJECT: CaseStatus.REJECTED}


@workflow.defn(name=REFUND_CASE)
class SmallRefundCase:
    """under_review until decided; closed by the answer to the survey. `waiting` counts messages heard."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._start = start
        self._status = CaseStatus.RECEIVED
        self._heard = 0
        self._news = False
        self._closed = False
        self._explanation = ""

    @workflow.run
    async def run(self, start: CaseStart) -> CaseResult:
        # A signal sent before the first worker came is handled before this line.
        if self._status is CaseStatus.RECEIVED:
            self._stand(CaseStatus.UNDER_REVIEW)
        await workflow.wait_condition(lambda: self._status is not CaseStatus.UNDER_REVIEW)
        if self._status is CaseStatus.PAYING:
            await self._pay(start.application.order_id)
        await workflow.wait_condition(lambda: self._closed and workflow.all_handlers_finished())
        return CaseResult(number=start.number, status=self._status)

    async def _pay(self, order_id: str) -> None:
        await workflow.sleep(_MOMENT)
        await workflow.wait_condition(lambda: self._news or not order_id.startswith(SLOW_PAYMENT))
        self._stand(CaseStatus.REFUNDED)

    @workflow.signal
    async def review(self, decision: Decision) -> None:
        self._decide(decision)

    @workflow.signal
    async def payment_changed(self, hint: PaymentChanged) -> None:
        self._news = hint.provider == "stripe"

    @workflow.update
    async def decide(self, decision: Decision) -> Answer:
        return self._decide(decision)

    @workflow.update
    async def supply_evidence(self, message: EvidenceSupplied) -> Answer:
        await workflow.wait_condition(lambda: message.note != NO_ANSWER_NOTE)
        return self._hear(message, self._status)

    @workflow.update
    async def withdraw(self, message: Withdrawal) -> Answer:
        return self._hear(message, CaseStatus.WITHDRAWN)

    @workflow.update
    async def appeal(self, message: Appeal) -> Answer:
        return self._hear(message, CaseStatus.UNDER_REVIEW)

    @appeal.validator
    def _appeal_has_something_to_appeal(self, message: Appeal) -> None:  # noqa: ARG002
        if self._status is not CaseStatus.REJECTED:
            raise ApplicationError("Only a rejection can be appealed.", type=ErrorCode.NOT_NOW.value)

    @workflow.update
    async def answer_survey(self, message: SurveyAnswer) -> Answer:
        self._closed = self._status in OUTCOMES
        return self._hear(message, self._status)

    @answer_survey.validator
    def _survey_is_out(self, message: SurveyAnswer) -> None:  # noqa: ARG002
        if self._status not in OUTCOMES:
            raise ApplicationError("No survey yet.", type="a_word_of_a_newer_worker")

    @workflow.update
    async def choose_payout(self, message: PayoutChoice) -> Answer:
        return self._hear(message, CaseStatus.PAYING)

    @workflow.update
    async def record_hand_payment(self, message: HandPayment) -> Answer:
        return self._hear(message, CaseStatus.REFUNDED)

    @workflow.query
    def view(self) -> CaseView:
        asked = self._start.application
        return CaseView(
            number=self._start.number,
            status=self._status,
            kind=asked.kind,
            reason=asked.reason,
            order_id=asked.order_id,
            customer_id=asked.customer_id,
            channel=asked.channel,
            opened_at=workflow.info().start_time,
            waiting=f"heard {self._heard}",
            explanation=self._explanation,
            closed=self._closed,
        )

    def _decide(self, decision: Decision) -> Answer:
        self._explanation = decision.explanation
        return self._hear(decision, _DECIDED.get(decision.kind, CaseStatus.UNDER_REVIEW))

    def _hear(self, message: Proven, status: CaseStatus) -> Answer:
        self._heard += 1
        try:
            Keyring([KEY]).verify(message, self._start.number)
        except AftersalesError as error:
            return Answer(accepted=False, status=self._status, code=error.code, sentence=str(error))
        self._stand(status)
        return Answer(accepted=True, status=status)

    def _stand(self, status: CaseStatus) -> None:
        self._status = status
        workflow.upsert_search_attributes([STATUS.value_set(status.value)])
