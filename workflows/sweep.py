"""The sweep: what was cut off is taken up again, on a schedule (design: architecture, Steps; R8, R17)."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.sweeping import Sweeping, SweepOrder, SweepResult

# A sweep takes seconds; ten thousand cases and as many messages at once still fit. A worker that is killed is noticed
# within a minute. Three tries, for what fails longer is the next firing's business, and each try is a billable action.
SWEEP_TIMEOUT = timedelta(minutes=10)
SWEEP_LIMIT = timedelta(minutes=25)
SWEEP_HEARTBEAT_TIMEOUT = timedelta(seconds=60)
SWEEP_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)


@workflow.defn(name="Sweep")
class Sweep:
    """One sweep. Where the last one stopped half-way, this one goes on."""

    @workflow.run
    async def run(self) -> SweepResult:
        """The counts of what was found and done, which the Web UI shows as the result."""
        last = workflow.get_last_completion_result(SweepResult)
        return await workflow.execute_activity_method(
            Sweeping.sweep,
            SweepOrder(after=last.after if last else ""),
            start_to_close_timeout=SWEEP_TIMEOUT,
            schedule_to_close_timeout=SWEEP_LIMIT,
            heartbeat_timeout=SWEEP_HEARTBEAT_TIMEOUT,
            retry_policy=SWEEP_RETRY,
            summary="look for news that was not told and cases without a workflow",
        )
