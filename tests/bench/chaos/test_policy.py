"""A storm is decided by the shop's own policy, whose breaker alone stays closed."""

from __future__ import annotations

from pathlib import Path

from bench.chaos.policy import NEVER, policy_for_storms
from domain.budgets import Limits, Traffic, broken_by
from policy.loader import folder_of, load_policy, read_folder


def test_but_for_the_breaker_a_storms_policy_is_the_packaged_one(tmp_path: Path) -> None:
    usual, storm = read_folder(folder_of("v1")), read_folder(policy_for_storms(tmp_path / "policy"))
    assert [name for name in usual if usual[name] != storm[name]] == ["breaking"]


def test_the_breaker_stays_closed_while_everything_fails(tmp_path: Path) -> None:
    breaking = load_policy(policy_for_storms(tmp_path / "policy")).breaking
    limits = Limits(**breaking.model_dump(exclude={"days"}))
    assert broken_by(Traffic(NEVER - 1, NEVER - 1, NEVER - 1, 0, 168), limits) is None
