"""Puts the reconciliation together, and keeps the schedule that starts it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from activities.differences import Courier
from activities.ports import Clock, Statements, Store
from activities.reconciling import PlanOrder, Reconciling
from activities.reporting import Reporting
from aftersales.contract.names import QUEUE_CASES
from integrations.letters.reconciliation import ReconciliationLetters
from integrations.provider import ProviderBlock
from integrations.providers import statements
from storage.reconciliation import ReconciliationBook
from worker.scheduling import keep
from worker.settings import WorkerSettings
from worker.sweeping import TemporalCases
from workflows.reconcile import Reconciliation

SCHEDULE_ID: Final = "aftersales-reconciliation"
CATCH_UP: Final = timedelta(hours=12)
"""One night that Temporal missed is made up for; it finds the days of earlier ones by itself."""


@dataclass(frozen=True)
class Accountant:
    """What the reconciliation is made of, but for the line to the cases."""

    statements: Mapping[str, Statements]
    book: ReconciliationBook
    store: Store
    reporting: Reporting
    clock: Clock
    grace_days: int

    def at_work(self, client: Client) -> Reconciling:
        cases = TemporalCases(client)
        return Reconciling(
            self.statements, self.book, self.store, cases, self.reporting, self.clock, grace_days=self.grace_days
        )


def make_accountant(
    settings: WorkerSettings,
    blocks: Sequence[ProviderBlock],
    engine: AsyncEngine,
    store: Store,
    courier: Courier,
    clock: Clock,
) -> Accountant:
    """Raises ProviderSettingsError."""
    book = ReconciliationBook(engine)
    reporting = Reporting(book, ReconciliationLetters(settings), courier, clock, settings.mail_host)
    return Accountant(statements(blocks), book, store, reporting, clock, settings.reconcile_grace_days)


async def keep_reconciliation(client: Client, cron: str) -> None:
    """Have the namespace's one schedule of the reconciliation fire as the cron expression says, in UTC.

    Raises RPCError.
    """
    await keep(client, SCHEDULE_ID, _schedule(cron))


def _schedule(cron: str) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            Reconciliation.run,
            PlanOrder(),
            id="reconciliation",
            task_queue=QUEUE_CASES,
            static_summary="compare the ledger with the providers' statements",
        ),
        spec=ScheduleSpec(cron_expressions=[cron]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )
