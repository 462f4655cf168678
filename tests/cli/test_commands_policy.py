"""`aftersales policy`: from a folder to a version in force, each step by whoever may (P5.1)."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main as frame
from cli.home import Home
from policy import load_policy
from policy.sheets import NAMES
from storage.schema import upgrade
from tests.policy.cases import row_of, spoilt
from tests.support.program import ADDRESSES

AUTHOR = ("--actor", "wang", "--role", "policy_author")
SUPERVISOR = ("--actor", "li", "--role", "supervisor")
Shell = Callable[..., str]


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the schema of this version and no rows."""
    file = tmp_path_factory.mktemp("schema") / "empty.db"
    asyncio.run(upgrade(f"sqlite:///{file}"))
    return file


@pytest.fixture(autouse=True)
def home(tmp_path: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The folder of a stack that believes the command line; its database is empty."""
    for name in ("AFTERSALES_DATABASE_URL", "AFTERSALES_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AFTERSALES_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    made = Home(tmp_path / "home")
    made.prepare()
    made.remember(ADDRESSES)
    shutil.copy(empty_database, made.database_url.removeprefix("sqlite:///"))
    return made


@pytest.fixture(name="ok")
def run_to_a_good_end(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales policy …`; what it wrote."""

    def run(*typed: object) -> str:
        status = frame.run(["policy", *map(str, typed)])
        said = capsys.readouterr()
        assert status == 0, said.err
        return said.out

    return run


@pytest.fixture(name="refused")
def run_to_a_refusal(capsys: pytest.CaptureFixture[str]) -> Shell:
    """Run `aftersales policy …`, which does not do it; what it said."""

    def run(*typed: object, status: int = 1) -> str:
        assert frame.run(["policy", *map(str, typed)]) == status
        said = capsys.readouterr()
        return " ".join((said.out + said.err).split())

    return run


@pytest.fixture
def winter(tmp_path: Path) -> Path:
    """A version of its own: a window of fourteen days."""
    (tmp_path / "winter").mkdir()
    change = {"window_days": "14"}
    return spoilt(tmp_path / "winter", "eligibility.json", lambda document: row_of(document, "ordinary").update(change))


def test_a_version_goes_from_a_folder_into_force(ok: Shell, winter: Path) -> None:
    assert "by their default (v1 here)" in ok("list")
    assert "draft winter" in ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    checked = ok("check", "winter", *AUTHOR)
    assert "is sound" in checked
    assert "window_days" in checked, "whoever checks it sees each cell that is new"
    assert "publishes it: aftersales policy publish winter --from now" in checked
    assert "in force from" in ok("publish", "winter", "--from", "now", *SUPERVISOR)
    [line] = [line for line in ok("list").splitlines() if "winter" in line]
    assert all(word in line for word in ("in force", "wang", "li", "fourteen days"))
    assert load_policy(winter).content_hash in ok("show"), "the one in force is shown"


def test_the_list_cuts_no_word_in_pieces_on_a_narrow_screen(
    ok: Shell, winter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days, because the shops have them", *AUTHOR)
    ok("check", "winter", *AUTHOR)
    ok("publish", "winter", "--from", "now", *SUPERVISOR)
    monkeypatch.setenv("COLUMNS", "80")
    listed = ok("list").split()
    assert {"checked", "published", "wang,", "fourteen", "because"} <= set(listed)


def test_what_to_type_next_can_be_typed_whatever_a_draft_is_called(ok: Shell, winter: Path) -> None:
    kept = ok("draft", winter, "--name", "winter sale", "--note", "fourteen days", *AUTHOR)
    assert "aftersales policy check 'winter sale'" in kept


def test_a_draft_cannot_be_taken_for_a_version_that_comes_with_the_product(refused: Shell, winter: Path) -> None:
    assert "choose another name" in refused("draft", winter, "--name", "v1", "--note", "mine", *AUTHOR, status=2)


def test_whoever_wrote_it_cannot_publish_it(ok: Shell, refused: Shell, winter: Path) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    ok("check", "winter", *AUTHOR)
    assert "somebody else" in refused("publish", "winter", "--from", "now", *AUTHOR)
    assert "these may" in refused("publish", "winter", "--from", "now", "--actor", "zhao", "--role", "agent")


def test_what_was_not_checked_cannot_be_published(ok: Shell, refused: Shell, winter: Path) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "must be checked" in refused("publish", "winter", "--from", "now", *SUPERVISOR)


def test_a_fault_is_named_by_sheet_row_and_column_and_the_exit_status_is_one(
    ok: Shell, refused: Shell, winter: Path
) -> None:
    file = winter / "decision.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    row_of(document, "listed")["listed"] = '"blok"'
    file.write_text(json.dumps(document), encoding="utf-8")
    place = "In table 'decision', row 'listed', column 'listed': 'blok' is not a known value"
    assert place in refused("check", winter)
    ok("draft", winter, "--name", "winter", "--note", "with a slip", *AUTHOR)
    assert place in refused("check", "winter", *AUTHOR)
    assert place in refused("publish", "winter", "--from", "now", *SUPERVISOR)


def test_a_doubt_is_told_and_refuses_nothing(ok: Shell, winter: Path) -> None:
    file = winter / "decision.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    row_of(document, "wrong_size_back")["amount_minor"] = "[500..100000]"
    file.write_text(json.dumps(document), encoding="utf-8")
    said = ok("check", winter)
    assert "Is this meant? In table 'decision', row 'wrong_size_back'" in said
    assert "is sound" in said


def test_the_difference_of_two_versions_is_shown_row_by_row(ok: Shell, winter: Path) -> None:
    [line] = [line for line in ok("diff", "v1", winter).splitlines() if "eligibility" in line]
    assert line.split() == ["eligibility", "ordinary", "changed", "window_days", "7", "14"]
    assert ok("diff", "v1", "v1") == "They say the same.\n"


def test_what_is_exported_is_the_same_version(ok: Shell, refused: Shell, winter: Path, tmp_path: Path) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    folder = tmp_path / "again"
    ok("export", "winter", folder)
    assert load_policy(folder).content_hash == load_policy(winter).content_hash
    assert "not empty" in refused("export", "v1", folder)


def test_a_table_is_readable_in_the_terminal(ok: Shell, refused: Shell) -> None:
    shown = ok("show", "v1", "--sheet", "decision")
    [line] = [line for line in shown.splitlines() if line.strip().startswith("final_sale")]
    assert 'reason "changed_mind"; right "none"' in line
    assert 'action "reject"' in line
    assert "anything else" in shown
    everything = ok("show", "v1")
    assert all(name in everything for name in NAMES)
    assert "There is no table decisions" in refused("show", "v1", "--sheet", "decisions")


def test_a_draft_is_withdrawn_and_its_name_is_free_again(ok: Shell, refused: Shell, winter: Path) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "withdrawn" in ok("withdraw", "winter", *SUPERVISOR)
    assert "must be draft or checked" in refused("check", "winter", *AUTHOR)
    ok("draft", winter, "--name", "winter", "--note", "after all", *AUTHOR)


@pytest.mark.parametrize("when", ["tomorrow", "2026-12-01", "2026-12-01T00:00"])
def test_a_moment_without_its_time_zone_is_not_guessed(ok: Shell, refused: Shell, winter: Path, when: str) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    assert "with its time zone" in refused("publish", "winter", "--from", when, *SUPERVISOR, status=2)


def test_a_version_is_published_for_a_moment_to_come_and_not_for_one_that_is_past(
    ok: Shell, refused: Shell, winter: Path
) -> None:
    ok("draft", winter, "--name", "winter", "--note", "fourteen days", *AUTHOR)
    ok("check", "winter", *AUTHOR)
    assert "is past" in refused("publish", "winter", "--from", "2020-01-01T00:00+08:00", *SUPERVISOR)
    said = ok("publish", "winter", "--from", "2126-12-01T00:00+08:00", *SUPERVISOR)
    assert "2126-11-30 16:00:00 UTC" in said
    assert "by their default" in ok("list")


def test_what_does_not_exist_is_said_to_be_so(refused: Shell, tmp_path: Path) -> None:
    assert "no policy version summer" in refused("show", "summer")
    assert "no policy version" in refused("draft", tmp_path / "none", "--name", "x", "--note", "y", *AUTHOR)
    (tmp_path / "empty").mkdir()
    assert "decision.json" in refused("check", tmp_path / "empty")
