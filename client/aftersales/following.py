"""Following a case: its status by a free look, its view only when something has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple, TypeVar

from temporalio.client import WorkflowExecutionDescription, WorkflowExecutionStatus

from aftersales.contract.errors import AftersalesError
from aftersales.contract.values import OUTCOMES, CaseStatus, ErrorCode
from aftersales.contract.views import CaseView
from aftersales.search import status_in

T = TypeVar("T")
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
PAUSE_GROWTH = 1.5
"""A decision made at once is seen within a tenth of a second, a wait of weeks costs one look in two seconds."""


class Glance(NamedTuple):
    """What Temporal shows of a case without a worker."""

    status: CaseStatus
    closed: bool

    @classmethod
    def at(cls, description: WorkflowExecutionDescription) -> Glance:
        return cls(
            status_in(description.typed_search_attributes),
            description.status is not WorkflowExecutionStatus.RUNNING,
        )


class Follower:
    """One case under observation. `patience_s` bounds how long it puts up with nobody answering; None: for ever."""

    def __init__(
        self,
        look: Callable[[], Awaitable[Glance]],
        view: Callable[[], Awaitable[CaseView]],
        patience_s: float | None,
    ) -> None:
        self._look = look
        self._view = view
        self._patience_s = patience_s

    async def views(self, *, until_closed: bool) -> AsyncIterator[CaseView]:
        """The case at each change, until its outcome or, if asked for, until it is closed."""
        shown: Glance | None = None
        async for glance in self._changes():
            # The view may have run ahead of the last look: then there is nothing new in this one.
            if glance == shown:
                continue
            view = await self._patiently(self._view)
            if (seen := Glance(view.status, view.closed)) != shown:
                shown = seen
                yield view
            if view.status in OUTCOMES and not until_closed:
                return

    async def outcome(self, number: str) -> CaseView:
        """The case once it has an outcome.

        Raises AftersalesError(case_closed) if its workflow ended without one.
        """
        async for glance in self._changes():
            if glance.status in OUTCOMES:
                return await self._patiently(self._view)
        raise AftersalesError(
            ErrorCode.CASE_CLOSED,
            f"The workflow of case {number} was ended before the case had an outcome; operations must look at it.",
        )

    async def _changes(self) -> AsyncIterator[Glance]:
        last: Glance | None = None
        pause_s = FIRST_PAUSE_S
        while last is None or not last.closed:
            glance = await self._patiently(self._look)
            if glance != last:
                last, pause_s = glance, FIRST_PAUSE_S
                yield glance
            else:
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * PAUSE_GROWTH, LONGEST_PAUSE_S)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        since = time.monotonic()
        while True:
            try:
                return await ask()
            except AftersalesError as error:
                worn_out = self._patience_s is not None and time.monotonic() - since >= self._patience_s
                if worn_out or not error.rule.retryable:
                    raise
                await asyncio.sleep(LONGEST_PAUSE_S)
