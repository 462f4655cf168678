"""Puts the ports' implementations together and makes one Temporal worker of each queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.alerting import Alerting
from activities.case_steps import CaseSteps
from activities.notify import Notifications
from activities.sealing_log import SealingLog
from activities.sweeping import Sweeping
from aftersales.contract.names import QUEUE_CASES, QUEUE_EVIDENCE, QUEUE_NOTIFICATIONS, payments_queue
from integrations.clock import SystemClock
from integrations.letters import TemplateLetters
from integrations.letters.alarms import BreakerLetters
from integrations.links import LinkSigner
from integrations.mail import SmtpMailer
from integrations.provider import ProviderBlock, ProviderSettingsError
from integrations.vault import Vault
from policy.pace import Pace
from policy.shelf import Shelf
from storage.budgets import BudgetBook
from storage.engine import create_store_engine
from storage.errors import StorageError
from storage.payees import PayeeStore
from storage.policies import PolicyStore
from storage.portal import PortalStore
from storage.reading import Reading
from storage.schema import require_current
from storage.store import SqlStore
from worker.draining import ProviderCalls
from worker.enquiring import open_enquiries
from worker.evidence import Examiners, open_examiners
from worker.logs import NumberedLogs
from worker.paying import Cashier, Till, open_cashier
from worker.reconciling import Accountant, make_accountant
from worker.runner import CaseRunner
from worker.sealing import make_sealer
from worker.settings import WorkerSettings
from worker.sweeping import TemporalCases
from workflows.daily import Daily
from workflows.reconcile import ReconcileDay, Reconciliation
from workflows.refund_case import RefundCase
from workflows.sweep import Sweep

SHELF_CONNECTIONS: Final = 2
"""The shelf of policies is asked within other transactions: from a pool of its own, or all of them could wait for each
other's second connection."""


@dataclass(frozen=True)
class Parts:
    """What the activities are made of, with what has to be closed at the end."""

    engine: AsyncEngine
    steps: CaseSteps
    cashier: Cashier
    notifications: Notifications
    accountant: Accountant
    alerting: Alerting
    examiners: Examiners | None
    sealer: SealingLog


@asynccontextmanager
async def open_parts(settings: WorkerSettings, blocks: Sequence[ProviderBlock]) -> AsyncIterator[Parts]:
    """Build the parts; raises the part's own readable error when a setting or the database is not usable."""
    engine = create_store_engine(settings.database_url, pool_size=settings.database_connections)
    shelf_engine = create_store_engine(settings.database_url, pool_size=SHELF_CONNECTIONS)
    store, clock = SqlStore(engine), SystemClock()
    payees = PayeeStore(engine, Vault(settings.payee_keys))
    letters = TemplateLetters(settings, LinkSigner(settings.link_keys), clock)
    mailer = SmtpMailer(settings, settings.shop_name)
    try:
        shelf = Shelf(PolicyStore(shelf_engine), settings.policy, Pace(settings.time_scale, settings.order_lookup_s))
        async with (
            open_cashier(blocks, engine, store, clock, payees) as cashier,
            open_examiners(settings, engine, clock) as examiners,
            open_enquiries(settings, engine) as enquiries,
        ):
            await _require_current(engine)
            yield Parts(
                engine=engine,
                steps=CaseSteps(store, shelf, settings.keyring(), cashier.ways, enquiries),
                cashier=cashier,
                notifications=Notifications(store, letters, mailer, clock, settings.mail_host),
                accountant=make_accountant(settings, blocks, engine, store, mailer, clock),
                alerting=Alerting(BudgetBook(engine), BreakerLetters(settings), mailer, clock, settings.mail_host),
                examiners=examiners,
                sealer=make_sealer(settings, engine),
            )
    finally:
        await shelf_engine.dispose()
        await engine.dispose()


