"""The line to the cases on a real Temporal server, with a case that only listens."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import Answer, CaseStart, PaymentChanged, SurveyAnswer
from aftersales.contract.names import QUEUE_CASES, REFUND_CASE
from aftersales.contract.numbers import WORKFLOW_ID_PREFIX, new_number, workflow_id
from aftersales.contract.values import CaseStatus, ErrorCode
from aftersales.proof import Keyring, ProofKey
from cli.servers.dev_server import DevServer
from portal.cases import ClientCases

KEY = ProofKey("portal", "p" * 32)
KEYRING = Keyring([KEY])


@workflow.defn(name=REFUND_CASE)
class ListeningCase:
    """Notes the provider's hint and who rated it how."""

    def __init__(self) -> None:
        self._provider_number = ""
        self._rated_by = ""

    @workflow.run
    async def run(self, _start: CaseStart) -> list[str]:
        await workflow.wait_condition(lambda: bool(self._provider_number and self._rated_by))
        return [self._provider_number, self._rated_by]

    @workflow.signal
    async def payment_changed(self, hint: PaymentChanged) -> None:
        self._provider_number = hint.provider_number

    @workflow.update
    async def answer_survey(self, said: SurveyAnswer) -> Answer:
        proof = KEYRING.verify(said, workflow.info().workflow_id.removeprefix(WORKFLOW_ID_PREFIX))
        self._rated_by = f"{proof.role.value} {proof.actor}: {said.score}"
        return Answer(accepted=True, status=CaseStatus.REFUNDED)


@pytest.fixture
async def temporal(dev_server: DevServer) -> AsyncIterator[Client]:
    client = await Client.connect(dev_server.address, data_converter=pydantic_data_converter)
    async with Worker(
        client, task_queue=QUEUE_CASES, workflows=[ListeningCase], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        yield client


async def test_a_hint_and_a_customers_rating_reach_their_case(temporal: Client, dev_server: DevServer) -> None:
    number = new_number()
    handle = await temporal.start_workflow(
        REFUND_CASE,
        {"number": number, "caller": "shop", "request_key": "1", "application": APPLICATION},
        id=workflow_id(number),
        task_queue=QUEUE_CASES,
        execution_timeout=timedelta(seconds=60),
    )
    cases = ClientCases(KEY, dev_server.address, "default")
    await cases.payment_changed(number, PaymentChanged(provider="stripe", provider_number=f"{number}-1-1"))
    answer = await cases.answer_survey(number, SurveyAnswer(score=4), actor="c-7", message_id="m-1")
    assert answer.accepted
    assert await handle.result() == [f"{number}-1-1", "customer c-7: 4"]


APPLICATION = {
    "order_id": "o-1",
    "customer_id": "c-7",
    "items": [{"line_id": "L1", "quantity": 1}],
    "reason": "quality_problem",
}


async def test_while_temporal_is_down_the_line_says_so_and_tries_again_next_time() -> None:
    cases = ClientCases(KEY, "127.0.0.1:9", "default")
    for _ in range(2):
        with pytest.raises(AftersalesError) as caught:
            await cases.payment_changed(new_number(), PaymentChanged(provider="stripe"))
        assert caught.value.code is ErrorCode.ENGINE_UNAVAILABLE
