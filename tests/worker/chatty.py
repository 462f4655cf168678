"""A workflow and an activity that write log lines as the product's do, for a worker to run."""

from __future__ import annotations

import logging
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

_log = logging.getLogger("chatty")
_library = logging.getLogger("a.library")


@activity.defn
async def chat(fails: bool) -> None:
    _log.info("at work")
    _library.warning("a library's own line")
    if fails:
        try:
            raise ConnectionError("the shop hung up")
        except ConnectionError:
            _log.exception("it went wrong")
            raise


@workflow.defn
class Chatty:
    """Says a line, lets its activity speak, and says another."""

    @workflow.run
    async def run(self, fails: bool) -> None:
        workflow.logger.info("begun")
        try:
            await workflow.execute_activity(
                chat,
                fails,
                start_to_close_timeout=timedelta(seconds=5),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            workflow.logger.warning("given up")