async def _require_current(engine: AsyncEngine) -> None:
    try:
        await require_current(engine)
    except (SQLAlchemyError, OSError) as error:
        why = getattr(error, "orig", None) or error  # the driver's own words; SQLAlchemy's add a statement and a link
        raise StorageError(
            f"The database cannot be used ({why}). Check that it runs and that AFTERSALES_DATABASE_URL is right."
        ) from error


def make_workers(client: Client, parts: Parts, settings: WorkerSettings, calls: ProviderCalls) -> list[Worker]:
    """One worker for each queue that this process serves; `calls` gets to know those of the providers."""
    makers: dict[str, Callable[[], Worker]] = {
        QUEUE_CASES: lambda: _cases(client, parts, settings),
        **{
            payments_queue(provider): partial(_till, client, settings, provider, till, calls)
            for provider, till in parts.cashier.tills.items()
        },
        QUEUE_NOTIFICATIONS: lambda: _activities(client, settings, QUEUE_NOTIFICATIONS, [parts.notifications.notify]),
    }
    if examiners := parts.examiners:
        acts: list[Callable[..., Any]] = [examiners.checks.check_evidence, examiners.erasing.erase_evidence]
        # Each holds a whole file in memory, so no more at once than can be opened, and one that is being scanned.
        at_once = settings.decoders + 1
        makers[QUEUE_EVIDENCE] = lambda: _activities(client, settings, QUEUE_EVIDENCE, acts, at_once=at_once)
    _refuse_what_is_not_set_up(settings, makers)
    return [make() for queue, make in makers.items() if queue in settings.queues]


def _refuse_what_is_not_set_up(settings: WorkerSettings, makers: Collection[str]) -> None:
    missing = [queue for queue in settings.named_queues if queue not in makers]
    if QUEUE_EVIDENCE in missing:
        raise ProviderSettingsError(
            "AFTERSALES_QUEUES names evidence, but AFTERSALES_EVIDENCE is not set. Name the portal's store, or leave "
            "the queue to another worker."
        )
    if missing:
        raise ProviderSettingsError(
            f"AFTERSALES_QUEUES names {', '.join(missing)}, but that provider is not set up here. Set its keys (the "
            "README lists them), or leave the queue to another worker."
        )


def _till(client: Client, settings: WorkerSettings, provider: str, till: Till, calls: ProviderCalls) -> Worker:
    acts = [till.calls.submit_leg, till.calls.query_leg]
    return _activities(client, settings, payments_queue(provider), acts, [calls], calls_per_s=till.calls_per_s)


def _cases(client: Client, parts: Parts, settings: WorkerSettings) -> Worker:
    steps = parts.steps
    sweeping = Sweeping(
        PortalStore(parts.engine),
        Reading(parts.engine),
        TemporalCases(client),
        SystemClock(),
        parts.alerting,
        older_than_s=settings.sweep_older_than_s,
    )
    reconciling = parts.accountant.at_work(client)
    return Worker(
        client,
        task_queue=QUEUE_CASES,
        workflows=[RefundCase, Sweep, Reconciliation, ReconcileDay, Daily],
        activities=[
            steps.intake,
            steps.record_message,
            steps.record_payment,
            steps.elapse,
            sweeping.sweep,
            reconciling.plan_reconciliation,
            reconciling.reconcile_day,
            parts.sealer.seal_audit,
        ],
        interceptors=[NumberedLogs()],
        workflow_runner=CaseRunner(),
        max_cached_workflows=settings.max_cached_workflows,
        max_concurrent_workflow_tasks=settings.concurrent_workflow_tasks,
        max_concurrent_local_activities=settings.concurrent_activities,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_s),
    )


def _activities(
    client: Client,
    settings: WorkerSettings,
    queue: str,
    activities: list[Callable[..., Any]],
    interceptors: Sequence[Interceptor] = (),
    calls_per_s: float | None = None,
    at_once: int | None = None,
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        interceptors=[NumberedLogs(), *interceptors],
        max_concurrent_activities=at_once or settings.concurrent_activities,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_s),
        max_task_queue_activities_per_second=calls_per_s,
    )
