"""The chain of hashes over a case's operations log (P6.3).

`hash = sha256(previous hash + canonical JSON of the entry with its number and sequence)`; the first entry's
previous hash is 64 zeros. `audit_heads` says where each chain ends, so that cutting its end off shows too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from activities.rows import AuditEntry
from aftersales.contract.values import Frozen

FIRST_PREV_HASH: Final = "0" * 64


class Link(NamedTuple):
    """Where a chain stands: its last sequence number (0: no entry yet) and hash."""

    seq: int
    hash: str


START: Final = Link(0, FIRST_PREV_HASH)


class ChainedEntry(Frozen):
    """An audit entry as stored."""

    entry: AuditEntry
    seq: int
    prev_hash: str
    hash: str


class ChainBreak(NamedTuple):
    """The first place at which a chain does not hold, and why."""

    seq: int
    why: str


def entry_hash(prev_hash: str, entry: AuditEntry, seq: int) -> str:
    """The hash of an entry at its place in the chain."""
    content: dict[str, Any] = dict(entry) | {"seq": seq, "at": entry.at.isoformat(timespec="microseconds")}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256((prev_hash + canonical).encode()).hexdigest()


def chained(entries: Iterable[AuditEntry], last: Link) -> list[ChainedEntry]:
    """The entries as they follow upon `last`."""
    links = []
    for entry in entries:
        seq, prev_hash = last.seq + 1, last.hash
        last = Link(seq, entry_hash(prev_hash, entry, seq))
        links.append(ChainedEntry(entry=entry, seq=seq, prev_hash=prev_hash, hash=last.hash))
    return links


def first_break(entries: Iterable[ChainedEntry], head: Link) -> ChainBreak | None:
    """Walk a chain, given in sequence, up to its recorded end; None if it holds."""
    last = START
    for link in entries:
        if link.seq > last.seq + 1:
            return ChainBreak(last.seq + 1, "the entry is missing")
        if link.seq < last.seq + 1:
            return ChainBreak(link.seq, "it was put in before the chain's start")
        if link.prev_hash != last.hash:
            return ChainBreak(link.seq, "it does not follow upon the entry before it")
        if link.hash != entry_hash(link.prev_hash, link.entry, link.seq):
            return ChainBreak(link.seq, "its content was changed")
        last = Link(link.seq, link.hash)
    return _break_at_end(last, head)


def _break_at_end(last: Link, head: Link) -> ChainBreak | None:
    if last.seq > head.seq:
        return ChainBreak(head.seq + 1, "it was added behind the chain's recorded end")
    if last.seq < head.seq:
        return ChainBreak(last.seq + 1, "the entry is missing")
    if last != head:
        return ChainBreak(last.seq, "the chain was written anew: it ends with another hash than recorded")
    return None
