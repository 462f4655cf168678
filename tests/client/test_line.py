"""What Temporal may say that a healthy dev server does not: each in the product's words."""

from collections.abc import Awaitable

import pytest
from temporalio.client import WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from aftersales import AfterSales, AftersalesError, Application, ErrorCode, connect
from aftersales.contract.numbers import new_number
from aftersales.line import Line
from cli.servers.dev_server import DevServer


@pytest.fixture
async def line(dev_server: DevServer) -> Line:
    return Line(await connect(address=dev_server.address), answer_limit_s=1.0)


@pytest.fixture
async def number(after_sales: AfterSales, application: Application, request_key: str) -> str:
    return await after_sales.apply(application, request_key=request_key)


async def _saying(error: Exception) -> None:
    raise error


async def _failure(call: Awaitable[object]) -> AftersalesError:
    with pytest.raises(AftersalesError) as failed:
        await call
    return failed.value


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (RPCStatusCode.PERMISSION_DENIED, "check TEMPORAL_API_KEY"),
        (RPCStatusCode.UNAUTHENTICATED, "check TEMPORAL_API_KEY"),
        (RPCStatusCode.RESOURCE_EXHAUSTED, "Try again"),
        (RPCStatusCode.INTERNAL, "operations must look"),
        (RPCStatusCode.UNAVAILABLE, "cannot be reached"),
    ],
)
async def test_a_server_that_does_not_take_a_call_is_unavailable_and_says_why(
    line: Line, number: str, status: RPCStatusCode, advice: str
) -> None:
    said = RPCError("its own words", status, b"")
    for call in (line.send(_saying(said), number), line.ask(_saying(said), number, "")):
        error = await _failure(call)
        assert error.code is ErrorCode.ENGINE_UNAVAILABLE
        assert advice in str(error)
        assert "its own words" in str(error)


async def test_a_queue_without_workers_and_a_view_that_fails_are_nobody_answering(line: Line, number: str) -> None:
    for said in (
        RPCError("no poller seen recently", RPCStatusCode.FAILED_PRECONDITION, b""),
        WorkflowQueryFailedError("not ready"),
    ):
        error = await _failure(line.ask(_saying(said), number, "Wait."))
        assert error.code is ErrorCode.NOBODY_ANSWERS
        assert str(error).endswith("Wait.")


async def test_a_case_that_closed_before_it_took_the_message_is_closed(line: Line) -> None:
    ended = ApplicationError("workflow completed", type="AcceptedUpdateCompletedWorkflow")
    error = await _failure(line.ask(_saying(WorkflowUpdateFailedError(ended)), new_number(), ""))
    assert error.code is ErrorCode.CASE_CLOSED
