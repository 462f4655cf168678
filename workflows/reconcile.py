"""The reconciliation: each provider's day is a workflow of its own, and a schedule starts what is due (P3.3)."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

with workflow.unsafe.imports_passed_through():
    from activities.reconciling import DayOrder, DayResult, Plan, PlanOrder, Reconciling

# Which days are due is one look at the database; what fails for half an hour is the next night's business.
PLAN_TIMEOUT = timedelta(seconds=30)
PLAN_LIMIT = timedelta(minutes=30)
PLAN_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5))

# A statement of a hundred thousand lines is downloaded, kept and compared in minutes. A worker that is killed is
# noticed within one.
DAY_TIMEOUT = timedelta(minutes=30)
DAY_HEARTBEAT_TIMEOUT = timedelta(seconds=60)

# A statement that is not there is looked for every few hours until shortly before the next night, which begins anew; so
# are a database or a mail server that are away. Somebody who waits for the answer is told soon.
DAY_LIMIT = timedelta(hours=20)
DAY_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(hours=1))
AT_ONCE_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=3)


def day_id(order: DayOrder) -> str:
    """One workflow a provider and day."""
    return f"reconcile/{order.provider}/{order.day}"


@workflow.defn(name="ReconcileDay")
class ReconcileDay:
    """One provider's day, compared with its own statement as soon as there is one."""

    @workflow.run
    async def run(self, order: DayOrder) -> DayResult:
        """Counts of what was found, which the Web UI shows as the result."""
        return await workflow.execute_activity_method(
            Reconciling.reconcile_day,
            order,
            start_to_close_timeout=DAY_TIMEOUT,
            schedule_to_close_timeout=DAY_LIMIT,
            heartbeat_timeout=DAY_HEARTBEAT_TIMEOUT,
            retry_policy=AT_ONCE_RETRY if order.at_once else DAY_RETRY,
            summary=f"compare the ledger with {order.provider}'s statement of {order.day}",
        )


@workflow.defn(name="Reconciliation")
class Reconciliation:
    """Finds the days that are due, and starts each one's workflow unless it is at work."""

    @workflow.run
    async def run(self, order: PlanOrder) -> Plan:
        """The days; their workflows go on by themselves."""
        plan = await workflow.execute_activity_method(
            Reconciling.plan_reconciliation,
            order,
            start_to_close_timeout=PLAN_TIMEOUT,
            schedule_to_close_timeout=PLAN_LIMIT,
            retry_policy=PLAN_RETRY,
            summary="look for days that are not reconciled",
        )
        if order.starts:
            for day in plan.days:
                await _start(day)
        return plan


async def _start(order: DayOrder) -> None:
    try:
        await workflow.start_child_workflow(
            ReconcileDay.run,
            order,
            id=day_id(order),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            static_summary=f"{order.provider}, {order.day}",
        )
    except WorkflowAlreadyStartedError:
        workflow.logger.info("%s is at work already", day_id(order))
