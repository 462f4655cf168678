"""Structured logs: every line of an activity or workflow carries the application number."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import structlog
from temporalio import activity
from temporalio.runtime import LogForwardingConfig, LoggingConfig, Runtime, TelemetryConfig
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from aftersales.contract.numbers import WORKFLOW_ID_PREFIX


def set_up_logging(log_format: str) -> None:
    """One line an event on standard error; libraries' own lines go the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=("application",)),
        _number_of_the_workflow,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("stripe").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def forward_the_engines_lines() -> None:
    """The SDK's native part writes its warnings, coloured, on standard output; let them become lines as all others.

    To be called before the first connection to Temporal.
    """
    forwarding = LogForwardingConfig(logger=logging.getLogger("temporal"), prepend_target_on_message=False)
    lines = replace(LoggingConfig.default, forwarding=forwarding)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=lines)), error_if_already_set=False)


def _number_of_the_workflow(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`workflow.logger` attaches where it runs; the application number is in the workflow's id."""
    record = event.get("_record")
    where = getattr(record, "temporal_workflow", None) or getattr(record, "temporal_activity", None) or {}
    for name, number in _application(str(where.get("workflow_id", ""))).items():
        event.setdefault(name, number)
    return event


def _application(workflow_id: str) -> dict[str, str]:
    """Empty for what works on no case, such as the sweep."""
    if not workflow_id.startswith(WORKFLOW_ID_PREFIX):
        return {}
    return {"application": workflow_id.removeprefix(WORKFLOW_ID_PREFIX)}


class NumberedLogs(Interceptor):
    """Binds the application number to whatever an activity logs, libraries' lines included."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Numbered(next)


class _Numbered(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002
        info = activity.info()
        bound = {**_application(info.workflow_id or ""), "activity": info.activity_type}
        with structlog.contextvars.bound_contextvars(**bound):
            return await super().execute_activity(input)
