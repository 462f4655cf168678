"""`aftersales policy`: from a folder to a version in force, each step by whoever may (P5.1)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from policy import load_policy
from policy.sheets import NAMES
from tests.cli.shell import Shell
from tests.policy.cases import row_of

AUTHOR = ("--actor", "wang", "--role", "policy_author")
SUPERVISOR = ("--actor", "li", "--role", "supervisor")


def test_a_version_goes_from_a_folder_into_force(shell: Shell, winter: Path) -> None:
    assert "by their default (v1 here)" in shell.ok("policy", "list")
    assert "draft winter" in shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    checked = shell.ok("policy", "check", "winter", *AUTHOR)
    assert "is sound" in checked
    assert "window_days" in checked, "whoever checks it sees each cell that is new"
    assert "publishes it: aftersales policy publish winter --from now" in checked
    assert "in force from" in shell.ok("policy", "publish", "winter", "--from", "now", *SUPERVISOR)
    [line] = [line for line in shell.ok("policy", "list").splitlines() if "winter" in line]
    assert all(word in line for word in ("in force", "wang", "li", "fourteen days"))
    assert load_policy(winter).content_hash in shell.ok("policy", "show"), "the one in force is shown"


def test_the_list_cuts_no_word_in_pieces_on_a_narrow_screen(
    shell: Shell, winter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.ok(
        "policy", "draft", winter, "--name", "winter", "--note", "fourteen days, because the shops have them", *AUTHOR
    )
    shell.ok("policy", "check", "winter", *AUTHOR)
    shell.ok("policy", "publish", "winter", "--from", "now", *SUPERVISOR)
    monkeypatch.setenv("COLUMNS", "80")
    listed = shell.ok("policy", "list").split()
    assert {"checked", "published", "wang,", "fourteen", "because"} <= set(listed)


def test_what_to_type_next_can_be_typed_whatever_a_draft_is_called(shell: Shell, winter: Path) -> None:
    kept = shell.ok("policy", "draft", winter, "--name", "winter sale", "--note", "fourteen days", *AUTHOR)
    assert "aftersales policy check 'winter sale'" in kept


def test_a_draft_cannot_be_taken_for_a_version_that_comes_with_the_product(shell: Shell, winter: Path) -> None:
    assert "choose another name" in shell.refused(
        "policy", "draft", winter, "--name", "v1", "--note", "mine", *AUTHOR, status=2
    )


def test_whoever_wrote_it_cannot_publish_it(shell: Shell, winter: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    shell.ok("policy", "check", "winter", *AUTHOR)
    assert "somebody else" in shell.refused("policy", "publish", "winter", "--from", "now", *AUTHOR)
    assert "these may" in shell.refused(
        "policy", "publish", "winter", "--from", "now", "--actor", "zhao", "--role", "agent"
    )


def test_what_was_not_checked_cannot_be_published(shell: Shell, winter: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "must be checked" in shell.refused("policy", "publish", "winter", "--from", "now", *SUPERVISOR)


def test_a_fault_is_named_by_sheet_row_and_column_and_the_exit_status_is_one(shell: Shell, winter: Path) -> None:
    file = winter / "decision.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    row_of(document, "listed")["listed"] = '"blok"'
    file.write_text(json.dumps(document), encoding="utf-8")
    place = "In table 'decision', row 'listed', column 'listed': 'blok' is not a known value"
    checked = shell("policy", "check", winter)
    assert (checked.status, place in checked.out) == (1, True)
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "with a slip", *AUTHOR)
    checked = shell("policy", "check", "winter", *AUTHOR)
    assert (checked.status, place in checked.out) == (1, True)
    assert place in shell.refused("policy", "publish", "winter", "--from", "now", *SUPERVISOR)


def test_a_doubt_is_told_and_refuses_nothing(shell: Shell, winter: Path) -> None:
    file = winter / "decision.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    row_of(document, "wrong_size_back")["amount_minor"] = "[500..100000]"
    file.write_text(json.dumps(document), encoding="utf-8")
    said = shell.ok("policy", "check", winter)
    assert "Is this meant? In table 'decision', row 'wrong_size_back'" in said
    assert "is sound" in said


def test_the_difference_of_two_versions_is_shown_row_by_row(shell: Shell, winter: Path) -> None:
    [line] = [line for line in shell.ok("policy", "diff", "v1", winter).splitlines() if "eligibility" in line]
    assert line.split() == ["eligibility", "ordinary", "changed", "window_days", "7", "14"]
    assert shell.ok("policy", "diff", "v1", "v1") == "They say the same.\n"


def test_what_is_exported_is_the_same_version(shell: Shell, winter: Path, tmp_path: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    folder = tmp_path / "again"
    shell.ok("policy", "export", "winter", folder)
    assert load_policy(folder).content_hash == load_policy(winter).content_hash
    assert "not empty" in shell.refused("policy", "export", "v1", folder)


def test_a_table_is_readable_in_the_terminal(shell: Shell) -> None:
    shown = shell.ok("policy", "show", "v1", "--sheet", "decision")
    [line] = [line for line in shown.splitlines() if line.strip().startswith("final_sale")]
    assert 'reason "changed_mind"; right "none"' in line
    assert 'action "reject"' in line
    assert "anything else" in shown
    everything = shell.ok("policy", "show", "v1")
    assert all(name in everything for name in NAMES)
    assert "There is no table decisions" in shell.refused("policy", "show", "v1", "--sheet", "decisions")


def test_a_draft_is_withdrawn_and_its_name_is_free_again(shell: Shell, winter: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "withdrawn" in shell.ok("policy", "withdraw", "winter", *SUPERVISOR)
    assert "must be draft or checked" in shell.refused("policy", "check", "winter", *AUTHOR)
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "after all", *AUTHOR)


@pytest.mark.parametrize("when", ["tomorrow", "2026-12-01", "2026-12-01T00:00"])
def test_a_moment_without_its_time_zone_is_not_guessed(shell: Shell, winter: Path, when: str) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "with its time zone" in shell.refused("policy", "publish", "winter", "--from", when, *SUPERVISOR, status=2)


def test_a_version_is_published_for_a_moment_to_come_and_not_for_one_that_is_past(shell: Shell, winter: Path) -> None:
    shell.ok("policy", "draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    shell.ok("policy", "check", "winter", *AUTHOR)
    assert "is past" in shell.refused("policy", "publish", "winter", "--from", "2020-01-01T00:00+08:00", *SUPERVISOR)
    said = shell.ok("policy", "publish", "winter", "--from", "2126-12-01T00:00+08:00", *SUPERVISOR)
    assert "2126-11-30 16:00:00 UTC" in said
    assert "by their default" in shell.ok("policy", "list")


def test_what_does_not_exist_is_said_to_be_so(shell: Shell, tmp_path: Path) -> None:
    assert "no policy version summer" in shell.refused("policy", "show", "summer")
    assert "no policy version" in shell.refused(
        "policy", "draft", tmp_path / "none", "--name", "x", "--note", "y", *AUTHOR
    )
    (tmp_path / "empty").mkdir()
    assert "decision.json" in shell.refused("policy", "check", tmp_path / "empty")


def test_of_very_many_faults_the_first_are_named_and_the_others_counted(shell: Shell, winter: Path) -> None:
    file = winter / "decision.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    for rule in document["nodes"][1]["content"]["rules"]:
        rule["action"] = rule["reason_code"] = '"slip"'
    file.write_text(json.dumps(document), encoding="utf-8")
    ran = shell("policy", "check", winter)
    faults = (ran.out + ran.err).splitlines()
    count = 2 * len(document["nodes"][1]["content"]["rules"])
    assert ran.status == 1
    assert sum("is not a known value" in line for line in faults) == 50
    assert f"… and {count - 50} more." in faults
