"""The schedules of a namespace: the sweep, the reconciliation and what is done once a day."""

from __future__ import annotations

from temporalio.client import Client, Schedule, ScheduleAlreadyRunningError, ScheduleUpdate, ScheduleUpdateInput


async def keep(client: Client, schedule_id: str, wanted: Schedule) -> None:
    """Have the namespace's one schedule of that name be as wanted.

    Any number of workers may do so; whether operators have paused it stays as it is. Raises RPCError.
    """
    try:
        await client.create_schedule(schedule_id, wanted)
    except ScheduleAlreadyRunningError:

        def changed(found: ScheduleUpdateInput) -> ScheduleUpdate:
            wanted.state = found.description.schedule.state
            return ScheduleUpdate(wanted)

        await client.get_schedule_handle(schedule_id).update(changed)
