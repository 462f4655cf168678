"""Run a worker until it is told to stop: `python -m worker.main`, or `aftersales worker`.

SIGTERM and SIGINT drain: no new work is taken, what is under way gets `drain_s` to end, then the process leaves. A
second signal ends it at once; so does `LAST_WORDS_S` more than `drain_s`. Nothing is lost by that: another worker
takes over what was under way, as after a crash.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final, NoReturn

import uvloop
from pydantic import ValidationError
from pydantic_settings import SettingsError
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from aftersales.connection import connect
from aftersales.contract.errors import AftersalesError
from aftersales.contract.names import QUEUE_CASES
from aftersales.contract.values import ErrorCode
from aftersales.sealing import EncryptionError
from integrations.environment import explain_settings
from integrations.provider import ProviderSettingsError
from integrations.providers import blocks
from policy import PolicyError
from storage.errors import DatabaseUrlError, StorageError
from worker.daily import keep_daily
from worker.draining import ProviderCalls, drain
from worker.garbage import spare_the_collector
from worker.logs import forward_the_engines_lines, set_up_logging
from worker.reconciling import keep_reconciliation
from worker.settings import WorkerSettings
from worker.sweeping import keep_schedule
from worker.wiring import make_workers, open_parts

READY = "worker is ready"
UNUSABLE = (AftersalesError, ProviderSettingsError, EncryptionError, PolicyError, StorageError)
"""What settings point to and cannot be used. Anything else is a fault of the program, and told as one."""

ECHO_S: Final = 0.5
"""Supervisors that tell a process and then its group are heard twice; that is one wish, not impatience."""

LAST_WORDS_S: Final = 5.0
"""What was cancelled at the end of the drain gets this long to say so to Temporal."""

_log = logging.getLogger("worker")

Serving = Callable[[WorkerSettings, asyncio.Event], Awaitable[None]]


async def serve(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Serve the queues until `stop` is set, then drain. Raises one of `UNUSABLE` when it cannot start."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings, blocks()))
        client = await connect(
            address=settings.temporal_address, namespace=settings.temporal_namespace, encryption=settings
        )
        await _require_namespace(client)
        calls = ProviderCalls()
        workers = make_workers(client, parts, settings, calls)
        for worker in workers:
            await stack.enter_async_context(worker)
        if QUEUE_CASES in settings.queues:
            await _keep_schedules(client, settings)
        spare_the_collector()
        _log.info("%s: %s", READY, ", ".join(worker.task_queue for worker in workers))
        await stop.wait()
        _log.info("draining, at most %s s", settings.drain_s)
        await drain(client, workers, calls)
    _log.info("stopped")


async def _require_namespace(client: Client) -> None:
    """A worker learns of a namespace that is not there only when it has begun, and fails then."""
    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError as error:
        raise AftersalesError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"Temporal's namespace {client.namespace!r} cannot be used ({error.message}). Create it, or name another "
            "one by AFTERSALES_TEMPORAL_NAMESPACE.",
        ) from error


async def _keep_schedules(client: Client, settings: WorkerSettings) -> None:
    """A worker without them still serves; what was cut off would stay so and no statement be read, so operators are
    told."""
    try:
        await keep_schedule(client, settings.sweep_every_s)
        await keep_reconciliation(client, settings.reconcile_cron)
        await keep_daily(client, settings.daily_cron)
    except RPCError as error:
        _log.error("Temporal did not take the schedules: %s. Mend that and start a worker again.", error)


async def _until_told(settings: WorkerSettings, serving: Serving) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    told_at = 0.0

    def told() -> None:
        nonlocal told_at
        if not stop.is_set():
            told_at = loop.time()
            loop.call_later(settings.drain_s + LAST_WORDS_S, _leave, "what is under way did not end in time")
            stop.set()
        elif loop.time() - told_at > ECHO_S:
            _leave("told to stop again")

    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, told)
    await serving(settings, stop)


def _leave(why: str) -> NoReturn:
    _log.warning("%s: leaving now; another worker takes over what was under way", why)
    end_process(0)


def end_process(status: int) -> NoReturn:
    """Without tearing the interpreter down: the SDK's native threads can crash it meanwhile (sdk-python issue 300)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def explain(error: Exception) -> str:
    """One paragraph: what was wrong, and with which setting. No value is repeated: it may be a secret."""
    match error:
        case ValidationError() | SettingsError():
            return explain_settings(error, WorkerSettings)
        case PolicyError():
            return f"AFTERSALES_POLICY: {error}"
        case DatabaseUrlError():
            return f"AFTERSALES_DATABASE_URL: {error}"
        case _:
            return str(error)


def main(serving: Serving = serve) -> int:
    """0 after a stop, 2 when the settings or what they point to cannot be used, 1 for a fault of the program."""
    try:
        settings = WorkerSettings()
    except (ValidationError, SettingsError) as error:
        return _refused(error)
    set_up_logging(settings.log_format)
    forward_the_engines_lines()
    try:
        uvloop.run(_until_told(settings, serving))
    except UNUSABLE as error:
        return _refused(error)
    except Exception:  # noqa: BLE001 - the end of the process: whatever it is, it is written down whole
        _log.exception("the worker failed: a fault of the program, or of Temporal; this is where")
        return 1
    return 0


def _refused(error: Exception) -> int:
    sys.stderr.write(f"The worker cannot start.\n{explain(error)}\n")
    return 2


if __name__ == "__main__":
    end_process(main())
