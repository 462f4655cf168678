"""Starting a case on a real Temporal server."""

import asyncio

import pytest
from pydantic import ValidationError
from temporalio.client import Client, WorkflowExecutionStatus

from aftersales import AfterSales, AftersalesError, Application, CaseStatus, ErrorCode, ProofKey, Role, connect
from aftersales.contract.messages import CaseStart
from aftersales.contract.names import CUSTOMER, MEMO_BODY, ORDER, QUEUE_CASES, STATUS
from aftersales.contract.numbers import workflow_id
from aftersales.proof import Keyring
from cli.servers.dev_server import DevServer
from tests.client.conftest import application_for, close, until_indexed
from tests.client.small_case import KEY


@pytest.fixture
async def temporal(dev_server: DevServer) -> Client:
    return await connect(address=dev_server.address)


async def _started_with(temporal: Client, number: str) -> CaseStart:
    history = await temporal.get_workflow_handle(workflow_id(number)).fetch_history()
    arguments = history.events[0].workflow_execution_started_event_attributes.input.payloads
    start: CaseStart = (await temporal.data_converter.decode(arguments, [CaseStart]))[0]
    return start


async def test_an_application_is_kept_while_no_worker_runs(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)

    case = await temporal.get_workflow_handle(workflow_id(number)).describe()
    assert case.status is WorkflowExecutionStatus.RUNNING
    assert case.task_queue == QUEUE_CASES
    assert case.workflow_type == "RefundCase"


async def test_ops_can_find_and_read_a_case_before_any_worker_has_seen_it(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)

    case = await temporal.get_workflow_handle(workflow_id(number)).describe()
    found = case.typed_search_attributes
    assert (found[STATUS], found[ORDER], found[CUSTOMER]) == ("received", application.order_id, "C-7")
    assert await case.static_summary() == f"refund only, wrong size, order {application.order_id}"
    assert number in (await case.static_details() or "")
    assert await case.memo_value(MEMO_BODY) == application.body_digest()


async def test_a_case_has_no_time_limit_and_no_retry_policy(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)

    history = await temporal.get_workflow_handle(workflow_id(number)).fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    assert not started.workflow_execution_timeout.ToTimedelta()
    assert not started.HasField("retry_policy")


async def test_an_application_is_proved_to_come_from_its_customer(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)

    start = await _started_with(temporal, number)
    proof = Keyring([KEY]).verify(start.application, number)
    assert (proof.actor, proof.role) == ("C-7", Role.CUSTOMER)
    assert (start.caller, start.request_key) == ("shop", request_key)


async def test_an_agent_applies_in_the_customers_place_under_their_own_name(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key, actor="agent-3", role=Role.AGENT)

    start = await _started_with(temporal, number)
    assert start.application.proof is not None
    assert (start.application.proof.actor, start.application.proof.role) == ("agent-3", Role.AGENT)


async def test_the_same_request_twice_is_one_case(
    after_sales: AfterSales, application: Application, request_key: str
) -> None:
    first = await after_sales.apply(application, request_key=request_key)
    assert await after_sales.apply(application, request_key=request_key) == first


async def test_a_hundred_requests_at_once_with_the_same_key_are_one_case(
    after_sales: AfterSales, application: Application, request_key: str
) -> None:
    numbers = await asyncio.gather(*(after_sales.apply(application, request_key=request_key) for _ in range(100)))

    assert len(set(numbers)) == 1
    await until_indexed(after_sales, application.order_id)
    assert [row.number async for row in after_sales.find(order_id=application.order_id)] == numbers[:1]


async def test_a_request_key_cannot_stand_for_another_application(
    after_sales: AfterSales, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)

    with pytest.raises(AftersalesError, match=f"stands for case {number}") as refused:
        await after_sales.apply(application_for("order-other"), request_key=request_key)
    assert refused.value.code is ErrorCode.REQUEST_KEY_REUSED


@pytest.mark.usefixtures("running_worker")
async def test_a_request_that_is_repeated_after_its_case_has_closed_opens_no_second_one(
    after_sales: AfterSales, application: Application, request_key: str
) -> None:
    number = await after_sales.apply(application, request_key=request_key)
    await close(after_sales, number)

    assert await after_sales.apply(application, request_key=request_key) == number
    assert (await after_sales.view(number)).status is CaseStatus.WITHDRAWN
    with pytest.raises(AftersalesError) as refused:
        await after_sales.apply(application_for("order-other"), request_key=request_key)
    assert refused.value.code is ErrorCode.REQUEST_KEY_REUSED


async def test_two_callers_may_use_the_same_request_key(
    after_sales: AfterSales, temporal: Client, application: Application, request_key: str
) -> None:
    hotline = AfterSales(temporal, caller="hotline", key=KEY)
    number = await after_sales.apply(application, request_key=request_key)
    assert await hotline.apply(application, request_key=request_key) != number


async def test_an_application_by_staff_names_who_it_is(after_sales: AfterSales, application: Application) -> None:
    with pytest.raises(AftersalesError, match="needs `actor`: say who it is") as refused:
        await after_sales.apply(application, request_key="k", role=Role.AGENT)
    assert refused.value.code is ErrorCode.PROOF_MISSING


async def test_a_role_that_the_key_may_not_vouch_for_is_refused_before_sending(
    temporal: Client, application: Application
) -> None:
    portal_key = ProofKey("portal", "what the portal knows", frozenset({Role.CUSTOMER}))
    portal = AfterSales(temporal, caller="portal", key=portal_key)
    with pytest.raises(AftersalesError, match="may not vouch for the role agent; nothing was sent") as refused:
        await portal.apply(application, request_key="k", actor="agent-3", role=Role.AGENT)
    assert refused.value.code is ErrorCode.ROLE_NOT_ALLOWED


@pytest.mark.parametrize("request_key", ["", "k" * 201])
async def test_a_request_key_that_is_none_is_refused_by_name(
    after_sales: AfterSales, application: Application, request_key: str
) -> None:
    with pytest.raises(ValidationError, match="request_key"):
        await after_sales.apply(application, request_key=request_key)


async def test_a_caller_needs_a_name_that_can_be_written_anywhere(temporal: Client) -> None:
    with pytest.raises(ValidationError):
        AfterSales(temporal, caller="the shop", key=KEY)
