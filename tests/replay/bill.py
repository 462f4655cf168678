"""What a history cost: billable actions, events, bytes (design: architecture, Budgets; temporal, Billable actions)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from aftersales.contract import names
from aftersales.contract.values import OUTCOMES, CaseStatus
from tests.replay.fingerprint import LOCAL_ACTIVITY

_ONE_EACH: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
        EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
        EventType.EVENT_TYPE_TIMER_STARTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
        EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    }
)
_FROM_PEOPLE: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
    }
)
_EVENTS_OF_AN_END: Final = 5
"""An activity that ends adds its start and its end, and a workflow task of three events."""


class Bill(NamedTuple):
    """`actions` and `events` from the start to the first outcome, `aftercare` the actions after it.

    Letters are not waited for. `events_at_most`: had those under way at the outcome been out before it.
    """

    actions: int
    events: int
    events_at_most: int
    aftercare: int
    quiet: bool  # nobody said anything after the outcome
    size_bytes: int


def bill(events: Sequence[HistoryEvent]) -> Bill:
    """Count a closed case. Raises StopIteration for one that never had an outcome."""
    outcome = next(place for place, event in enumerate(events, start=1) if _is_outcome(event))
    actions = billable_actions(events[:outcome])
    return Bill(
        actions=actions,
        events=outcome,
        events_at_most=outcome + _EVENTS_OF_AN_END * _under_way(events[:outcome]),
        aftercare=billable_actions(events) - actions,
        quiet=not any(event.event_type in _FROM_PEOPLE for event in events[outcome:]),
        size_bytes=sum(event.ByteSize() for event in events),
    )


def billable_actions(events: Iterable[HistoryEvent]) -> int:
    """Queries leave no trace in a history, and the product's own pages make none."""
    one_each, retries, local_tasks = 0, 0, set[int]()
    for event in events:
        one_each += event.event_type in _ONE_EACH
        retries += max(event.activity_task_started_event_attributes.attempt - 1, 0)
        marker = event.marker_recorded_event_attributes
        if marker.marker_name == LOCAL_ACTIVITY:
            local_tasks.add(marker.workflow_task_completed_event_id)
    return one_each + retries + len(local_tasks)


def _under_way(events: Sequence[HistoryEvent]) -> int:
    """Letters started and not out yet; the one that tells of the outcome does not count, it follows it."""
    kinds = Counter(event.event_type for event in events)
    started = kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED]
    return max(started - kinds[EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED] - 1, 0)


def _is_outcome(event: HistoryEvent) -> bool:
    fields = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
    return names.STATUS.name in fields and CaseStatus(json.loads(fields[names.STATUS.name].data)) in OUTCOMES
