"""Starting a case: what Temporal is told about it, and what happens when the request key is known already."""

from __future__ import annotations

from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from aftersales.contract import names
from aftersales.contract.errors import AftersalesError
from aftersales.contract.handles import RefundCaseHandle
from aftersales.contract.messages import Application, CaseStart
from aftersales.contract.numbers import workflow_id
from aftersales.contract.values import CaseStatus, ErrorCode
from aftersales.line import Line


async def start_case(line: Line, start: CaseStart) -> None:
    """Start the case, or find that it was started by the same request before.

    No execution timeout and no retry policy: a case lives for weeks, and run twice it would pay twice.

    FAIL rather than USE_EXISTING: USE_EXISTING gives back a running case without saying whether it was there
    before (the SDK keeps the server's `started` to itself) and a finished one is an error all the same. FAIL
    says so in both, at the price of one free look on the rare path.
    """
    call = line.client.start_workflow(
        RefundCaseHandle.run,
        start,
        id=workflow_id(start.number),
        task_queue=names.QUEUE_CASES,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        memo={names.MEMO_BODY: start.application.body_digest()},
        search_attributes=_search_attributes(start.application),
        static_summary=_summary(start.application),
        static_details=_details(start),
    )
    try:
        await line.send(call, start.number)
    except WorkflowAlreadyStartedError:
        await _require_same_application(line, start)


async def _require_same_application(line: Line, start: CaseStart) -> None:
    description = await line.describe(start.number)
    known = await description.memo_value(names.MEMO_BODY, None, type_hint=str)
    if known != start.application.body_digest():
        raise AftersalesError(
            ErrorCode.REQUEST_KEY_REUSED,
            f"Request key {start.request_key!r} stands for case {start.number}, which asked for something else. "
            "Use a new key for a new application.",
        )


def _search_attributes(application: Application) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(names.STATUS, CaseStatus.RECEIVED.value),
            SearchAttributePair(names.KIND, application.kind.value),
            SearchAttributePair(names.REASON, application.reason.value),
            SearchAttributePair(names.ORDER, application.order_id),
            SearchAttributePair(names.CUSTOMER, application.customer_id),
            SearchAttributePair(names.CHANNEL, application.channel.value),
        ]
    )


def _summary(application: Application) -> str:
    return f"{_words(application.kind)}, {_words(application.reason)}, order {application.order_id}"


def _details(start: CaseStart) -> str:
    """Markdown for the Temporal UI: opaque ids only, none of the customer's own words."""
    application = start.application
    items = "\n".join(f"- {item.quantity} × line {item.line_id}" for item in application.items)
    return (
        f"**Case {start.number}** ({_words(application.kind)})\n\n"
        f"Order {application.order_id} of customer {application.customer_id}: {_words(application.reason)}, "
        f"by {application.channel.value}, sent by {start.caller}\n\n{items}"
    )


def _words(value: str) -> str:
    return str(value).replace("_", " ")
