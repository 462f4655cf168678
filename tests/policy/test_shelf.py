"""Which version decides; one that cannot be used is said to be so and never stands in for another (P2.1)."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from activities.rulings import Action, Policies
from activities.types import Timings
from aftersales.contract.values import CaseKind, Reason
from policy import PolicyError, load_policy
from policy.changes import AS_RULED
from policy.document import canonical
from policy.loader import read_folder
from policy.pace import Pace
from policy.shelf import Shelf
from policy.unusable import POLICY_UNUSABLE
from tests.policy.cases import V1, facts, row_of, spoilt
from tests.policy.kept import NOON, FakeVersions


@pytest.fixture
def kept() -> FakeVersions:
    return FakeVersions()


@pytest.fixture
def shelf(kept: FakeVersions) -> Shelf:
    return Shelf(kept)


def another_version(folder: Path, window_days: int = 14) -> str:
    """The content of v1 with another window."""
    folder.mkdir(exist_ok=True)
    files = read_folder(
        spoilt(
            folder,
            "eligibility.json",
            lambda document: row_of(document, "ordinary").update(window_days=str(window_days)),
        )
    )
    return canonical(files)


async def test_until_a_version_is_published_the_workers_own_is_in_force(shelf: Shelf) -> None:
    policies: Policies = shelf
    assert (await policies.in_force(NOON)).content_hash == load_policy("v1").content_hash
    assert await policies.shadow() is None


async def test_the_published_version_decides_and_is_compiled_once(
    shelf: Shelf, kept: FakeVersions, tmp_path: Path
) -> None:
    kept.current = kept.keep(another_version(tmp_path))
    found = await shelf.in_force(NOON)
    case = facts(reason="changed_mind", days_since_delivery=14)
    assert (found.content_hash, found.rule(case).row) == (kept.current, "changed_mind_not_back")
    assert await shelf.in_force(NOON) is found
    assert kept.asked == [kept.current]


async def test_a_case_keeps_the_version_it_was_applied_under(shelf: Shelf, kept: FakeVersions, tmp_path: Path) -> None:
    kept.current = kept.keep(another_version(tmp_path))
    old = await shelf.version(load_policy("v1").content_hash)
    assert old is not None
    assert old.rule(facts(reason="changed_mind", days_since_delivery=14)).row == "changed_mind_late"


async def test_a_version_that_is_nowhere_is_none(shelf: Shelf) -> None:
    assert await shelf.version("0" * 64) is None


async def test_a_folder_beside_the_default_and_the_packaged_ones_are_found(kept: FakeVersions, tmp_path: Path) -> None:
    own, other = another_version(tmp_path / "own", 8), another_version(tmp_path / "other", 9)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "decision.json").write_text("{", encoding="utf-8")
    shelf = Shelf(kept, tmp_path / "own")
    for content in (own, other, canonical(read_folder(V1))):
        found = await shelf.version(kept.keep(content))
        assert found is not None
        assert await shelf.version(found.content_hash) is found
    assert kept.asked == []


async def test_the_draft_in_the_shadow_is_found_by_its_mark(shelf: Shelf, kept: FakeVersions, tmp_path: Path) -> None:
    kept.shadow = kept.keep(another_version(tmp_path))
    found = await shelf.shadow()
    assert found is not None
    assert found.content_hash == kept.shadow


class Torn(FakeVersions):
    """A draft that breaks whoever reads it."""

    async def content(self, content_hash: str) -> str | None:
        raise MemoryError(content_hash)


async def test_a_draft_that_cannot_be_had_leaves_the_live_version_alone(caplog: pytest.LogCaptureFixture) -> None:
    torn = Torn()
    torn.shadow = "d" * 64
    shelf = Shelf(torn)
    assert await shelf.shadow() is None
    assert "in the shadow cannot be had: dddd" in caplog.text
    assert (await shelf.in_force(NOON)).content_hash == load_policy("v1").content_hash


async def test_every_version_runs_at_the_pace_of_the_process(kept: FakeVersions, tmp_path: Path) -> None:
    shelf = Shelf(kept, pace=Pace(1 / 3600, 7))
    kept.current = kept.keep(another_version(tmp_path))
    for found in (await shelf.in_force(NOON), await shelf.version(load_policy("v1").content_hash)):
        assert found is not None
        timings = found.timings(Reason.WRONG_SIZE, CaseKind.REFUND_ONLY)
        assert (timings.review_escalation_s, timings.order_lookup_s) == (24, 7)
    with pytest.raises(PolicyError, match="time scale"):
        Shelf(kept, pace=Pace(2.0))


@pytest.mark.parametrize("content", ['{"refund": {}, "timings": {}}', "{", "spoilt"])
async def test_with_a_version_that_cannot_be_used_any_more_every_case_goes_to_a_person(
    shelf: Shelf, kept: FakeVersions, caplog: pytest.LogCaptureFixture, tmp_path: Path, content: str
) -> None:
    kept.current = kept.keep(_with_a_slip(tmp_path) if content == "spoilt" else content)
    with caplog.at_level(logging.ERROR):
        policy = await shelf.in_force(NOON)
    ruling = policy.rule(facts())
    assert (ruling.action, ruling.reason_code) == (Action.REVIEW, POLICY_UNUSABLE)
    assert policy.changes(facts(), ruling, AS_RULED) == ()
    assert (policy.content_hash, await shelf.version(kept.current)) == (kept.current, None)
    assert policy.ceilings("CNY").automatic_case == 0
    assert policy.ceilings("CNY").agent_case == load_policy("v1").ceilings("CNY").agent_case
    assert policy.timings(Reason.WRONG_SIZE, CaseKind.REFUND_ONLY) == Timings()
    assert (policy.risk, policy.breaking) == (load_policy("v1").risk, load_policy("v1").breaking)
    assert all("cannot be used" in record.getMessage() for record in caplog.records)
    assert caplog.records


def _with_a_slip(folder: Path) -> str:
    spoil = spoilt(folder, "decision.json", lambda document: row_of(document, "listed").update(listed='"blok"'))
    return canonical(read_folder(spoil))


async def test_a_version_that_was_changed_where_it_is_kept_is_not_used(
    shelf: Shelf, kept: FakeVersions, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    content_hash = kept.keep(another_version(tmp_path))
    tampered = json.loads(kept.contents[content_hash])
    tampered["risk"]["high_from"] = 10_000
    kept.contents[content_hash] = canonical(tampered)
    assert await shelf.version(content_hash) is None
    assert "was changed where it is kept" in caplog.text


def test_a_default_that_does_not_load_stops_the_worker_at_its_start(kept: FakeVersions) -> None:
    with pytest.raises(PolicyError, match="v0"):
        Shelf(kept, "v0")
