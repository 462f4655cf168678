"""Whatever is done to a chain of the operations log, its walk finds it and names the place (P6.3)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from activities.rows import AuditEntry
from storage.audit import (
    CONTENT,
    FIRST_PREV_HASH,
    PERSON_ERASED,
    START,
    ChainBreak,
    ChainWalk,
    Link,
    SealedLink,
    chained,
    content_of,
    entry_hash,
)
from storage.people import Words
from tests.storage.builders import NOON, NUMBER, OTHER_NUMBER, entry

Rows = list[list[Any]]
WORDS = Words("0a" * 16, "The seam is open.")
PREV_HASH, HASH = len(CONTENT), len(CONTENT) + 1
SEQ, NUMBER_AT = CONTENT.index("seq"), CONTENT.index("number")
DAY = "2026-11-02"
LENGTH = 6


def chain(*entries: AuditEntry) -> Rows:
    """Rows as the checks read them."""
    links = chained(entries, START)
    return [[*content_of(link.entry, link.seq), link.prev_hash, link.hash] for link in links]


def usual(number: str = NUMBER, length: int = LENGTH) -> Rows:
    return chain(*(entry(f"noted {place}", number) for place in range(length)))


def end_of(rows: Rows) -> Link:
    return Link(rows[-1][SEQ], rows[-1][HASH])


def sealed_at(rows: Rows, *seqs: int) -> dict[int, SealedLink]:
    return {row[SEQ]: SealedLink(row[HASH], DAY) for row in rows if row[SEQ] in seqs}


def walked(
    rows: Sequence[Sequence[Any]],
    head: Link | None,
    sealed: Mapping[int, SealedLink] | None = None,
    words: Mapping[int, Words] | None = None,
) -> ChainBreak | None:
    walk = ChainWalk(NUMBER, head, sealed or {}, words or {})
    for row in rows:  # one by one: pieces of any size make no difference
        walk.follow([tuple(row)])
    return walk.end()


def broken_at(broken: ChainBreak | None) -> int:
    assert broken is not None
    assert broken.number == NUMBER
    return broken.seq


def test_a_chain_that_nobody_touched_holds() -> None:
    rows = usual()
    assert walked(rows, end_of(rows), sealed_at(rows, 3, 6)) is None
    assert walked([], None) is None


def test_a_hash_is_over_the_previous_one_and_what_is_not_empty_in_canonical_form() -> None:
    first, second = chained([entry("received"), entry("assessed")], START)
    content = {
        "action": "assessed",
        "actor": "system",
        "at": "2026-11-02 12:00:00.000000",
        "number": NUMBER,
        "role": "system",
        "seq": 2,
    }
    canonical = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    assert first.prev_hash == FIRST_PREV_HASH == "0" * 64
    assert second.prev_hash == first.hash
    assert second.hash == hashlib.sha256((first.hash + canonical).encode()).hexdigest()


def test_a_field_that_a_later_version_adds_leaves_older_hashes_as_they_were() -> None:
    plain = entry("received")
    assert list(CONTENT) == sorted(CONTENT)
    assert entry_hash("0" * 64, content_of(plain, 1)) == chained([plain], START)[0].hash
    assert set(CONTENT) == set(AuditEntry.model_fields) | {"seq"}


@given(column=st.sampled_from([*CONTENT, "prev_hash", "hash"]), place=st.integers(0, LENGTH - 1))
def test_any_changed_column_of_any_entry_is_found_there(column: str, place: int) -> None:
    rows = usual()
    head = end_of(rows)
    names = (*CONTENT, "prev_hash", "hash")
    changed: dict[str, object] = {"seq": LENGTH + 5, "number": OTHER_NUMBER}
    rows[place][names.index(column)] = changed.get(column, f"{rows[place][names.index(column)]}!")
    # A number out of sequence leaves a gap where the entry was; one at the end is only found to be missing.
    rows.sort(key=lambda row: row[SEQ])
    assert broken_at(walked(rows, head)) == place + 1


def test_an_entry_moved_by_a_microsecond_is_found() -> None:
    rows = chain(entry("received"), entry("assessed"))
    moved = entry("assessed").model_copy(update={"at": NOON + timedelta(microseconds=1)})
    rows[1][CONTENT.index("at")] = content_of(moved, 2)[CONTENT.index("at")]
    assert broken_at(walked(rows, end_of(rows))) == 2


@given(gone=st.sets(st.integers(1, LENGTH), min_size=1))
def test_removed_entries_are_found_at_the_first_of_them(gone: set[int]) -> None:
    rows = usual()
    kept = [row for row in rows if row[SEQ] not in gone]
    broken = walked(kept, end_of(rows))
    assert broken_at(broken) == min(gone)
    assert broken is not None
    assert broken.why == "the entry is missing"


@given(place=st.integers(1, LENGTH - 1))
def test_a_removed_entry_is_found_when_the_gap_was_closed(place: int) -> None:
    rows = usual()
    head = end_of(rows)
    del rows[place - 1]
    for seq, row in enumerate(rows, start=1):
        row[SEQ] = seq
    assert broken_at(walked(rows, head)) == place


@given(first=st.integers(0, LENGTH - 1), second=st.integers(0, LENGTH - 1))
def test_two_entries_that_changed_places_are_found_at_the_earlier_one(first: int, second: int) -> None:
    rows = usual()
    head = end_of(rows)
    rows[first], rows[second] = rows[second], rows[first]
    rows[first][SEQ], rows[second][SEQ] = first + 1, second + 1
    broken = walked(rows, head)
    assert (broken is None) == (first == second)
    if broken is not None:
        assert broken_at(broken) == min(first, second) + 1


@given(place=st.integers(0, LENGTH), hashed=st.booleans())
def test_an_entry_that_was_put_in_is_found_where_it_stands(place: int, hashed: bool) -> None:
    """Even with the right hashes of its own, behind the end as well: the recorded end does not know it."""
    rows = usual()
    head = end_of(rows)
    before = Link(place, rows[place - 1][HASH] if place else FIRST_PREV_HASH)
    [forged] = chained([entry("forged")], before)
    own = forged.hash if hashed else "f" * 64
    rows.insert(place, [*content_of(forged.entry, place + 1), forged.prev_hash, own])
    for seq, row in enumerate(rows, start=1):
        row[SEQ] = seq
    # An entry that is right in itself is betrayed by the one that followed upon another.
    found_at = place + 2 if hashed and place < LENGTH else place + 1
    assert broken_at(walked(rows, head)) == found_at


@given(place=st.integers(0, LENGTH - 1))
def test_another_cases_entry_is_found_where_it_was_put(place: int) -> None:
    rows, foreign = usual(), usual(OTHER_NUMBER)
    head = end_of(rows)
    rows[place] = foreign[place]
    rows[place][NUMBER_AT] = NUMBER
    assert broken_at(walked(rows, head)) == place + 1


def test_an_entry_before_the_start_is_found() -> None:
    rows = usual()
    first = [*content_of(entry("forged"), 0), FIRST_PREV_HASH, "f" * 64]
    broken = walked([first, *rows], end_of(rows))
    assert broken == ChainBreak(NUMBER, 0, "it was put in before the chain's start")


def test_a_chain_whose_recorded_end_is_gone_or_another_is_found() -> None:
    rows = usual()
    assert broken_at(walked(rows, None)) == LENGTH
    assert broken_at(walked(rows, Link(LENGTH, "f" * 64))) == LENGTH
    assert broken_at(walked(rows, Link(2, rows[1][HASH]))) == 3


@given(kept=st.integers(0, LENGTH - 1))
def test_an_end_cut_off_with_its_record_is_known_to_the_seal_alone(kept: int) -> None:
    rows = usual()
    cut = rows[:kept]
    head = end_of(cut) if cut else None
    assert walked(cut, head) is None
    broken = walked(cut, head, sealed_at(rows, 2, LENGTH))
    assert broken_at(broken) == kept + 1
    assert broken is not None
    assert DAY in broken.why


@given(place=st.integers(0, LENGTH - 1), sealed_seq=st.integers(1, LENGTH))
def test_a_chain_written_anew_with_its_record_is_found_at_the_next_seal(place: int, sealed_seq: int) -> None:
    rows = usual()
    entries = [entry(f"noted {at}" if at != place else "forged") for at in range(LENGTH)]
    anew = chain(*entries)
    assert walked(anew, end_of(anew)) is None
    broken = walked(anew, end_of(anew), sealed_at(rows, sealed_seq))
    if sealed_seq > place:
        assert broken_at(broken) == sealed_seq
    else:
        assert broken is None  # it was sealed before: that part is what it was


def with_words(*actions: str) -> Rows:
    said = entry("decision").model_copy(update={"why": WORDS.digest})
    return chain(entry("received"), said, *(entry(action) for action in actions))


def test_a_text_is_held_by_its_hash() -> None:
    rows = with_words()
    assert walked(rows, end_of(rows), words={2: WORDS}) is None
    for changed in (Words(WORDS.salt, "The seam holds."), Words("0b" * 16, WORDS.text)):
        assert walked(rows, end_of(rows), words={2: changed}) == ChainBreak(NUMBER, 2, "its text was changed")


def test_a_text_may_be_gone_only_if_the_log_says_that_somebody_was_erased() -> None:
    rows, erased = with_words(), with_words(PERSON_ERASED)
    assert broken_at(walked(rows, end_of(rows))) == 2
    assert walked(erased, end_of(erased)) is None


def test_an_erasure_explains_no_text_that_was_written_after_it() -> None:
    said = entry("decision").model_copy(update={"why": WORDS.digest})
    rows = chain(said, entry(PERSON_ERASED), said)
    assert walked(rows, end_of(rows), words={3: WORDS}) is None
    assert broken_at(walked(rows, end_of(rows))) == 3


def test_only_the_first_thing_that_is_wrong_is_named() -> None:
    rows = usual()
    rows[1][0], rows[4][0] = "changed", "changed"
    assert walked(rows, end_of(rows)) == ChainBreak(NUMBER, 2, "its content was changed")
