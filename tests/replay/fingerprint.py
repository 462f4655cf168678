"""What a workflow did, without ids, times and contents: its commands, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from typing import Final

from google.protobuf.message import Message
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

LOCAL_ACTIVITY: Final = "core_local_activity"
_NAMED_IN: Final = {LOCAL_ACTIVITY: ("data", "activity_type"), "core_patch": ("patch-data", "id")}
_ANSWERS: Final = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED,
    }
)

_DIFFERS: Final = """
The case {path!r} now gives other commands than its committed fingerprint (- committed, + now):

{difference}
"""

_HOW_TO_CHANGE: Final = """
A case that is open when this goes live has the old commands in its history, and stops when the new code gives others.
 - If the change was not meant, take it back.
 - If it was, keep the old way beside the new one, so that open cases end as they began:

       if workflow.patched("<what-changed>"):
           ...  # the new way, for cases that come here from now on
       else:
           ...  # the old way, until no case of the old release is open

   tests/replay/test_patched.py shows it on a small workflow. Then record again and commit what changed:

       python -m tests.replay.record --write {path}

Until the first tag (0.1.0) nothing is open anywhere: histories and fingerprints may be recorded again without
`patched`, in a commit that says why. From the tag on, histories are only added to (the recorder names them by the
release and never touches an older one's), and a fingerprint changes only together with a `patched`.
"""


def attributes_of(event: HistoryEvent) -> Message:
    """The part of an event that its type gives it."""
    name = event.WhichOneof("attributes")
    assert name is not None, "every event has attributes"
    attributes: Message = getattr(event, name)
    return attributes


def fingerprint(events: Iterable[HistoryEvent]) -> list[str]:
    """A line for each command and each update taken up: the event's type, and the name of what it is about."""
    return [line for event in events if (line := _command(event))]


def explain(path: str, committed: Sequence[str], now: Sequence[str]) -> str:
    """What a person who changed the workflow has to know."""
    difference = "\n".join(unified_diff(committed, now, lineterm="", n=2))
    return _DIFFERS.format(path=path, difference=difference) + how_to_change(path)


def how_to_change(path: str) -> str:
    """The way to change a workflow of which cases are open, and what to record afterwards."""
    return _HOW_TO_CHANGE.format(path=path)


def _command(event: HistoryEvent) -> str:
    attributes = attributes_of(event)
    is_command = "workflow_task_completed_event_id" in attributes.DESCRIPTOR.fields_by_name
    if not is_command and event.event_type not in _ANSWERS:
        return ""
    kind = EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()
    return f"{kind} {_about(event)}".strip()


def _about(event: HistoryEvent) -> str:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return event.activity_task_scheduled_event_attributes.activity_type.name
        case EventType.EVENT_TYPE_MARKER_RECORDED:
            return _marker(event)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
            return event.workflow_execution_update_accepted_event_attributes.accepted_request.input.name
        case _:
            return ""


def _marker(event: HistoryEvent) -> str:
    """The activity or the patch that the SDK's marker stands for; each keeps it at a place of its own."""
    marker = event.marker_recorded_event_attributes
    if marker.marker_name not in _NAMED_IN:
        return marker.marker_name
    detail, field = _NAMED_IN[marker.marker_name]
    return f"{marker.marker_name} {json.loads(marker.details[detail].payloads[0].data)[field]}"
