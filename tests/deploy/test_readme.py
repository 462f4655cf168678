"""What the documents say is so: settings, commands, code, links, and the checks that decisions rest on."""

import re
from pathlib import Path

import pytest

from aftersales.contract.numbers import parse_number
from aftersales.contract.values import CaseStatus
from cli.commands import CATALOGUE
from cli.commands.deployment import CALLER
from cli.home import DEFAULT
from integrations.providers import NAMES
from tests.deploy.compose import ROOT
from tests.deploy.documents import (
    READMES,
    TABLES,
    arrows,
    code_blocks,
    commands_shown,
    commands_typed,
    documented_commands,
    documented_for_the_command_line,
    documented_settings,
    documents,
    expected_settings,
    linked_files,
    outline,
    read_by_the_command_line,
    text_of,
    unknown_parts,
)

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
SECTIONS = ["Context", "Decision", "Consequences", "Alternatives", "The check that guards it"]


@pytest.mark.parametrize("document", TABLES)
def test_every_setting_is_documented_with_its_default(document: str) -> None:
    assert documented_settings(document) == expected_settings(document)


@pytest.mark.parametrize("readme", READMES)
def test_the_page_of_every_provider_is_found_from_the_readme(readme: str) -> None:
    pages = {f"docs/providers/{name}.md" for name in NAMES}
    assert pages <= {str(file.relative_to(ROOT)) for file in linked_files(ROOT / readme)}


@pytest.mark.parametrize("readme", READMES)
def test_what_the_command_line_reads_from_its_environment_is_documented(readme: str) -> None:
    documented = documented_for_the_command_line(readme)
    assert {name for name in documented if name.startswith("AFTERSALES_")} == read_by_the_command_line()
    assert documented["AFTERSALES_HOME"] == str(DEFAULT)
    assert documented["AFTERSALES_CLI_PROOF_KEY_ID"] == CALLER


@pytest.mark.parametrize("readme", READMES)
def test_every_command_is_documented_and_no_other(readme: str) -> None:
    assert documented_commands(readme) == {entry.name for entry in CATALOGUE}


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_document_tells_to_type_exists(document: Path) -> None:
    for typed in commands_typed(document):
        assert unknown_parts(typed) == [], typed


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_number_that_a_document_shows_could_be_a_cases(document: Path) -> None:
    for number in re.findall(r"\b(?!X+-)[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{4}\b", document.read_text(encoding="utf-8")):
        assert parse_number(number) == number


@pytest.mark.parametrize("readme", READMES)
def test_the_ten_lines_of_python_are_those_that_the_clients_own_tests_run(readme: str) -> None:
    assert code_blocks(readme, "python") == code_blocks("client/README.md", "python")


@pytest.mark.parametrize("readme", READMES)
def test_the_two_commands_come_first(readme: str) -> None:
    assert code_blocks(readme, "sh")[0].split("\n")[:2] == _two_commands(readme)


def _two_commands(readme: str) -> list[str]:
    lines = [line for line in code_blocks(readme, "sh")[0].splitlines() if line.startswith("make ")]
    assert [line.split()[:2] for line in lines[:2]] == [["make", "demo"], ["make", "test"]]
    return lines[:2]


@pytest.mark.parametrize("readme", READMES)
def test_the_picture_of_the_process_shows_every_status_that_a_case_rests_in(readme: str) -> None:
    (picture,) = code_blocks(readme, "mermaid")
    passed_through = {CaseStatus.ASSESSING, CaseStatus.APPROVED}
    assert {status.value for status in set(CaseStatus) - passed_through} <= set(re.findall(r"\w+", picture))


def test_both_languages_tell_the_same_in_the_same_order() -> None:
    english, chinese = READMES
    assert commands_shown(english) == commands_shown(chinese)
    assert arrows(english) == arrows(chinese)
    assert outline(english) == outline(chinese)


def test_every_target_that_is_named_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    for document in documents():
        named = set(re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(encoding="utf-8"), re.MULTILINE))
        assert named <= targets, document


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_leads_nowhere(document: Path) -> None:
    assert [target for target in linked_files(document) if not target.exists()] == []


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_one_page_of_five_parts(record: Path) -> None:
    lines = record.read_text(encoding="utf-8").splitlines()
    assert [line.removeprefix("## ") for line in lines if line.startswith("## ")] == SECTIONS
    assert len(lines) <= 60


@pytest.mark.parametrize("record", DECISIONS, ids=lambda path: path.stem)
def test_the_checks_that_guard_a_decision_exist(record: Path) -> None:
    checks = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", record.read_text(encoding="utf-8"))
    assert checks
    assert [f"{file}::{name}" for file, name in checks if f"def {name}(" not in text_of(file)] == []
