"""R17: the database set back ten minutes, and Temporal likewise, while the provider has paid.

The reconciliation finds every difference, the sweep starts the cases again, and no money moves a second time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.differences import Finding, FindingState
from activities.reconciling import DayOrder, DayResult
from aftersales.connection import connect
from aftersales.contract.messages import Decision
from aftersales.contract.names import QUEUE_CASES
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import CaseStatus, DecisionKind, LegState, Role
from domain.orders import OrderRecord
from domain.reconciling import Difference
from storage.engine import create_store_engine
from storage.reconciliation_listing import ReconciliationListing
from tests.e2e.patience import until
from tests.e2e.provider import SILENT
from tests.e2e.shop import Shop, charge_of, number_of
from worker.sweeping import SCHEDULE_ID
from workflows.reconcile import ReconcileDay, day_id

YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)


async def test_what_a_database_that_was_set_back_has_lost_is_found_and_nothing_is_paid_again(shop: Shop) -> None:
    client = await connect(address=shop.stack.addresses.temporal)
    await client.get_schedule_handle(SCHEDULE_ID).pause(note="swept when the test says so")
    await shop.provider.send("PUT", "clock", now=YESTERDAY.isoformat())
    kept, undecided, unheard = [await _quiet_order(shop) for _ in range(3)]
    under_way = await _quiet_order(shop, "hold_after_execute")
    await shop.all_refunded([await shop.apply(kept)])
    await shop.apply(under_way)
    await shop.provider.until_held(charge_of(under_way))
    await shop.apply(undecided, goods_back=False)
    await shop.until_status(number_of(undecided), CaseStatus.UNDER_REVIEW)
    async with _set_back(shop):
        await shop.provider.release(charge_of(under_way), "continue")
        await _approve(shop, undecided)
        await shop.apply(unheard)
        await shop.all_refunded([number_of(order) for order in (under_way, undecided, unheard)])
        for order in (under_way, undecided, unheard):
            await _forget(client, number_of(order))
    result = await _reconciled(client)
    assert (result.lines, result.matched, result.found) == (4, 1, 3)
    found = {finding.subject: finding for finding in await _findings(shop)}
    assert set(found) == {_payment(order) for order in (under_way, undecided, unheard)}
    assert {finding.kind for finding in found.values()} == {Difference.MISSING_HERE}
    assert found[_payment(under_way)].number == number_of(under_way)
    await _swept(client)
    await shop.until_leg(number_of(under_way), LegState.SUCCEEDED)
    await shop.until_status(number_of(undecided), CaseStatus.UNDER_REVIEW)
    await _approve(shop, undecided)
    await shop.all_refunded([number_of(order) for order in (under_way, undecided)])
    result = await _reconciled(client)
    assert (result.resolved, result.found) == (2, 1)
    [lost] = [finding for finding in await _findings(shop) if finding.state is FindingState.OPEN]
    assert (lost.subject, lost.with_finance) == (_payment(unheard), True), "what both have lost is said"
    legs = (await shop.provider.executions())["legs"]
    assert [legs[_payment(order)]["executions"] for order in (kept, under_way, undecided, unheard)] == [1] * 4


def _payment(order: OrderRecord) -> str:
    return f"{number_of(order)}-1-1"


async def _quiet_order(shop: Shop, *more: str) -> OrderRecord:
    """An order about whose refund the provider says nothing by itself."""
    order = await shop.sell()
    await shop.provider.fault(SILENT, *more, charge=charge_of(order))
    return order


async def _approve(shop: Shop, order: OrderRecord) -> None:
    decision = Decision(kind=DecisionKind.APPROVE)
    answer = await shop.client.decide(number_of(order), decision, actor="agent-1", role=Role.AGENT)
    assert answer.accepted, answer


@asynccontextmanager
async def _set_back(shop: Shop) -> AsyncIterator[None]:
    """What is written meanwhile is lost: afterwards the database is what it was before."""
    file = Path(shop.stack.database_url.removeprefix("sqlite:///"))
    copy = file.with_suffix(".copy")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    yield
    await shop.stack.worker.stop()
    await shop.stack.portal.stop()
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    copy.rename(file)
    await shop.stack.start_portal()
    await shop.stack.start_worker()


async def _forget(client: Client, number: str) -> None:
    """Temporal loses a case."""
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id(number))
        )
    )

    async def gone() -> bool:
        try:
            await client.get_workflow_handle(workflow_id(number)).describe()
        except RPCError:
            return True
        return False

    await until(f"Temporal has lost {number}", gone)


async def _reconciled(client: Client) -> DayResult:
    order = DayOrder(provider="stripe", day=YESTERDAY.date(), at_once=True)
    return await client.execute_workflow(ReconcileDay.run, order, id=day_id(order), task_queue=QUEUE_CASES)


async def _findings(shop: Shop) -> tuple[Finding, ...]:
    engine = create_store_engine(shop.stack.database_url)
    try:
        return await ReconciliationListing(engine).findings_of(YESTERDAY.date())
    finally:
        await engine.dispose()


async def _swept(client: Client) -> None:
    await client.get_schedule_handle(SCHEDULE_ID).trigger()
