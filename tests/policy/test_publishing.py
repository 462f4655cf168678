"""Publishing looks at every cell anew: what was checked by an earlier release counts for nothing (P5.1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from policy import PolicyError
from policy.document import canonical
from policy.loader import read_folder
from policy.publishing import check, publish
from tests.policy.cases import V1, row_of, spoilt
from tests.policy.kept import BY, NOON, FakeVersions


@pytest.fixture
def kept() -> FakeVersions:
    return FakeVersions()


def slipped(folder: Path) -> str:
    """A version with a word that nobody knows."""
    spoil = spoilt(folder, "decision.json", lambda document: row_of(document, "listed").update(listed='"blok"'))
    return canonical(read_folder(spoil))


async def test_a_sound_draft_is_checked_and_published(kept: FakeVersions) -> None:
    content_hash = kept.keep(canonical(read_folder(V1)))
    found = await check(kept, content_hash, BY, NOON)
    assert (found.faults, found.doubts) == ((), ())
    published = await publish(kept, content_hash, None, BY, NOON)
    assert published.effective_from == NOON
    assert kept.acts == [("checked", content_hash), ("published", content_hash)]


async def test_a_typing_error_is_never_checked_off_nor_published(kept: FakeVersions, tmp_path: Path) -> None:
    content_hash = kept.keep(slipped(tmp_path))
    [fault] = (await check(kept, content_hash, BY, NOON)).faults
    assert (fault.table, fault.row, fault.column) == ("decision", "listed", "listed")
    with pytest.raises(PolicyError, match="table 'decision', row 'listed', column 'listed'"):
        await publish(kept, content_hash, None, BY, NOON)
    assert kept.acts == []


async def test_a_version_that_is_not_kept_cannot_be_published(kept: FakeVersions) -> None:
    with pytest.raises(PolicyError, match="not kept"):
        await publish(kept, "0" * 64, None, BY, NOON)
