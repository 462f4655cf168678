"""The sweep's line to Temporal, and the schedule that starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    WorkflowExecutionStatus,
)

from activities.ports import RunState
from aftersales.client import ANSWER_LIMIT_S
from aftersales.contract.errors import AftersalesError
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import CaseStart, PaymentChanged
from aftersales.contract.names import QUEUE_CASES, REFUND_CASE
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import ErrorCode
from aftersales.line import Line
from aftersales.starting import start_case
from worker.scheduling import keep
from workflows.sweep import Sweep

SCHEDULE_ID: Final = "aftersales-sweep"
CATCH_UP: Final = timedelta(minutes=1)
"""Sweeps missed while Temporal was down are not made up for: the next one finds the same."""

_STATES: Final = {
    WorkflowExecutionStatus.RUNNING: RunState.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: RunState.RUNNING,
    WorkflowExecutionStatus.COMPLETED: RunState.COMPLETED,
    WorkflowExecutionStatus.FAILED: RunState.FAILED,
    WorkflowExecutionStatus.CANCELED: RunState.CANCELED,
    WorkflowExecutionStatus.TERMINATED: RunState.TERMINATED,
    WorkflowExecutionStatus.TIMED_OUT: RunState.TIMED_OUT,
}


class TemporalCases:
    """`activities.ports.CaseEngine` over a Temporal client."""

    def __init__(self, client: Client) -> None:
        self._line = Line(client, ANSWER_LIMIT_S)

    async def states(self, numbers: Sequence[str]) -> Mapping[str, RunState]:
        """One list for all of them; only those that it does not show running are looked at one by one.

        The list is an index that lags behind by a second; a description is the truth. Raises AftersalesError.
        """
        running = await self._running(numbers)
        return {number: RunState.RUNNING if number in running else await self._described(number) for number in numbers}

    async def start(self, start: CaseStart) -> None:
        """Raises AftersalesError: engine_unavailable, request_key_reused."""
        await start_case(self._line, start)

    async def payment_changed(self, number: str, hint: PaymentChanged) -> None:
        """Raises AftersalesError: engine_unavailable, case_unknown, case_closed."""
        await self._line.send(self._line.case(number).signal(RefundCaseHandle.payment_changed, hint), number)

    async def _running(self, numbers: Sequence[str]) -> set[str]:
        if not numbers:
            return set()
        by_id = {workflow_id(number): number for number in numbers}
        ids = ", ".join(f"'{each}'" for each in by_id)
        query = f"WorkflowType = '{REFUND_CASE}' AND ExecutionStatus = 'Running' AND WorkflowId IN ({ids})"
        return {by_id[each.id] async for each in self._line.executions(query, limit=len(numbers))}

    async def _described(self, number: str) -> RunState:
        try:
            described = await self._line.describe(number)
        except AftersalesError as error:
            if error.code is not ErrorCode.CASE_UNKNOWN:
                raise
            return RunState.MISSING
        return _STATES[described.status or WorkflowExecutionStatus.RUNNING]


async def keep_schedule(client: Client, every_s: int) -> None:
    """Have the namespace's one sweep schedule fire every so many seconds, one sweep at a time.

    Raises RPCError.
    """
    await keep(client, SCHEDULE_ID, _schedule(every_s))


def _schedule(every_s: int) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Sweep.run,
            id="sweep",
            task_queue=QUEUE_CASES,
            static_summary="take up news that was not told and cases without a workflow",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timedelta(seconds=every_s))]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
