"""Puts the ports' implementations together and makes one Temporal worker of each queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.case_steps import CaseSteps
from activities.notify import Notifications
from activities.sweeping import Sweeping
from aftersales.contract.names import QUEUE_CASES, QUEUE_NOTIFICATIONS, payments_queue
from integrations.clock import SystemClock
from integrations.letters import TemplateLetters
from integrations.links import LinkSigner
from integrations.mail import SmtpMailer
from integrations.provider import ProviderBlock, ProviderSettingsError
from integrations.vault import Vault
from policy import load_policy
from storage.engine import create_store_engine
from storage.errors import StorageError
from storage.payees import PayeeStore
from storage.portal import PortalStore
from storage.reading import Reading
from storage.schema import require_current
from storage.store import SqlStore
from worker.draining import ProviderCalls
from worker.logs import NumberedLogs
from worker.paying import Cashier, Till, open_cashier
from worker.reconciling import Accountant, make_accountant
from worker.runner import CaseRunner
from worker.settings import WorkerSettings
from worker.sweeping import TemporalCases
from workflows.reconcile import ReconcileDay, Reconciliation
from workflows.refund_case import RefundCase
from workflows.sweep import Sweep


@dataclass(frozen=True)
class Parts:
    """What the activities are made of, with what has to be closed at the end."""

    engine: AsyncEngine
    steps: CaseSteps
    cashier: Cashier
    notifications: Notifications
    accountant: Accountant


@asynccontextmanager
async def open_parts(settings: WorkerSettings, blocks: Sequence[ProviderBlock]) -> AsyncIterator[Parts]:
    """Build the parts; raises the part's own readable error when a setting or the database is not usable."""
    engine = create_store_engine(settings.database_url, pool_size=settings.database_connections)
    store, clock = SqlStore(engine), SystemClock()
    payees = PayeeStore(engine, Vault(settings.payee_keys))
    letters = TemplateLetters(settings, LinkSigner(settings.link_keys), clock)
    mailer = SmtpMailer(settings, settings.shop_name)
    try:
        policy = load_policy(settings.policy, settings.time_scale, settings.order_lookup_s)
        async with open_cashier(blocks, engine, store, clock, payees) as cashier:
            await _require_current(engine)
            yield Parts(
                engine=engine,
                steps=CaseSteps(store, policy, settings.keyring(), cashier.ways),
                cashier=cashier,
                notifications=Notifications(store, letters, mailer, clock, settings.mail_host),
                accountant=make_accountant(settings, blocks, engine, store, mailer, clock),
            )
    finally:
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
    _refuse_what_is_not_set_up(settings, makers)
    return [make() for queue, make in makers.items() if queue in settings.queues]


def _refuse_what_is_not_set_up(settings: WorkerSettings, makers: Collection[str]) -> None:
    missing = [queue for queue in settings.named_queues if queue not in makers]
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
        older_than_s=settings.sweep_older_than_s,
    )
    reconciling = parts.accountant.at_work(client)
    return Worker(
        client,
        task_queue=QUEUE_CASES,
        workflows=[RefundCase, Sweep, Reconciliation, ReconcileDay],
        activities=[
            steps.intake,
            steps.record_message,
            steps.record_payment,
            steps.elapse,
            sweeping.sweep,
            reconciling.plan_reconciliation,
            reconciling.reconcile_day,
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
) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        interceptors=[NumberedLogs(), *interceptors],
        max_concurrent_activities=settings.concurrent_activities,
        graceful_shutdown_timeout=timedelta(seconds=settings.drain_s),
        max_task_queue_activities_per_second=calls_per_s,
    )
