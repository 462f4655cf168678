"""What is done once a day: the operations log is sealed (P6.3), and evidence that no case needs any more is erased."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.erasing import ErasedEvidence, Erasing
    from activities.sealing_log import SealingLog, SealOrder, SealResult
    from aftersales.contract.names import QUEUE_EVIDENCE
    from aftersales.contract.values import Frozen

# A million ends of chains are written in minutes. A store that is away for hours is waited for; the next day's seal
# holds whatever this one could not.
SEAL_TIMEOUT = timedelta(hours=1)
SEAL_LIMIT = timedelta(hours=20)
HEARTBEAT_TIMEOUT = timedelta(seconds=60)
PATIENT_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(hours=1))

# Ten thousand pieces at most a run. Where no worker serves the queue of evidence, that is told within hours by the
# failed activity, and nothing else waits for it.
ERASE_TIMEOUT = timedelta(hours=1)
ERASE_LIMIT = timedelta(hours=6)
UNSERVED_LIMIT = timedelta(hours=3)


class DailyResult(Frozen):
    """What the Web UI shows of a day; `erased` is None if the evidence could not be looked through."""

    sealed: SealResult
    erased: ErasedEvidence | None = None


@workflow.defn(name="Daily")
class Daily:
    """One day's seal and one day's erasing; neither waits for the other to succeed."""

    @workflow.run
    async def run(self) -> DailyResult:
        """Raises only if the log could not be sealed: operators must hear of that."""
        erasing = workflow.start_activity_method(
            Erasing.erase_evidence,
            task_queue=QUEUE_EVIDENCE,
            start_to_close_timeout=ERASE_TIMEOUT,
            schedule_to_start_timeout=UNSERVED_LIMIT,
            schedule_to_close_timeout=ERASE_LIMIT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=PATIENT_RETRY,
            summary="erase evidence whose time is over",
        )
        now = workflow.now()
        sealed = await workflow.execute_activity_method(
            SealingLog.seal_audit,
            SealOrder(day=now.date(), at=now),
            start_to_close_timeout=SEAL_TIMEOUT,
            schedule_to_close_timeout=SEAL_LIMIT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=PATIENT_RETRY,
            summary="seal the operations log",
        )
        return DailyResult(sealed=sealed, erased=await _or_nothing(erasing))


async def _or_nothing(erasing: workflow.ActivityHandle[ErasedEvidence]) -> ErasedEvidence | None:
    try:
        return await erasing
    except ActivityError as error:
        workflow.logger.error("evidence could not be erased; tomorrow again: %s", error.cause)
        return None
