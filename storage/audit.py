"""The chain of hashes over a case's operations log (P6.3).

`hash = sha256(previous hash + canonical JSON of the entry with its number and sequence)`; the first entry's previous
hash is 64 zeros. Canonical: keys in alphabetical order, no blanks, characters as they are, the moment in UTC as
`2026-11-02 12:00:00.000000`, and no field that is empty, so that a field that a later version adds leaves the hashes
of older entries as they were. `audit_heads` says where each chain ends, so that cutting its end off shows too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from json.encoder import encode_basestring
from typing import Any, Final, NamedTuple

from activities.rows import AuditEntry
from aftersales.contract.values import Frozen
from storage.people import Words, pseudonyms_of

FIRST_PREV_HASH: Final = "0" * 64
CONTENT: Final = (
    "action",
    "actor",
    "after",
    "at",
    "before",
    "channel",
    "facts",
    "number",
    "reason",
    "role",
    "seq",
    "why",
)
"""The columns that a hash is over, in its own sequence; a row to be checked has them, then its two hashes."""

Row = Sequence[Any]
_NUMBER: Final = CONTENT.index("number")
_SEQ: Final = CONTENT.index("seq")
_WHY: Final = CONTENT.index("why")
_ACTION: Final = CONTENT.index("action")
_ACTOR: Final = CONTENT.index("actor")
_FACTS: Final = CONTENT.index("facts")
_PREV_HASH: Final = len(CONTENT)
_HASH: Final = _PREV_HASH + 1

ERASURES: Final = "people"
"""The log of erasures; the log of each case that is about the person says it, too."""

PERSON_ERASED: Final = "person_erased"
"""The entry that says why names and texts are missing."""

_KEYS: Final = tuple(f'"{name}":' for name in CONTENT)


class Link(NamedTuple):
    """Where a chain stands: its last sequence number (0: no entry yet) and hash."""

    seq: int
    hash: str


START: Final = Link(0, FIRST_PREV_HASH)


class ChainedEntry(Frozen):
    """An audit entry as stored, with the people and texts that are still known."""

    entry: AuditEntry
    seq: int
    prev_hash: str
    hash: str


class SealedLink(NamedTuple):
    """An entry's hash as the seal of a day has it."""

    hash: str
    day: str


class ChainBreak(NamedTuple):
    """The first place at which a case's chain does not hold, and why."""

    number: str
    seq: int
    why: str


def content_of(entry: AuditEntry, seq: int) -> Row:
    """What the hash is over, in the sequence of `CONTENT`."""
    values = dict(entry) | {"seq": seq, "at": moment(entry.at)}
    return [values[name] for name in CONTENT]


def moment(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def entry_hash(prev_hash: str, content: Row) -> str:
    """The hash of an entry at its place in the chain; what stands behind the content in a row does not count.

    Put together here, for it is made for each of millions of rows: an encoder that is handed a dictionary takes half
    as long again.
    """
    told = [
        key + (encode_basestring(value) if isinstance(value, str) else str(value))
        for key, value in zip(_KEYS, content, strict=False)
        if value != ""
    ]
    return hashlib.sha256(f"{prev_hash}{{{','.join(told)}}}".encode()).hexdigest()


def chained(entries: Iterable[AuditEntry], last: Link) -> list[ChainedEntry]:
    """The entries as they follow upon `last`."""
    links = []
    for entry in entries:
        seq, prev_hash = last.seq + 1, last.hash
        last = Link(seq, entry_hash(prev_hash, content_of(entry, seq)))
        links.append(ChainedEntry(entry=entry, seq=seq, prev_hash=prev_hash, hash=last.hash))
    return links


def number_of(row: Row) -> str:
    """Whose log a row belongs to."""
    return str(row[_NUMBER])


def people_in(row: Row) -> Iterator[str]:
    """The pseudonyms of a row."""
    return pseudonyms_of(row[_ACTOR], row[_FACTS])


def place_of(row: Row) -> tuple[str, int]:
    """A row's log, and its sequence there."""
    return row[_NUMBER], row[_SEQ]


class ChainWalk:
    """Walks one chain, given in sequence, piece by piece, up to its recorded end.

    `head`: the recorded end; None if there is none. `sealed`: what seals have of it, by sequence. `words`: the texts of
    its entries that are still there.
    """

    def __init__(
        self, number: str, head: Link | None, sealed: Mapping[int, SealedLink], words: Mapping[int, Words]
    ) -> None:
        self._number = number
        self._head = head
        self._sealed = sealed
        self._words = words
        self._last = START
        self._wordless: int | None = None  # the first entry without its text that no later one explains
        self._broken: tuple[int, str] | None = None

    def follow(self, rows: Iterable[Row]) -> None:
        """The next entries; after the first that is wrong nothing is looked at any more."""
        if self._broken is not None:
            return
        for row in rows:
            self._broken = self._wrong(row)
            if self._broken is not None:
                return
            self._last = Link(row[_SEQ], row[_HASH])

    def end(self) -> ChainBreak | None:
        """What is wrong first; None if the chain holds."""
        broken = self._broken or self._wrong_at_end()
        if broken is None and self._wordless is not None:
            broken = (self._wordless, "its text is gone, and no later entry says that somebody was erased")
        return None if broken is None else ChainBreak(self._number, *broken)

    def _wrong(self, row: Row) -> tuple[int, str] | None:
        seq, last = row[_SEQ], self._last
        if seq != last.seq + 1:
            return _out_of_sequence(seq, last.seq)
        if row[_PREV_HASH] != last.hash:
            return seq, "it does not follow upon the entry before it"
        if row[_HASH] != entry_hash(last.hash, row):
            return seq, "its content was changed"
        if seq in self._sealed and self._sealed[seq].hash != row[_HASH]:
            return seq, f"it, or one before it, was written anew after the seal of {self._sealed[seq].day}"
        if row[_WHY]:
            return self._wrong_text(seq, row[_WHY])
        if row[_ACTION] == PERSON_ERASED:
            self._wordless = None
        return None

    def _wrong_text(self, seq: int, digest: str) -> tuple[int, str] | None:
        words = self._words.get(seq)
        if words is None:
            self._wordless = self._wordless or seq
        elif words.digest != digest:
            return seq, "its text was changed"
        return None

    def _wrong_at_end(self) -> tuple[int, str] | None:
        last, head = self._last, self._head
        sealed_seq = max(self._sealed, default=0)
        if head is None and last is not START:
            return last.seq, "nothing says that the chain ends here: the record of its end was removed"
        if head is not None and last.seq > head.seq:
            return head.seq + 1, "it was added behind the chain's recorded end"
        if sealed_seq > last.seq:
            return (
                last.seq + 1,
                f"the entry is missing: the seal of {self._sealed[sealed_seq].day} goes up to {sealed_seq}",
            )
        if head is not None and last.seq < head.seq:
            return last.seq + 1, "the entry is missing"
        if head is not None and last != head:
            return last.seq, "the chain was written anew: it ends with another hash than recorded"
        return None


def _out_of_sequence(seq: int, last_seq: int) -> tuple[int, str]:
    if seq > last_seq + 1:
        return last_seq + 1, "the entry is missing"
    return seq, "it was put in before the chain's start"
