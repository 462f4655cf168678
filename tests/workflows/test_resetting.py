"""A workflow that operators reset meets its own results, and pays nothing more (R17; design: temporal, trap 1)."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import AsyncExitStack
from pathlib import Path

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.types import Stage
from aftersales import connect
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import (
    CaseStatus,
)
from cli.servers.dev_server import DevServer
from tests.replay.scene import Scene, open_world
from tests.support.temporal import PATIENCE_S
from tests.workflows.conftest import case_start
from tests.workflows.losing import view
from tests.workflows.world import World
from workflows.refund_case import RefundCase


async def test_a_reset_asks_as_the_same_life_and_a_new_start_as_another(dev_server: DevServer) -> None:
    client, world = await connect(address=dev_server.address), World(assessed=CaseStatus.UNDER_REVIEW)
    async with AsyncExitStack() as stack:
        queue = uuid.uuid4().hex
        workers = Worker(client, task_queue=queue, workflows=[RefundCase], activities=world.activities())
        await stack.enter_async_context(workers)
        case = case_start()
        id_ = workflow_id(case.number)
        handle = await client.start_workflow(RefundCaseHandle.run, case, id=id_, task_queue=queue)
        await handle.query(RefundCaseHandle.view)
        await set_back(client, id_)
        await heard(world, 2)
        await client.get_workflow_handle(id_).terminate("lost")
        await client.start_workflow(RefundCaseHandle.run, case, id=id_, task_queue=queue)
        await heard(world, 3)
        await client.get_workflow_handle(id_).terminate("over")
    first, reset, anew = world.lives
    assert first == reset != anew
    assert first


async def test_a_case_that_is_reset_after_its_money_moved_asks_by_the_same_number_and_pays_nothing_more(
    dev_server: DevServer, tmp_path: Path
) -> None:
    env = WorkflowEnvironment.from_client(await connect(address=dev_server.address))
    async with open_world(env, f"sqlite:///{tmp_path}/store.db") as world:
        case = Scene(world, uuid.uuid4().hex)
        await case.apply()
        await case.hear(Stage.REFUNDED)
        await set_back(env.client, workflow_id(case.number))
        async with asyncio.timeout(PATIENCE_S):
            while (await view(case)).status is not CaseStatus.REFUNDED:
                await asyncio.sleep(0.05)
        await case.stop()
    assert [leg.leg.provider_number for leg in world.provider.calls] == [f"{case.number}-1-1"]


async def set_back(client: Client, id_: str) -> None:
    """To the workflow's first task, as an operator may wish."""
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=id_),
            reason="an operator's wish",
            workflow_task_finish_event_id=4,
            request_id=uuid.uuid4().hex,
        )
    )


async def heard(world: World, times: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while len(world.lives) < times:
            await asyncio.sleep(0.02)
