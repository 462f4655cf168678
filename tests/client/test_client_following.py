"""Following and finding cases on a real Temporal server."""

import asyncio

import pytest
from pydantic import ValidationError
from temporalio.worker import Worker

from aftersales import (
    AfterSales,
    AftersalesError,
    Application,
    CaseKind,
    CaseStatus,
    Decision,
    DecisionKind,
    ErrorCode,
    PaymentChanged,
    Reason,
)
from aftersales.contract.numbers import workflow_id
from aftersales.search import query_for
from cli.servers.dev_server import DevServer
from tests.client.conftest import HASTY_S, application_for, close, until_indexed
from tests.client.small_case import SLOW_PAYMENT

APPROVAL = Decision(kind=DecisionKind.APPROVE)


@pytest.fixture
async def number(after_sales: AfterSales, application: Application, request_key: str) -> str:
    return await after_sales.apply(application, request_key=request_key)


async def _statuses(after_sales: AfterSales, number: str) -> list[CaseStatus]:
    return [view.status async for view in after_sales.follow(number)]


@pytest.mark.usefixtures("running_worker")
async def test_a_follower_sees_each_status_once_and_stops_at_the_outcome(
    after_sales: AfterSales, request_key: str
) -> None:
    slow = await after_sales.apply(application_for(f"{SLOW_PAYMENT}{request_key}"), request_key=request_key)
    seen = []
    async for view in after_sales.follow(slow):
        seen.append(view.status)
        if view.status is CaseStatus.UNDER_REVIEW:
            await after_sales.review(slow, APPROVAL, actor="agent-3")
        elif view.status is CaseStatus.PAYING:
            await after_sales.payment_changed(slow, PaymentChanged(provider="stripe"))
    assert seen == [CaseStatus.UNDER_REVIEW, CaseStatus.PAYING, CaseStatus.REFUNDED]


async def test_a_follower_waits_through_the_absence_of_workers(
    hasty: AfterSales, number: str, case_worker: Worker
) -> None:
    following = asyncio.create_task(_statuses(hasty, number))
    await hasty.review(number, APPROVAL, actor="agent-3")
    await asyncio.sleep(2 * HASTY_S)
    assert not following.done()
    async with case_worker:
        assert (await asyncio.wait_for(following, 30))[-1] is CaseStatus.REFUNDED


async def test_a_follower_gives_up_when_its_patience_ends(hasty: AfterSales, number: str) -> None:
    with pytest.raises(AftersalesError) as refused:
        await anext(hasty.follow(number, patience_s=0))
    assert refused.value.code is ErrorCode.NOBODY_ANSWERS


@pytest.mark.usefixtures("running_worker")
async def test_a_follower_until_closed_sees_the_case_close(after_sales: AfterSales, number: str) -> None:
    async def views() -> list[tuple[CaseStatus, bool]]:
        return [(view.status, view.closed) async for view in after_sales.follow(number, until_closed=True)]

    following = asyncio.create_task(views())
    await asyncio.sleep(0.5)
    await close(after_sales, number)
    assert (await asyncio.wait_for(following, 30))[-1] == (CaseStatus.WITHDRAWN, True)


@pytest.mark.usefixtures("running_worker")
async def test_the_result_comes_at_the_outcome_while_the_case_stays_open(after_sales: AfterSales, number: str) -> None:
    await after_sales.review(number, APPROVAL, actor="agent-3")
    view = await after_sales.result(number, timeout=30)
    assert (view.status, view.closed) == (CaseStatus.REFUNDED, False)


@pytest.mark.usefixtures("running_worker")
async def test_a_result_that_does_not_come_in_time_is_a_timeout_naming_the_case(
    after_sales: AfterSales, number: str
) -> None:
    with pytest.raises(TimeoutError, match=f"Case {number} has no outcome after 0.5 seconds"):
        await after_sales.result(number, timeout=0.5)


@pytest.mark.usefixtures("running_worker")
async def test_a_case_ended_by_force_has_no_result(after_sales: AfterSales, dev_server: DevServer, number: str) -> None:
    ops = await dev_server.connect()
    await ops.get_workflow_handle(workflow_id(number)).terminate("wrong namespace")
    with pytest.raises(AftersalesError, match="ended before the case had an outcome") as refused:
        await after_sales.result(number, timeout=30)
    assert refused.value.code is ErrorCode.CASE_CLOSED


async def test_cases_are_found_by_order_customer_status_and_reason(
    after_sales: AfterSales, application: Application, number: str
) -> None:
    await until_indexed(after_sales, application.order_id)
    rows = [
        row
        async for row in after_sales.find(
            status=CaseStatus.RECEIVED,
            kind=CaseKind.REFUND_ONLY,
            reason=Reason.WRONG_SIZE,
            order_id=application.order_id,
            customer_id="C-7",
            open_only=True,
        )
    ]
    assert [(row.number, row.status, row.closed) for row in rows] == [(number, CaseStatus.RECEIVED, False)]
    assert (rows[0].order_id, rows[0].channel, rows[0].amount_minor) == (application.order_id, "online", None)


async def test_a_filter_that_does_not_hold_finds_nothing(
    after_sales: AfterSales, application: Application, number: str
) -> None:
    await until_indexed(after_sales, application.order_id)
    assert number in [row.number async for row in after_sales.find(order_id=application.order_id)]
    others = after_sales.find(order_id=application.order_id, status=CaseStatus.PAYING)
    assert [row async for row in others] == []


async def test_not_more_cases_are_listed_than_asked_for(after_sales: AfterSales, request_key: str) -> None:
    application = application_for(f"many-{request_key}")
    for count in range(3):
        await after_sales.apply(application, request_key=f"{request_key}-{count}")
    await until_indexed(after_sales, application.order_id, 3)
    found = [row async for row in after_sales.find(order_id=application.order_id, limit=2)]
    assert len(found) == 2


def test_the_query_names_only_what_was_asked_for() -> None:
    assert query_for() == "WorkflowType = 'RefundCase'"
    assert query_for(order_id="1001", assignee=None, open_only=True) == (
        "WorkflowType = 'RefundCase' AND OrderId = '1001' AND ExecutionStatus = 'Running'"
    )


@pytest.mark.parametrize("hostile", ["x' OR '1'='1", 'a"b', "a\\'b", "", "x" * 65])
def test_a_filter_cannot_say_more_than_a_value(hostile: str) -> None:
    with pytest.raises(ValidationError):
        query_for(order_id=hostile)
