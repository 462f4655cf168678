"""A case that only listens, under the contract's names."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from aftersales.contract.messages import Answer, CaseStart, PaymentChanged, PayoutChoice, SurveyAnswer
    from aftersales.contract.names import REFUND_CASE
    from aftersales.contract.numbers import WORKFLOW_ID_PREFIX
    from aftersales.contract.values import CaseStatus
    from aftersales.proof import Keyring, ProofKey

KEY = ProofKey("portal", "p" * 32)
KEYRING = Keyring([KEY])


@workflow.defn(name=REFUND_CASE)
class ListeningCase:
    """Notes the provider's hint, and who rated it how or wants the money where."""

    def __init__(self) -> None:
        self._provider_number = ""
        self._ratings: list[str] = []

    @workflow.run
    async def run(self, _start: CaseStart) -> list[str]:
        await workflow.wait_condition(lambda: bool(self._provider_number and self._ratings))
        return [self._provider_number, *self._ratings]

    @workflow.signal
    async def payment_changed(self, hint: PaymentChanged) -> None:
        self._provider_number = hint.provider_number

    @workflow.update
    async def answer_survey(self, said: SurveyAnswer) -> Answer:
        proof = KEYRING.verify(said, workflow.info().workflow_id.removeprefix(WORKFLOW_ID_PREFIX))
        self._ratings.append(f"{proof.role.value} {proof.actor}: {said.score}")
        return Answer(accepted=True, status=CaseStatus.REFUNDED)

    @workflow.update
    async def choose_payout(self, said: PayoutChoice) -> Answer:
        proof = KEYRING.verify(said, workflow.info().workflow_id.removeprefix(WORKFLOW_ID_PREFIX))
        self._ratings.append(f"{proof.role.value} {proof.actor}: {said.masked} by {said.payee}")
        return Answer(accepted=True, status=CaseStatus.PAYING)
