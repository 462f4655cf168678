"""The line to the cases on a real Temporal server, with a case that only listens."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from aftersales.contract.errors import AftersalesError
from aftersales.contract.messages import PaymentChanged, PayoutChoice, SurveyAnswer
from aftersales.contract.names import QUEUE_CASES, REFUND_CASE
from aftersales.contract.numbers import new_number, workflow_id
from aftersales.contract.values import ErrorCode, PayoutMethod
from cli.servers.dev_server import DevServer
from portal.cases import ClientCases
from tests.portal.listening_case import KEY, ListeningCase


@pytest.fixture
async def temporal(dev_server: DevServer) -> AsyncIterator[Client]:
    client = await Client.connect(dev_server.address, data_converter=pydantic_data_converter)
    async with Worker(client, task_queue=QUEUE_CASES, workflows=[ListeningCase]):
        yield client


async def test_a_hint_and_a_customers_rating_reach_their_case(temporal: Client, dev_server: DevServer) -> None:
    number = new_number()
    handle = await started(temporal, number)
    cases = ClientCases(KEY, dev_server.address, "default")
    await cases.payment_changed(number, PaymentChanged(provider="stripe", provider_number=f"{number}-1-1"))
    answer = await cases.answer_survey(number, SurveyAnswer(score=4), actor="c-7", message_id="m-1")
    assert answer.accepted
    assert await handle.result() == [f"{number}-1-1", "customer c-7: 4"]


async def test_an_answer_that_is_sent_again_counts_once(temporal: Client, dev_server: DevServer) -> None:
    """As a customer does whom the first answer's thanks did not reach."""
    number = new_number()
    handle = await started(temporal, number)
    cases = ClientCases(KEY, dev_server.address, "default")
    for _ in range(2):
        answer = await cases.answer_survey(number, SurveyAnswer(score=4), actor="c-7", message_id="m-1")
        assert answer.accepted
    await cases.payment_changed(number, PaymentChanged(provider="stripe", provider_number="n"))
    assert await handle.result() == ["n", "customer c-7: 4"]


async def test_a_customers_destination_reaches_its_case_by_its_name_and_masked(
    temporal: Client, dev_server: DevServer
) -> None:
    number = new_number()
    handle = await started(temporal, number)
    cases = ClientCases(KEY, dev_server.address, "default")
    choice = PayoutChoice(method=PayoutMethod.BANK_TRANSFER, payee="4f2a", masked="DE•• •••• 3000")
    answer = await cases.choose_payout(number, choice, actor="c-7", message_id="payout-4f2a")
    assert answer.accepted
    await cases.payment_changed(number, PaymentChanged(provider="stripe", provider_number="n"))
    assert await handle.result() == ["n", "customer c-7: DE•• •••• 3000 by 4f2a"]


async def started(temporal: Client, number: str) -> WorkflowHandle[Any, Any]:
    return await temporal.start_workflow(
        REFUND_CASE,
        {"number": number, "caller": "shop", "request_key": "1", "application": APPLICATION},
        id=workflow_id(number),
        task_queue=QUEUE_CASES,
        execution_timeout=timedelta(seconds=60),
    )


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
