"""A case with the real activities whose workflow is lost, as when Temporal's database is (R17)."""

from __future__ import annotations

import uuid

from sqlalchemy import delete
from temporalio.common import WorkflowIDReusePolicy

from activities.rows import Mail
from activities.rulings import Action
from activities.types import Stage
from aftersales.contract import names
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.numbers import workflow_id
from aftersales.contract.views import CaseView
from storage.reading import Reading
from storage.tables import MAILS
from tests.replay.scene import Scene
from tests.replay.scene import World as RealWorld
from tests.support.temporal import until_at_rest


async def lose(case: Scene) -> None:
    """The workflow is gone, and the sweep starts one from the case's row, which has then taken up where it stood.

    It cannot be deleted from this server, so the new one is allowed to follow upon it.
    """
    env, id_ = case.world.env, workflow_id(case.number)
    await until_at_rest(env.client, id_)
    await env.client.get_workflow_handle(id_).terminate("lost")
    start = await Reading(case.world.engine).start_of(case.number)
    assert start is not None
    await env.client.start_workflow(
        RefundCaseHandle.run,
        start,
        id=id_,
        task_queue=names.QUEUE_CASES,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    await until_at_rest(env.client, id_)


async def under_review(world: RealWorld) -> Scene:
    world.policy.says(Action.REVIEW, "needs_a_person")
    case = Scene(world, uuid.uuid4().hex)
    await case.apply()
    await case.hear(Stage.REVIEW_STARTED)
    return case


async def view(case: Scene) -> CaseView:
    handle = case.world.env.client.get_workflow_handle(workflow_id(case.number))
    return await handle.query(RefundCaseHandle.view)


def told(case: Scene) -> list[Stage]:
    """To the agents, in the sequence in which it went out."""
    return [mail.stage for mail in to_agents(case)]


def to_agents(case: Scene) -> list[Mail]:
    sent = case.world.mailer.sent
    return [mail for mail in sent if mail.number == case.number and mail.recipient.startswith("agents")]


async def forget(world: RealWorld, stage: Stage) -> None:
    """As if the workflow had been lost before it could tell."""
    async with world.engine.begin() as connection:
        await connection.execute(delete(MAILS).where(MAILS.c.stage == stage))
