"""The schedule of what is done once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from aftersales.contract.names import QUEUE_CASES
from worker.scheduling import keep
from workflows.daily import Daily

SCHEDULE_ID: Final = "aftersales-daily"
CATCH_UP: Final = timedelta(hours=12)
"""A night that Temporal missed is made up for on the next morning."""


async def keep_daily(client: Client, cron: str) -> None:
    """Have the log sealed and evidence erased as the cron expression says, in UTC. Raises RPCError."""
    await keep(client, SCHEDULE_ID, _schedule(cron))


def _schedule(cron: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Daily.run,
            id="daily",
            task_queue=QUEUE_CASES,
            static_summary="seal the operations log, erase evidence whose time is over",
        ),
        spec=ScheduleSpec(cron_expressions=[cron]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
