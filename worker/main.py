"""Run a worker until it is told to stop: `python -m worker.main`, or `aftersales worker`.

SIGTERM and SIGINT drain: no new task is taken, what is under way gets `drain_s` to end, then the process leaves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from contextlib import AsyncExitStack

from pydantic import ValidationError
from pydantic_settings import SettingsError
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from aftersales.connection import connect
from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import ErrorCode
from integrations.stripe import StripeSettingsError
from policy import PolicyError
from storage.errors import DatabaseUrlError, StorageError
from worker.logs import set_up_logging
from worker.settings import Queue, WorkerSettings
from worker.sweeping import keep_schedule
from worker.wiring import make_workers, open_parts

READY = "worker is ready"
UNUSABLE = (AftersalesError, StripeSettingsError, PolicyError, StorageError, ValueError)
_log = logging.getLogger("worker")


async def serve(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Serve the queues until `stop` is set, then drain. Raises one of `UNUSABLE` when it cannot start."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings))
        client = await connect(address=settings.temporal_address, namespace=settings.temporal_namespace)
        await _require_namespace(client)
        for worker in make_workers(client, parts, settings):
            await stack.enter_async_context(worker)
        if Queue.CASES in settings.queues:
            await _keep_schedule(client, settings.sweep_every_s)
        _log.info("%s: %s", READY, ", ".join(settings.queues))
        await stop.wait()
        _log.info("draining, at most %s s", settings.drain_s)
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


async def _keep_schedule(client: Client, every_s: int) -> None:
    """A worker without the schedule still serves; what was cut off would stay so, so operators are told."""
    try:
        await keep_schedule(client, every_s)
    except RPCError as error:
        _log.error("Temporal did not take the sweep's schedule: %s. Mend that and start a worker again.", error)


async def _until_told(settings: WorkerSettings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    await serve(settings, stop)


def explain(error: Exception) -> str:
    """One paragraph: what was wrong, and with which setting. No value is repeated: it may be a secret."""
    match error:
        case ValidationError():
            return _by_variable(error)
        case SettingsError() if named := re.search(r'field "(\w+)"', str(error)):
            return f"AFTERSALES_{named[1].upper()}: not to be read; lists and keys are written as JSON."
        case PolicyError():
            return f"AFTERSALES_POLICY: {error}"
        case DatabaseUrlError():
            return f"AFTERSALES_DATABASE_URL: {error}"
        case _:
            return str(error)


def _by_variable(error: ValidationError) -> str:
    """A line for each variable: what else is wrong with the same one mostly follows from the first."""
    lines: dict[str, str] = {}
    for wrong in error.errors(include_input=False, include_url=False):
        names = [str(part) for part in wrong["loc"]]
        sentence = wrong["msg"].removeprefix("Value error, ")
        lines.setdefault(names[0], f"AFTERSALES_{'.'.join(names).upper()}: {sentence}")
    return "\n".join(lines.values())


def main() -> int:
    """0 after a clean stop, 2 when the settings or what they point to cannot be used."""
    try:
        settings = WorkerSettings()
        set_up_logging(settings.log_format)
        asyncio.run(_until_told(settings))
    except UNUSABLE as error:
        sys.stderr.write(f"The worker cannot start.\n{explain(error)}\n")
        return 2
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The SDK's native threads can crash an interpreter that is being torn down (sdk-python issue 300).
    os._exit(status)
