"""Whether words of people can be read in a workflow's history, as they are or through base64 and JSON."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator

from temporalio.client import WorkflowHistory

SHORTEST_BYTES = 6
"""Anything shorter turns up in ciphertext by chance."""


def assert_nothing_readable(history: WorkflowHistory, words: Iterable[str]) -> None:
    """Fail, naming them, if any of these words (names, mails, descriptions, order lines) is readable in the history."""
    found = readable_in(history, words)
    assert not found, f"readable in the history of {history.workflow_id}: {sorted(found)}"


def readable_in(history: WorkflowHistory, words: Iterable[str]) -> set[str]:
    """Those of the words that whoever has the history can read without a key."""
    readings = list(_readings_of(history.to_json_dict()))
    return {word for word in words if any(form in reading for form in _forms(word) for reading in readings)}


def _readings_of(value: object) -> Iterator[bytes]:
    if isinstance(value, dict):
        for name, held in value.items():
            yield name.encode()
            yield from _readings_of(held)
    elif isinstance(value, list):
        for each in value:
            yield from _readings_of(each)
    else:
        yield from _unwrapped(str(value).encode())


def _unwrapped(text: bytes) -> Iterator[bytes]:
    """The text, and what it is base64 of, however often."""
    yield text
    try:
        inner = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return
    if inner:
        yield from _unwrapped(inner)


def _forms(word: str) -> Iterator[bytes]:
    """How a word may stand inside something longer: itself, escaped in JSON, in base64 wherever it begins."""
    raw = word.encode()
    if len(raw) < SHORTEST_BYTES:
        raise ValueError(f"{word!r} is too short to be looked for; take a longer one")
    yield raw
    yield json.dumps(word)[1:-1].encode()
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + raw).rstrip(b"=")
        # The first and last character share bits with the neighbours.
        yield encoded[(lead * 8 + 5) // 6 : -1]
