"""`aftersales policy shadow`: a checked version beside the live one, and where the two disagree (P5.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from activities.ports import Unit
from activities.precautions import Disagreement
from activities.rulings import Action
from aftersales.contract.numbers import number_for
from cli.home import Home
from tests.cli.homes import write
from tests.cli.shell import Shell
from tests.support.assessed import assessment

NOW = datetime.now(UTC)
DRAFT = "d" * 64
AUTHOR = ("--actor", "wang", "--role", "policy_author")
SAID = (
    Disagreement(policy_hash=DRAFT, action=Action.REVIEW),
    Disagreement(policy_hash=DRAFT, action=Action.REVIEW),
    Disagreement(policy_hash=DRAFT, action=Action.APPROVE),
    Disagreement(policy_hash=DRAFT, action=Action.APPROVE, failure="In table 'decision': it cannot decide."),
    None,
)


async def beside_the_shadow(unit: Unit) -> None:
    for place, shadow in enumerate(SAID):
        row = assessment(number=number_for("shop", str(place)), at=NOW - timedelta(days=place + 1), shadow=shadow)
        await unit.store_assessment(row)


@pytest.fixture(autouse=True)
def assessed(home: Home) -> None:
    write(home, beside_the_shadow)


def test_a_checked_version_runs_in_the_shadow_until_it_is_called_off(shell: Shell, winter: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "must be checked" in shell.refused("policy", "shadow", "winter", *AUTHOR)
    shell.ok("policy", "check", "winter", *AUTHOR)
    assert "winter runs in the shadow" in shell.ok("policy", "shadow", "winter", *AUTHOR)
    assert "in the shadow" in shell.ok("policy", "list")
    assert "No version runs" in shell.ok("policy", "shadow", "--off", *AUTHOR)
    assert "in the shadow" not in shell.ok("policy", "list")


def test_the_report_counts_disagreements_and_failures_with_their_money(shell: Shell) -> None:
    flat = " ".join(shell.ok("policy", "shadow", "--report").split())
    for told in (
        "4 disagreements",
        "with 5 cases assessed",
        f"{DRAFT[:12]} approve review 2 199.80 CNY",
        f"{DRAFT[:12]} approve the same, other amounts 1 99.90 CNY",
        "approve could not decide 1 99.90 CNY",
        "In table 'decision': it cannot decide.",
    ):
        assert told in flat
    assert "No disagreement" in shell.ok("policy", "shadow", "--report", "--since", "12h")
    one = ("--since", "36h")
    assert "1 disagreement in" in shell.ok("policy", "shadow", "--report", *one)
    assert "with 1 case assessed." in shell.ok("policy", "shadow", "--report", *one)


def test_one_thing_is_asked_for_at_a_time_and_by_whoever_may(shell: Shell) -> None:
    for typed in ((), ("v1", "--off"), ("--off", "--report")):
        assert "one of the three" in shell.refused("policy", "shadow", *typed, status=2)
    assert "these may" in shell.refused("policy", "shadow", "--off", "--actor", "li", "--role", "agent")
