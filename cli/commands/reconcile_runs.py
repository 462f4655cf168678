"""Starting the reconciliation from the command line, and following it to its end."""

from __future__ import annotations

import asyncio
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import FailureError
from temporalio.service import RPCError

from activities.reconciling import DayOrder, DayResult, Plan, PlanOrder
from aftersales.contract.names import QUEUE_CASES
from cli.commands.deployment import Deployment
from cli.commands.errors import CommandError
from cli.commands.screen import say
from workflows.reconcile import ReconcileDay, Reconciliation, day_id

if TYPE_CHECKING:
    from temporalio.client import Client

PATIENCE_S: Final = 60.0
"""For a worker to take it up."""

LONGEST_S: Final = 1800.0
"""For one day to be compared."""


class Asked(NamedTuple):
    """Which provider and day; empty and None for whatever is due."""

    provider: str
    day: date | None


async def reconcile_now(deployment: Deployment, asked: Asked) -> None:
    """Reconcile, a line for each day. Raises CommandError if one of them could not be."""
    client = await deployment.temporal()
    try:
        plan = await _planned(client, asked)
        failed = [not await _followed(client, order) for order in plan.days]
    except RPCError as error:
        raise CommandError(
            f"Temporal did not take the reconciliation ({error.message}). Try again once it answers."
        ) from error
    if any(failed):
        raise CommandError(
            f"{sum(failed)} of {len(failed)} days were not reconciled. Once the reason is mended they are tried again "
            "every night, or now by this very command."
        )


async def _planned(client: Client, asked: Asked) -> Plan:
    """The days, as a worker knows them: it has the providers' keys."""
    try:
        return await client.execute_workflow(
            Reconciliation.run,
            PlanOrder(provider=asked.provider, day=asked.day, starts=False),
            id=f"reconciliation/asked/{uuid.uuid4()}",
            task_queue=QUEUE_CASES,
            execution_timeout=timedelta(seconds=PATIENCE_S),
        )
    except WorkflowFailureError as error:
        why = _root(error)
        if isinstance(why, TimeoutError) or not str(why):
            why = f"no worker took it up within {PATIENCE_S:g} seconds; start one with `aftersales worker`"
        raise CommandError(f"The reconciliation did not begin: {why}") from error


async def _followed(client: Client, order: DayOrder) -> bool:
    """Whether the day was reconciled. One that waits for its statement is taken over, so that it is asked for now."""
    place = f"{order.provider}, {order.day}"
    handle = await client.start_workflow(
        ReconcileDay.run,
        order.model_copy(update={"at_once": True}),
        id=day_id(order),
        task_queue=QUEUE_CASES,
        id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
        static_summary=place,
    )
    try:
        async with asyncio.timeout(LONGEST_S):
            result = await handle.result()
    except WorkflowFailureError as error:
        say(f"{place}: not reconciled. {_root(error)}")
        return False
    except TimeoutError:
        say(f"{place}: it still goes on; see `aftersales reconcile show {order.day}` later.")
        return False
    say(f"{place}: {_told(result)}")
    return True


def _told(result: DayResult) -> str:
    """Such as `12 lines, 11 agree; 1 difference found, see `aftersales reconcile show 2026-03-02``."""
    counted = f"{result.lines} lines, {result.matched} agree"
    parts = [f"{result.found} differences, see `aftersales reconcile show {result.day}`"] if result.found else []
    parts += [f"{result.resolved} resolved"] if result.resolved else []
    parts += [f"{result.others} still open from other days"] if result.others else []
    return f"{counted}; {', '.join(parts)}." if parts else f"{counted}; no difference."


def _root(error: WorkflowFailureError) -> str:
    """What the activity said, not what was wrapped around it."""
    why: BaseException = error
    while why.__cause__ is not None:
        why = why.__cause__
    return why.message if isinstance(why, FailureError) else str(why)
