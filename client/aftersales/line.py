"""The line to Temporal: every call has a limit, and every failure leaves in the product's words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any, NoReturn, TypeVar

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from aftersales.connection import unreachable
from aftersales.contract.errors import AftersalesError
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import CaseResult
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import ErrorCode

T = TypeVar("T")
CALL_LIMIT_S = 3.0
"""For calls that Temporal answers by itself; a healthy server needs milliseconds."""

_REFUSED = {RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED}
_NO_ANSWER = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.FAILED_PRECONDITION}
# A worker's words for an update whose case ended before it was handled.
_ENDED_MEANWHILE = "AcceptedUpdateCompletedWorkflow"


class Line:
    """A Temporal client for cases. `answer_limit_s` bounds what only a worker can answer, `call_limit_s` what the
    server answers by itself."""

    def __init__(self, client: Client, answer_limit_s: float, call_limit_s: float = CALL_LIMIT_S) -> None:
        self.client = client
        self.address = client.service_client.config.target_host
        self._answer_limit_s = answer_limit_s
        self._call_limit_s = call_limit_s

    def case(self, number: str) -> WorkflowHandle[RefundCaseHandle, CaseResult]:
        return self.client.get_workflow_handle_for(RefundCaseHandle.run, workflow_id(number))

    async def send(self, call: Awaitable[T], number: str) -> T:
        """Await a call that Temporal answers by itself: a start, a signal.

        Raises AftersalesError: engine_unavailable, case_unknown, case_closed.
        """
        try:
            return await within(self._call_limit_s, call)
        except TimeoutError as error:
            raise unreachable(self.address, f"no answer within {self._call_limit_s:g} seconds") from error
        except RPCError as error:
            if self._case_is_gone(error):
                raise await self._gone(number) from error
            raise self.translated(error) from error

    async def ask(self, call: Awaitable[T], number: str, advice: str) -> T:
        """Await a call that needs a worker: an update, a query. `advice` says what to do without one.

        Raises AftersalesError: nobody_answers, engine_unavailable, case_unknown, case_closed, or the code
        that the case refused with.
        """
        try:
            return await within(self._answer_limit_s, call)
        except WorkflowUpdateFailedError as error:
            raise _refusal(number, error) from error
        except (TimeoutError, WorkflowQueryFailedError) as error:
            await self._without_answer(number, advice, error)
        except RPCError as error:
            if self._case_is_gone(error):
                raise await self._gone(number) from error
            if error.status not in _NO_ANSWER:
                raise self.translated(error) from error
            await self._without_answer(number, advice, error)

    async def describe(self, number: str) -> WorkflowExecutionDescription:
        """What Temporal itself knows of a case; free, and needs no worker."""
        try:
            return await within(self._call_limit_s, self.case(number).describe())
        except TimeoutError as error:
            raise unreachable(self.address, f"no answer within {self._call_limit_s:g} seconds") from error
        except RPCError as error:
            if self._case_is_gone(error):
                raise AftersalesError(
                    ErrorCode.CASE_UNKNOWN,
                    f"There is no case {number} in namespace {self.client.namespace!r}. Check the number, or "
                    "look for it in the archive if it ended long ago.",
                ) from error
            raise self.translated(error) from error

    async def executions(self, query: str, limit: int) -> AsyncIterator[WorkflowExecution]:
        """Executions that a visibility query finds; each page has the limit of a call."""
        pages = self.client.list_workflows(query, limit=limit, page_size=min(limit, 200))
        while True:
            try:
                yield await within(self._call_limit_s, anext(pages))
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise unreachable(self.address, f"no answer within {self._call_limit_s:g} seconds") from error
            except RPCError as error:
                raise self.translated(error) from error

    def translated(self, error: RPCError) -> AftersalesError:
        """A failure that is not about one case, in the closed vocabulary."""
        if error.status is RPCStatusCode.UNAVAILABLE:
            return unreachable(self.address, error.message)
        if error.status in _REFUSED:
            advice = "It does not let us in: check TEMPORAL_API_KEY, the certificate and the namespace."
        elif _is_namespace_missing(error):
            advice = f"Create the namespace {self.client.namespace!r}, or name another in TEMPORAL_NAMESPACE."
        elif "search attribute" in error.message:
            advice = "Register `aftersales.contract.names.SEARCH_ATTRIBUTES` in this namespace first."
        else:
            advice = "Try again; if it stays so, operations must look at the Temporal server."
        return AftersalesError(
            ErrorCode.ENGINE_UNAVAILABLE,
            f"Temporal at {self.address} did not take the call ({error.message}). {advice}",
        )

    async def _without_answer(self, number: str, advice: str, error: Exception) -> NoReturn:
        # A server that is down, or a case that has ended, is the better answer, and describing costs nothing.
        await self.describe(number)
        raise AftersalesError(
            ErrorCode.NOBODY_ANSWERS,
            f"No worker answers for case {number} (waited {self._answer_limit_s:g} seconds at most). {advice}",
        ) from error

    async def _gone(self, number: str) -> AftersalesError:
        try:
            await self.describe(number)
        except AftersalesError as error:
            return error
        return _closed(number)

    def _case_is_gone(self, error: RPCError) -> bool:
        return error.status is RPCStatusCode.NOT_FOUND and not _is_namespace_missing(error)


async def within(limit_s: float, call: Awaitable[T]) -> T:
    """Await `call` for at most `limit_s` seconds, else TimeoutError.

    The SDK turns a cancellation during an update into an exception of its own; here it becomes a timeout or
    a cancellation again, so that whoever cancels a caller is obeyed.
    """
    try:
        async with asyncio.timeout(limit_s) as limit:
            return await call
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        if isinstance(error.__cause__, asyncio.CancelledError) and not limit.expired():
            raise asyncio.CancelledError from error
        raise TimeoutError from error


def _closed(number: str) -> AftersalesError:
    return AftersalesError(
        ErrorCode.CASE_CLOSED,
        f"Case {number} is closed and takes no more messages; nothing was recorded. Open a new case instead.",
    )


def _refusal(number: str, error: WorkflowUpdateFailedError) -> AftersalesError:
    cause = error.cause
    code: Any = cause.type if isinstance(cause, ApplicationError) else None
    if code == _ENDED_MEANWHILE:
        return _closed(number)
    sentence = cause.message if isinstance(cause, ApplicationError) else str(cause)
    if code in set(ErrorCode):
        return AftersalesError(ErrorCode(code), sentence)
    return AftersalesError(ErrorCode.NOT_NOW, f"Case {number} could not take the message: {sentence}")


def _is_namespace_missing(error: RPCError) -> bool:
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
