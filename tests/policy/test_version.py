"""A version is known by its content; how fast time runs is no part of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.types import Timings
from aftersales.contract.values import CaseKind, Reason
from policy import PolicyError, ZenPolicy, load_policy
from policy.document import canonical
from policy.loader import files_of, hash_of, packaged_names, read_folder
from tests.policy.cases import V1, Document, facts, row_of, spoilt


def timings(policy: ZenPolicy) -> Timings:
    return policy.timings(Reason.QUALITY_PROBLEM, CaseKind.REFUND_ONLY)


def test_compressed_time_is_the_same_policy() -> None:
    real, demo = load_policy("v1"), load_policy("v1", time_scale=1 / 3600)
    assert demo.content_hash == real.content_hash
    assert (timings(demo).review_reminder_s, timings(demo).review_escalation_s) == (20, 24)


def test_days_are_compressed_and_the_shops_machines_are_given_their_minutes_all_the_same() -> None:
    assert timings(load_policy("v1", time_scale=1e-9)).order_lookup_s == Timings().order_lookup_s == 300


def test_the_look_up_of_an_order_is_shortened_by_its_own_name_alone() -> None:
    real, quick = load_policy("v1"), load_policy("v1", order_lookup_s=2)
    assert quick.content_hash == real.content_hash
    assert timings(quick) == timings(real).model_copy(update={"order_lookup_s": 2})


def test_no_wait_is_ever_compressed_to_nothing() -> None:
    assert min(timings(load_policy("v1", time_scale=1e-9)).model_dump().values()) == 1


@pytest.mark.parametrize("time_scale", [0, -1, 1.5, float("nan")])
def test_time_is_only_ever_shortened(time_scale: float) -> None:
    with pytest.raises(PolicyError, match="time scale"):
        load_policy("v1", time_scale=time_scale)


def test_layout_does_not_count_and_a_copy_is_the_same_version(tmp_path: Path) -> None:
    assert load_policy(spoilt(tmp_path, "", lambda _: None)).content_hash == load_policy("v1").content_hash


def test_another_bound_is_another_version(tmp_path: Path) -> None:
    def spoil(document: Document) -> None:
        row_of(document, "fault_shown")["amount_minor"] = "<= 30000"

    changed = load_policy(spoilt(tmp_path, "decision.json", spoil))
    assert changed.content_hash != load_policy("v1").content_hash
    assert changed.rule(facts(amount_minor=30_000)).row == "fault_shown"


def test_another_number_in_any_file_is_another_version(tmp_path: Path) -> None:
    changed = load_policy(spoilt(tmp_path, "risk.json", lambda content: content.update(high_from=61)))
    assert changed.content_hash != load_policy("v1").content_hash
    assert changed.risk.high_from == 61


def test_a_stored_version_is_the_same_as_its_folder() -> None:
    files = read_folder(V1)
    assert hash_of(files_of(canonical(files))) == load_policy("v1").content_hash


@pytest.mark.parametrize("content", ["[]", "{}", '{"refund": {}, "timings": {}}', "{"])
def test_content_of_another_format_is_said_to_be_so(content: str) -> None:
    with pytest.raises(PolicyError, match=r"not that of a version of today|no sound JSON"):
        files_of(content)


def test_every_packaged_version_loads() -> None:
    versions = packaged_names()
    assert len({load_policy(version).content_hash for version in versions}) == len(versions)


def test_the_values_at_which_a_decision_may_turn_are_those_of_the_cells() -> None:
    turns = load_policy("v1").boundaries
    assert {2_000, 2_001, 20_000, 20_001, 100_000, 100_001} <= set(turns["amount_minor"])
    assert {-1, 7, 8, 30, 31, 90, 91} <= set(turns["days_since_delivery"])
    assert turns["final_sale"] == turns["goods_back"] == (False, True)
    assert set(turns["picture_count"]) == {0, 1}
    assert "currency" not in turns
