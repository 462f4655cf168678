"""Puts the ports' implementations together and makes one Temporal worker of each queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import Interceptor, Worker

from activities.case_steps import CaseSteps
from activities.notify import Notifications
from activities.payments import PaymentCalls
from activities.sweeping import Sweeping
from integrations.clock import SystemClock
from integrations.letters import TemplateLetters
from integrations.links import LinkSigner
from integrations.mail import SmtpMailer
from integrations.stripe import StripePayments
from policy import load_policy
from storage.engine import create_store_engine
from storage.errors import StorageError
from storage.portal import PortalStore
from storage.reading import Reading
from storage.schema import require_current
from storage.store import SqlStore
from worker.draining import ProviderCalls
from worker.logs import NumberedLogs
from worker.runner import CaseRunner
from worker.settings import Queue, WorkerSettings
from worker.sweeping import TemporalCases
from workflows.refund_case import RefundCase
from workflows.sweep import Sweep


@dataclass(frozen=True)
class Parts:
    """What the activities are made of, with what has to be closed at the end."""

    engine: AsyncEngine
    steps: CaseSteps
    stripe: PaymentCalls
    notifications: Notifications


@asynccontextmanager
async def open_parts(settings: WorkerSettings) -> AsyncIterator[Parts]:
    """Build the parts; raises the part's own readable error when a setting or the database is not usable."""
    engine = create_store_engine(settings.database_url, pool_size=settings.database_connections)
    store, clock = SqlStore(engine), SystemClock()
    payments = StripePayments(settings.stripe())
    letters = TemplateLetters(settings, LinkSigner(settings.link_keys), clock)
    mailer = SmtpMailer(settings, settings.shop_name)
    try:
        await _require_current(engine)
        yield Parts(
            engine=engine,
            steps=CaseSteps(
                store, load_policy(settings.policy, settings.time_scale, settings.order_lookup_s), settings.keyring()
            ),
            stripe=PaymentCalls(payments, store, clock),
            notifications=Notifications(store, letters, mailer, clock, settings.mail_host),
        )
    finally:
        await payments.close()
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
    makers: dict[Queue, Callable[[], Worker]] = {
        Queue.CASES: lambda: _cases(client, parts, settings),
        Queue.PAYMENTS_STRIPE: lambda: _activities(
            client,
            settings,
            Queue.PAYMENTS_STRIPE,
            [parts.stripe.submit_leg, parts.stripe.query_leg],
            [calls],
            calls_per_s=settings.stripe_calls_per_s,
        ),
        Queue.NOTIFICATIONS: lambda: _activities(client, settings, Queue.NOTIFICATIONS, [parts.notifications.notify]),
    }
    return [makers[queue]() for queue in settings.queues]


def _cases(client: Client, parts: Parts, settings: WorkerSettings) -> Worker:
    steps = parts.steps
    sweeping = Sweeping(
        PortalStore(parts.engine),
        Reading(parts.engine),
        TemporalCases(client),
        SystemClock(),
        older_than_s=settings.sweep_older_than_s,
    )
    return Worker(
        client,
        task_queue=Queue.CASES,
        workflows=[RefundCase, Sweep],
        activities=[steps.intake, steps.record_message, steps.record_payment, steps.elapse, sweeping.sweep],
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
    queue: Queue,
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
