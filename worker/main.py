"""Run a worker until it is told to stop: `python -m worker.main`, or `aftersales worker`.

SIGTERM and SIGINT drain: no new task is taken, what is under way gets `drain_s` to end, then the process leaves.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack

from pydantic import ValidationError

from aftersales.connection import connect
from aftersales.contract.errors import AftersalesError
from integrations.stripe import StripeSettingsError
from policy import PolicyError
from storage.errors import StorageError
from worker.logs import set_up_logging
from worker.settings import WorkerSettings
from worker.wiring import make_workers, open_parts

READY = "worker is ready"
UNUSABLE = (AftersalesError, StripeSettingsError, PolicyError, StorageError, ValueError)
_log = logging.getLogger("worker")


async def serve(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Serve the queues until `stop` is set, then drain. Raises one of `UNUSABLE` when it cannot start."""
    async with AsyncExitStack() as stack:
        parts = await stack.enter_async_context(open_parts(settings))
        client = await connect(address=settings.temporal_address, namespace=settings.temporal_namespace)
        for worker in make_workers(client, parts, settings):
            await stack.enter_async_context(worker)
        _log.info("%s: %s", READY, ", ".join(settings.queues))
        await stop.wait()
        _log.info("draining, at most %s s", settings.drain_s)
    _log.info("stopped")


async def _until_told(settings: WorkerSettings) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    await serve(settings, stop)


def explain(error: Exception) -> str:
    """One paragraph: what was wrong, and with which setting."""
    if isinstance(error, ValidationError):
        return "\n".join(
            f"AFTERSALES_{'.'.join(str(part) for part in wrong['loc']).upper()}: {wrong['msg']}"
            for wrong in error.errors(include_input=False, include_url=False)
        )
    return str(error)


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
