"""A version is known by its content; how fast time runs is no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.types import Timings
from policy import PolicyError, load_policy
from policy.loader import PACKAGED
from tests.policy.cases import Document, row_of, spoilt


def test_the_packaged_version_waits_as_the_process_says() -> None:
    assert load_policy("v1").timings == Timings()


def test_compressed_time_is_the_same_policy() -> None:
    real, demo = load_policy("v1"), load_policy("v1", time_scale=1 / 3600)
    assert demo.content_hash == real.content_hash
    assert (demo.timings.review_reminder_s, demo.timings.review_escalation_s) == (20, 24)


def test_days_are_compressed_and_the_shops_machines_are_given_their_minutes_all_the_same() -> None:
    assert load_policy("v1", time_scale=1e-9).timings.order_lookup_s == Timings().order_lookup_s == 300


def test_the_look_up_of_an_order_is_shortened_by_its_own_name_alone() -> None:
    real, quick = load_policy("v1"), load_policy("v1", order_lookup_s=2)
    assert quick.content_hash == real.content_hash
    assert quick.timings == real.timings.model_copy(update={"order_lookup_s": 2})


def test_no_wait_is_ever_compressed_to_nothing() -> None:
    assert min(load_policy("v1", time_scale=1e-9).timings.model_dump().values()) == 1


@pytest.mark.parametrize("time_scale", [0, -1, 1.5, float("nan")])
def test_time_is_only_ever_shortened(time_scale: float) -> None:
    with pytest.raises(PolicyError, match="time scale"):
        load_policy("v1", time_scale=time_scale)


def test_layout_does_not_count_and_a_copy_is_the_same_version(tmp_path: Path) -> None:
    assert load_policy(spoilt(tmp_path, "", lambda _: None)).content_hash == load_policy("v1").content_hash


def test_another_bound_is_another_version(tmp_path: Path) -> None:
    def spoil(document: Document) -> None:
        row_of(document, "fault_shown")["amount_minor"] = "<= 30000"

    assert load_policy(spoilt(tmp_path, "refund.json", spoil)).content_hash != load_policy("v1").content_hash


def test_another_waiting_time_is_another_version(tmp_path: Path) -> None:
    changed = load_policy(spoilt(tmp_path, "timings.json", lambda t: t.update(survey_after_s=60)))
    assert changed.content_hash != load_policy("v1").content_hash
    assert changed.timings.survey_after_s == 60


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"survey_after_s": 0}, "survey_after_s must be above zero"),
        ({"survey_after_s": 1.5}, "survey_after_s"),
        ({"survey_after_h": 1}, "survey_after_h"),
        ({"review_notice_s": 86_400}, "must rise"),
    ],
)
def test_a_waiting_time_that_makes_no_sense_is_refused(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(PolicyError, match=f"table 'timings'.*{sentence}"):
        load_policy(spoilt(tmp_path, "timings.json", lambda timings: timings.update(change)))


def test_a_waiting_time_left_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="payment_poll_s is not stated"):
        load_policy(spoilt(tmp_path, "timings.json", lambda timings: timings.pop("payment_poll_s")))


def test_every_packaged_version_loads() -> None:
    versions = [path.name for path in PACKAGED.iterdir() if path.is_dir()]
    assert len({load_policy(version).content_hash for version in versions}) == len(versions)


def version_of(folder: Path, **timings: int) -> Path:
    folder.mkdir()
    return spoilt(folder, "timings.json", lambda found: found.update(timings))


def test_a_version_finds_the_others_beside_it_and_the_packaged_ones(tmp_path: Path) -> None:
    own, other = (
        load_policy(version_of(tmp_path / name, survey_after_s=s)) for name, s in (("own", 60), ("other", 61))
    )
    packaged = load_policy("v1")
    assert own.version(own.content_hash) is own
    for wanted in (other, packaged):
        found = own.version(wanted.content_hash)
        assert found is not None
        assert found.content_hash == wanted.content_hash
        assert own.version(wanted.content_hash) is found, "read once"
    assert own.version("0" * 64) is None


def test_a_folder_beside_it_that_holds_no_sound_version_is_passed_over_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own = load_policy(version_of(tmp_path / "own", survey_after_s=60))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "refund.json").write_text("{", encoding="utf-8")
    assert own.version("0" * 64) is None
    assert [str(tmp_path / "broken") in record.getMessage() for record in caplog.records] == [True]


def test_an_older_version_is_found_at_the_time_scale_of_the_present_one(tmp_path: Path) -> None:
    present = load_policy(version_of(tmp_path / "own", survey_after_s=60), time_scale=1 / 3600)
    found = present.version(load_policy("v1").content_hash)
    assert found is not None
    assert found.timings == load_policy("v1", time_scale=1 / 3600).timings
