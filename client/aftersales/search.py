"""Finding cases by what Temporal indexes: filters as a visibility query, and the rows it gives."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypedDict, Unpack

from pydantic import TypeAdapter
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey, TypedSearchAttributes

from aftersales.contract import names
from aftersales.contract.numbers import WORKFLOW_ID_PREFIX
from aftersales.contract.values import CaseKind, CaseStatus, Channel, OpaqueId, Reason

_OPAQUE_ID: TypeAdapter[str] = TypeAdapter(OpaqueId)


class FoundCase(NamedTuple):
    """A case as the index shows it, up to a second behind. Times are UTC; `closed`: nothing can happen to it."""

    number: str
    status: CaseStatus
    kind: CaseKind | None
    reason: Reason | None
    order_id: str
    customer_id: str
    channel: Channel | None
    assignee: str
    amount_minor: int | None
    review_deadline: datetime | None
    opened_at: datetime
    closed: bool


class Filters(TypedDict, total=False):
    """What cases can be found by; None filters nothing. `open_only`: something can still happen to it."""

    status: CaseStatus | None
    kind: CaseKind | None
    reason: Reason | None
    order_id: str | None
    customer_id: str | None
    assignee: str | None
    open_only: bool


_KEYS: dict[str, SearchAttributeKey[str]] = {
    "status": names.STATUS,
    "kind": names.KIND,
    "reason": names.REASON,
    "order_id": names.ORDER,
    "customer_id": names.CUSTOMER,
    "assignee": names.ASSIGNEE,
}


def query_for(**filters: Unpack[Filters]) -> str:
    """The visibility query for all of the filters that are given.

    Raises pydantic.ValidationError for an id that is none: Temporal's query language has no reliable way to
    write quotes and backslashes, so they are refused rather than escaped.
    """
    terms = [f"WorkflowType = '{names.REFUND_CASE}'"]
    terms += [
        f"{_KEYS[name].name} = '{_OPAQUE_ID.validate_python(str(value))}'"
        for name, value in filters.items()
        if name in _KEYS and value is not None
    ]
    if filters.get("open_only"):
        terms.append("ExecutionStatus = 'Running'")
    return " AND ".join(terms)


def row_of(execution: WorkflowExecution) -> FoundCase:
    """One listed workflow as a case."""
    found = execution.typed_search_attributes
    kind, reason, channel = found.get(names.KIND), found.get(names.REASON), found.get(names.CHANNEL)
    return FoundCase(
        number=execution.id.removeprefix(WORKFLOW_ID_PREFIX),
        status=status_in(found),
        kind=CaseKind(kind) if kind else None,
        reason=Reason(reason) if reason else None,
        order_id=found.get(names.ORDER) or "",
        customer_id=found.get(names.CUSTOMER) or "",
        channel=Channel(channel) if channel else None,
        assignee=found.get(names.ASSIGNEE) or "",
        amount_minor=found.get(names.AMOUNT),
        review_deadline=found.get(names.REVIEW_DEADLINE),
        opened_at=execution.start_time,
        closed=execution.status is not WorkflowExecutionStatus.RUNNING,
    )


def status_in(found: TypedSearchAttributes) -> CaseStatus:
    """The status attribute; a case that somebody started without one has just been received."""
    return CaseStatus(found.get(names.STATUS) or CaseStatus.RECEIVED)
